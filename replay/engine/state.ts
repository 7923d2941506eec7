/** The state of the machine as plain data, for people, for JSON and for the state hash. */
import type { PciDevice } from '../machine/device.js';
import type { Machine } from '../machine/machine.js';
import { certainly, describe, only, type Possible } from '../machine/possible.js';

/** A function that exists. `?` stands for what is not certain. */
export interface DeviceState {
  readonly driver: string | null;
  readonly override: string | null;
  readonly bound: boolean;
  readonly physfn: string | null;
  readonly group: number | null;
  readonly numVfs: number | null;
  readonly autoprobe: boolean | null;
}

export interface MachineState {
  readonly devices: Readonly<Record<string, DeviceState>>;
  readonly drivers: readonly string[];
}

const certain = (p: Possible<string | null>): string | null => {
  const value = only(p);
  return value === undefined ? `? ${describe(p)}` : value;
};

/** One function. */
export const deviceState = (device: PciDevice): DeviceState => ({
  driver: certain(device.driver),
  override: certain(device.override),
  bound: device.bound,
  physfn: device.physfn,
  group: device.group,
  numVfs: only(device.sriov?.numVfs ?? null) ?? null,
  autoprobe: only(device.sriov?.autoprobe ?? null) ?? null,
});

/** Every function that exists or may exist, by address. */
export function machineState(machine: Machine): MachineState {
  const present = [...machine.devices].filter((d) => !certainly(d.visible, false));
  present.sort((a, b) => (a.address < b.address ? -1 : 1));
  const devices = Object.fromEntries(present.map((d) => [d.address, deviceState(d)]));
  return { devices, drivers: machine.claims.registered.toSorted() };
}
