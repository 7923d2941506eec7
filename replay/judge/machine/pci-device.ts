import type { PciIds } from '../../model/binding/pci-ids.js';
import type { Possible } from '../../model/possible.js';

/** SR-IOV of a physical function (kernel drivers/pci/iov.c 6.1). */
export interface Sriov {
  /** `num_VFs`: written after all VFs were added, so 0 while they are probed. */
  numVfs: Possible<number>;
  /** What it was before, and until which event, the last ones, oldest first. */
  readonly numVfsPast: { readonly before: Possible<number>; readonly seq: number }[];
  /** VFs that its driver is removing on its own: the next one, and how many there were. */
  leaving?: { readonly next: number; readonly of: number };
  /** TotalVFs of the capability: what the hardware can have. */
  readonly totalVfs: number | null;
  /**
   * The most that can be enabled: TotalVFs, or less if a driver of the PF set a limit
   * (pci_sriov_set_totalvfs); null when not known.
   */
  maxVfs: number | null;
  /** Routing id of VF i is that of the PF plus offset plus i times stride. */
  readonly offset: number | null;
  readonly stride: number | null;
  readonly vfDevice: number | null;
  /** `sriov_drivers_autoprobe`. */
  autoprobe: Possible<boolean>;
  /** Known only from a snapshot, and confirmed by no event. */
  readonly assumed: {
    numVfs: boolean;
    autoprobe: boolean;
    /** Where VFs come, and with which ids. */
    vfs: boolean;
  };
}

/** An override that was written but may wait for the device lock. */
export interface PendingOverride {
  readonly value: string | null;
  readonly seq: number;
}

/** An override that was replaced: what it may have been, and what was written. */
export interface PastOverride {
  readonly before: Possible<string | null>;
  readonly value: string | null;
  /** End of the write. */
  readonly seq: number;
}

/** One PCI function as the driver core sees it. */
export interface PciDevice {
  readonly address: string;
  ids: PciIds | null;
  /** `dev->driver`: set when a probe begins, cleared when it failed or the driver was released. */
  driver: Possible<string | null>;
  /** A driver finished binding; false while it probes. */
  bound: boolean;
  override: Possible<string | null>;
  pending: PendingOverride[];
  /** The last writes that ended, oldest first. */
  past: PastOverride[];
  /** Found by a name lookup on the bus. */
  visible: Possible<boolean>;
  /** May be matched: false between pci_device_add and pci_bus_add_device. */
  bindable: Possible<boolean>;
  /** device_del has begun: probing returns -ENODEV. */
  dead: Possible<boolean>;
  /** Address of the PF when this is a VF. */
  physfn: string | null;
  sriov: Sriov | null;
  group: number | null;
  /** Known only from a snapshot, which is older than the recording, and confirmed by no event. */
  assumed: { driver: boolean; override: boolean };
  /**
   * The thread that removes it, and how often it released the driver: before and after deleting.
   */
  removal: { readonly tid: number; releases: number } | null;
  /** The last event of a `really_probe` up to the binding; -1 before any. */
  probed: number;
  /** The last event in which each driver was tried. */
  triedBy: Map<string, number>;
  /** The event that created it; -1 if it existed before the recording. */
  born: number;
  /** PCI header type 0: an endpoint; null when no configuration space was recorded. */
  endpoint: boolean | null;
}

/**
 * A device that no event has described.
 * @param exists false when a snapshot listed every function and this was not among them
 */
export const newDevice = (address: string, exists: Possible<boolean>): PciDevice => ({
  address,
  ids: null,
  driver: exists === 'unknown' ? 'unknown' : [null],
  bound: false,
  override: exists === 'unknown' ? 'unknown' : [null],
  pending: [],
  past: [],
  visible: exists,
  bindable: exists,
  dead: exists === 'unknown' ? 'unknown' : [false],
  physfn: null,
  sriov: null,
  group: null,
  assumed: { driver: false, override: false },
  removal: null,
  triedBy: new Map(),
  born: -1,
  probed: -1,
  endpoint: null,
});

/**
 * Forgets what is known of a function: another one may be at its address, or none.
 * @param known facts that hold nevertheless
 */
export function forgetDevice(device: PciDevice, known: Partial<PciDevice> = {}): void {
  Object.assign(device, newDevice(device.address, 'unknown'), known);
}
