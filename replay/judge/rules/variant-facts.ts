/** What the driver of a function found as it probed it, and what follows for opening the device. */
import {
  type DriverModel,
  driverModel,
  type ModuleParameters,
  type OtherFunction,
  type ProbeFacts,
  parametersFor,
  type Variant,
} from '../../model/drivers/index.js';
import { certainly } from '../../model/possible.js';
import { functionAt, type VfioFunction } from '../../model/vfio/vfio-state.js';
import type { PciFunction } from '../../model/vfio-pci-core/pci-function.js';
import type { Engine } from '../engine/engine.js';
import { rulesOf } from './vfio-iommufd.js';
import { driverOf } from './vfio-migration.js';

/** The driver's hooks; null for a driver without any, and for one that is not known. */
export const variantOf = (engine: Engine, address: string): Variant | null =>
  driverOf(engine, address)?.variant ?? null;

/** What the PCI core knows of a function; null when its ids are not known. */
export function pciFunction(
  engine: Engine,
  { address, resources }: VfioFunction,
): PciFunction | null {
  const ids = engine.machine.find(address)?.ids ?? null;
  if (ids === null) return null;
  const { vendor, device, class: code } = ids;
  const isVf = engine.machine.device(address).physfn !== null;
  return { vendor, device, class: code, isVf, resources: resources ?? [] };
}

/** Parameters that count for a driver; those that are not known are left out. */
export function parametersOf(engine: Engine, driver: DriverModel): ModuleParameters {
  const { claims } = engine.machine;
  // Where the release is not known, only those of its own module are.
  const version = rulesOf(engine).version ?? Number.POSITIVE_INFINITY;
  return parametersFor(driver, version, (name) =>
    claims.isRegistered(name) ? claims.parametersOf(name) : undefined,
  );
}

export function factsOf(
  engine: Engine,
  driver: string,
  fn: PciFunction,
  config: Uint8Array,
  properties: ProbeFacts['properties'],
): ProbeFacts {
  const version = rulesOf(engine).version ?? 0;
  const parameters = parametersOf(engine, driverModel(driver));
  const at = (address: string) => otherAt(engine, address);
  return { fn, config, properties, parameters, version, at };
}

function otherAt(engine: Engine, address: string): OtherFunction | 'unknown' | null {
  const { ids, visible } = engine.machine.device(address);
  if (certainly(visible, false)) return null;
  const configBytes = functionAt(engine.vfio, address).hardware?.bytes.length;
  if (ids === null || configBytes === undefined || !certainly(visible, true)) return 'unknown';
  return { vendor: ids.vendor, class: ids.class, configBytes };
}

/**
 * Why a device cannot be opened: before vfio-pci-core has enabled it, or after that.
 * @returns 0 or a negative errno, null when not known
 */
export function refusedOpen(
  engine: Engine,
  fn: VfioFunction,
  when: 'before' | 'after',
): number | null {
  const driver = driverOf(engine, fn.address);
  const variant = driver?.variant;
  if (driver === null || variant?.[when === 'before' ? 'enables' : 'adds'] === undefined) return 0;
  const pci = pciFunction(engine, fn);
  if (pci === null || fn.hardware === null) return null;
  const own = variant.probe(
    factsOf(engine, driver.name, pci, fn.hardware.bytes, fn.properties ?? {}),
  );
  if (typeof own === 'number') return null;
  const added = variant.adds?.(own);
  if (when === 'after') return added === undefined ? 0 : added.ret;
  return fn.properties === null ? null : (variant.enables?.(own) ?? 0);
}
