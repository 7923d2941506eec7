/**
 * Migration states that users ask for (vfio_ioctl_device_feature_mig_device_state, kernel
 * drivers/vfio/vfio_main.c 6.1).
 */
import { driverModel } from '../../model/drivers/index.js';
import { only } from '../../model/possible.js';
import { type DeviceArgument, HARDWARE, type Results } from '../../model/vfio/device-ioctl.js';
import { resetMigration, setState } from '../../model/vfio/migration-state.js';
import { functionAt } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';

const [MIGRATION, MIG_STATE] = [1, 2];
const DIRTY_AND_SIZE = new Set([6, 7, 8, 9]);
const SET = 0x20000;
const PROBE = 0x40000;

/** The driver of a device, and whether it is plain vfio-pci, which has no migration. */
const modelOf = (engine: Engine, address: string) => {
  const driver = only(engine.machine.find(address)?.driver ?? 'unknown');
  return typeof driver === 'string' ? driverModel(driver) : null;
};

/**
 * A migration feature of a variant.
 * @returns undefined when vfio-pci-core answers; the hardware decides on arcs that may be refused
 */
export function migrationFeature(
  engine: Engine,
  address: string,
  { words }: DeviceArgument,
): Results | typeof HARDWARE | 'unmodelled' | undefined {
  const flags = words[1] ?? 0;
  const id = flags & 0xffff;
  const driver = modelOf(engine, address);
  if (driver === null || driver.name === 'vfio-pci') return undefined;
  if (DIRTY_AND_SIZE.has(id)) return 'unmodelled';
  if (id !== MIGRATION && id !== MIG_STATE) return undefined;
  const { migration: model } = driver;
  if (model === null) return 'unmodelled';
  if (id === MIGRATION || (flags & SET) === 0 || (flags & PROBE) !== 0) return HARDWARE;
  const { migration } = functionAt(engine.vfio, address);
  if (migration === null || words[2] === undefined) return null;
  const { ret } = setState(model, migration, words[2]);
  return ret === 0 ? HARDWARE : [ret];
}

/** Applies a migration state that was set, or refused on the way to it. */
export function learnMigration(
  engine: Engine,
  address: string,
  words: readonly number[],
  ret: number,
): void {
  const flags = words[1] ?? 0;
  const sets = (flags & 0xffff) === MIG_STATE && (flags & (SET | PROBE)) === SET;
  const model = modelOf(engine, address)?.migration ?? null;
  const fn = functionAt(engine.vfio, address);
  if (!sets || model === null || fn.migration === null || words[2] === undefined) return;
  const outcome = setState(model, fn.migration, words[2]);
  if (ret === 0) fn.migration = outcome.migration;
  // Where an arc was refused the device stays, which the user has to ask for.
  else if (outcome.ret !== ret) fn.migration = null;
}

/** A reset ends migration. */
export function migrationReset(engine: Engine, address: string): void {
  const model = modelOf(engine, address)?.migration ?? null;
  const fn = functionAt(engine.vfio, address);
  if (model === null || fn.migration === null) return;
  fn.migration = resetMigration(model, fn.migration);
}
