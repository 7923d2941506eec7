/** The state of a replay as plain data, for people, for JSON and for the state hash. */

import { certainly, describe, only, type Possible } from '../../model/possible.js';
import type { VfioFunction, VfioState } from '../../model/vfio/vfio-state.js';
import { IRQ, memoryEnabled, type OpenDevice } from '../../model/vfio-pci-core/open-device.js';
import type { Machine } from '../machine/machine.js';
import type { PciDevice } from '../machine/pci-device.js';

/** A device that is open through VFIO. */
export interface OpenState {
  /** Name of the enabled interrupt type; null if none is enabled. */
  readonly irqs: string | null;
  readonly vectors: number;
  /** Accesses to memory BARs reach the device. */
  readonly memory: boolean;
  readonly mappings: readonly string[];
  /** The configuration space that the user sees where it is virtual, in hexadecimal. */
  readonly vconfig: string;
}

/** A function that exists. `? a or b` is an uncertain value. */
export interface DeviceState {
  readonly driver: string | null;
  readonly override: string | null;
  readonly bound: boolean;
  readonly physfn: string | null;
  readonly group: number | null;
  readonly numVfs: number | null;
  readonly autoprobe: boolean | null;
}

/** A function with its users. */
export interface FunctionState extends DeviceState {
  /** Null: closed, or not known to be open. */
  readonly vfio: OpenState | null;
}

export interface MachineState {
  readonly devices: Readonly<Record<string, FunctionState>>;
  readonly drivers: readonly string[];
}

/** The parts of an engine that its state is read from. */
export interface StateSource {
  readonly machine: Machine;
  readonly vfio: VfioState;
}

const certain = (p: Possible<string | null>): string | null => {
  const value = only(p);
  return value === undefined ? `? ${describe(p)}` : value;
};

/** The binding of one function. */
export const deviceState = (device: PciDevice): DeviceState => ({
  driver: certain(device.driver),
  override: certain(device.override),
  bound: device.bound,
  physfn: device.physfn,
  group: device.group,
  numVfs: only(device.sriov?.numVfs ?? 'unknown') ?? null,
  autoprobe: only(device.sriov?.autoprobe ?? 'unknown') ?? null,
});

/** One function, with the state of its users. */
export const functionState = (device: PciDevice, vfio: VfioState): FunctionState => ({
  ...deviceState(device),
  vfio: openState(vfio.functions.get(device.address)?.open ?? 'unknown'),
});

const IRQ_NAMES = new Map<number, string>(Object.entries(IRQ).map(([name, n]) => [n, name]));

function openState(open: VfioFunction['open']): OpenState | null {
  if (typeof open === 'string') return null;
  const { irqType, vectors, mappings, space } = open;
  const irqs = irqType === null ? '?' : irqType === IRQ.NONE ? null : IRQ_NAMES.get(irqType);
  return {
    irqs: irqs ?? null,
    vectors,
    memory: memoryEnabled(open),
    mappings: mappings.map(mappingText),
    vconfig: Buffer.from(space.vconfig).toString('hex'),
  };
}

function mappingText({ region, start, end, populated }: OpenDevice['mappings'][number]): string {
  const range = `0x${start.toString(16)} to 0x${end.toString(16)}`;
  return `region ${region} at ${range}${populated ? '' : ', not faulted in'}`;
}

/** Every function that exists or may exist, by address. */
export function machineState({ machine, vfio }: StateSource): MachineState {
  const present = [...machine.devices].filter((d) => !certainly(d.visible, false));
  present.sort((a, b) => (a.address < b.address ? -1 : 1));
  const devices = Object.fromEntries(present.map((d) => [d.address, functionState(d, vfio)]));
  return { devices, drivers: machine.claims.registered.toSorted() };
}
