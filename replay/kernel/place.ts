/** Functions and drivers as they never change in a run, by number. */
import type { IdMatch, PciIds } from '../model/binding/pci-ids.js';
import type { DriverModel, OtherFunction } from '../model/drivers/index.js';
import type { MdevDriver } from '../model/mdev/index.js';
import type { PciFunction } from '../model/vfio-pci-core/pci-function.js';
import type { DriverSpec, FunctionStart, HardwareSpec, SriovSpec } from './machine-spec.js';

/** A place at which a function can be, or the UUID of a mediated device. */
export interface Place {
  readonly index: number;
  readonly address: string;
  readonly ids: PciIds;
  readonly group: number;
  readonly sriov: SriovSpec | null;
  /** Place of the PF when VFs come here; null for others. */
  readonly physfn: Place | null;
  /** Index among the VFs of the PF. */
  readonly vfIndex: number;
  /** What it starts as; null for a VF that comes later. */
  readonly start: FunctionStart | null;
  readonly hardware: HardwareSpec;
  /** Its configuration space when it comes into being. */
  readonly config: Uint8Array;
  /** What VFIO knows of it from the PCI core. */
  readonly pci: PciFunction;
  /** Number of the set of devices that are reset together. */
  readonly set: number;
  /** It is a mediated device, which no bus of the hardware has. */
  readonly mediated: boolean;
}

/** What a driver of another function finds when it looks this one up. */
export const foundAt = ({ ids: { vendor, class: code }, config }: Place): OtherFunction => ({
  vendor,
  class: code,
  configBytes: config.length,
});

export interface Driver {
  readonly index: number;
  readonly name: string;
  readonly spec: DriverSpec;
  readonly model: DriverModel;
  /** What it does with mediated devices; null for a driver of functions. */
  readonly mdev: MdevDriver | null;
  readonly sriov: 'none' | 'simple' | 'own';
  /** Its static table; empty for one that only an override makes match. */
  readonly table: readonly IdMatch[];
  /** Numbers of the dynamic ids that its module's parameters give it, in their order. */
  readonly givenIds: readonly number[];
  /** Whether its static table claims the function at a place, by the place's index. */
  readonly claims: readonly boolean[];
}
