/**
 * What a variant of vfio-pci does itself with an open device, as hooks: the judge calls them for
 * events that were recorded, and the kernel that runs to find out what it does. Where a hook is
 * missing, or leaves a call to the core, vfio-pci-core serves it.
 */
import type { Results } from '../vfio/device-ioctl.js';
import type { PciFunction } from '../vfio-pci-core/pci-function.js';
import type { Added } from './added.js';
import type { ModuleParameters } from './module-parameters.js';

/** What a driver keeps of a device: plain data that is replaced and never changed. */
export type Own = object;

/** What a driver finds as it probes a function. */
export interface ProbeFacts {
  readonly fn: PciFunction;
  /** Configuration space of the hardware. */
  readonly config: Uint8Array;
  /** What firmware, PF and registers say of the function, by name. */
  readonly properties: Properties;
  /** Of its module, as it was loaded; left out where they are not known. */
  readonly parameters?: ModuleParameters;
  /** Kernel version as major * 1000 + minor; 0 when it is not known. */
  readonly version: number;
  /** Another function of the machine, null where there is none; left out: there is none. */
  readonly at?: (address: string) => OtherFunction | 'unknown' | null;
}

/** A function that a driver looks up. */
export interface OtherFunction {
  readonly vendor: number;
  readonly class: number;
  /** Bytes of its configuration space. */
  readonly configBytes: number;
}

export type Properties = Readonly<Record<string, number>>;

/** An access to a region, as the driver's own function receives it. */
export interface RegionAccess {
  readonly region: number;
  /** In the region, in bytes. */
  readonly offset: number;
  readonly count: number;
  /** The known bytes of a write, from the start; empty for a read. */
  readonly data: Uint8Array;
}

/** Bytes that the driver puts over what the core has read. */
export interface Overlay {
  /** Place in the user's buffer. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Bytes, the first ones of an access; null for one that is not known. */
export type Shown = readonly (number | null)[];

/** How an access is served. `own` is what the driver keeps from then on. */
export type Served<O extends Own = Own> =
  /** By the core, perhaps fewer bytes; what it has read is changed before the user sees it. */
  | {
      readonly by: 'core';
      readonly count?: number;
      readonly over?: readonly Overlay[];
      readonly own?: O;
    }
  /** By the driver alone. */
  | {
      readonly by: 'driver';
      /** Bytes done or a negative errno. */
      readonly ret: number;
      /** A byte that a read returns; null for one of the hardware. */
      readonly byte?: (at: number) => number | null;
      /** The hardware may refuse it. */
      readonly mayFail?: true;
      readonly own?: O;
    };

/**
 * What a variant makes of an ioctl, before vfio-pci-core gets it. `own` is what the driver keeps
 * from then on.
 */
export type Answer<O extends Own = Own> =
  | { readonly by: 'core'; readonly own: O }
  | { readonly by: 'driver'; readonly results: Results; readonly own?: O };

/** A region as GET_REGION_INFO describes it. */
export interface RegionInfo {
  readonly size: number;
  readonly mmap: boolean;
  /** Bytes from the start that can be mapped, where SPARSE_MMAP says so. */
  readonly sparse?: number;
}

/** Functions of the driver's `vfio_device_ops` that a recorder sees. */
export interface Doors {
  readonly read?: string;
  readonly write?: string;
  readonly mmap?: string;
}

/** @typeParam O what the driver keeps */
export interface Hooks<O extends Own> {
  readonly doors: Doors;
  /** Its configuration space is all of software: what the hardware has does not show. */
  readonly ownsConfig?: true;
  /**
   * What it keeps does not depend on `properties`: it is known of a recording without them, too.
   * Left out: nothing is predicted of such a recording where the hooks decide.
   */
  readonly needsNoProperties?: true;
  /** @returns what the driver keeps, or the negative errno with which its probe fails */
  readonly probe: (facts: ProbeFacts) => O | number;
  readonly region?: (own: O, index: number) => RegionInfo | undefined;
  /** @returns undefined for an ioctl that the core serves, and that changes nothing it keeps */
  readonly ioctl?: (own: O, name: string, words: readonly number[]) => Answer<O> | undefined;
  readonly read?: (own: O, access: RegionAccess) => Served<O>;
  readonly write?: (own: O, access: RegionAccess) => Served<O>;
  /**
   * What a user gets of bytes that the core has read, where it depends on them; `over` is put over
   * it.
   * @param own as it was when the call began, as `read` gets it
   * @param core the first of them; null for one that is not known
   */
  readonly shown?: (own: O, access: RegionAccess, core: Shown) => Shown;
  /**
   * A mapping whose pages are there at once.
   * @returns 0 or a negative errno; undefined for a region that the core maps
   */
  readonly mmap?: (own: O, region: number, offset: number, length: number) => number | undefined;
  /** Why opening the device fails before anything is done: 0 or a negative errno. */
  readonly opens?: (own: O) => number;
  /** Why vfio-pci-core does not enable the device: 0 or a negative errno. */
  readonly enables?: (own: O) => number;
  /** What the device has besides, once vfio-pci-core has enabled it; undefined for nothing. */
  readonly adds?: (own: O) => Added | undefined;
  /** Bytes that the capabilities of VFIO_DEVICE_GET_INFO have, each with its header. */
  readonly info?: (own: O) => readonly Uint8Array[];
  /** As the device is opened, before anybody uses it. */
  readonly open?: (own: O) => O;
  /** What it does after any reset of the function. */
  readonly resetDone?: (own: O) => O;
}

export type Variant = Hooks<Own>;

/** Only the driver itself looks into what it keeps. */
export const variant = <O extends Own>(hooks: Hooks<O>): Variant => hooks as unknown as Variant;

/** Bytes of an access that are also in a register: their places in the buffer and the register. */
export function overlap(
  { offset, count }: Pick<RegionAccess, 'offset' | 'count'>,
  register: number,
  bytes: number,
): { readonly at: number; readonly from: number; readonly count: number } | null {
  const start = Math.max(offset, register);
  const end = Math.min(offset + count, register + bytes);
  return start < end ? { at: start - offset, from: start - register, count: end - start } : null;
}
