/**
 * What a run starts from, as plain data: the machine, its drivers, and what actors do. Scenarios
 * are read into it.
 */
import type { IdMatch, PciIds } from '../model/binding/pci-ids.js';
import type { ModuleParameters } from '../model/drivers/index.js';
import type { KernelRules } from '../model/kernel-rules.js';
import type { PastBugName } from '../model/past-bugs.js';
import type { Resource } from '../model/vfio-pci-core/pci-function.js';
import type { NodeChange, User } from './dev-nodes.js';
import type { UeventAction, UeventSubsystem } from './uevents.js';

export interface SriovSpec {
  readonly totalVfs: number;
  /** Routing id of VF i is that of the PF plus offset plus i times stride. */
  readonly offset: number;
  readonly stride: number;
  readonly vfDevice: number;
  readonly autoprobe: boolean;
  /** VFs that are there when the run begins, in the order of their index; left out: no VF. */
  readonly vfs?: readonly FunctionStart[];
  /** VFs by their index; left out, or undefined: a group of its own and the usual hardware. */
  readonly known?: readonly (VfSpec | undefined)[];
  /** Adding the VF with this index fails with -ENOMEM; left out: no VF fails. */
  readonly failsAt?: number;
}

/** What a user of VFIO sees of a function, in addition to its ids. */
export interface HardwareSpec {
  /** Bytes of BAR 0 to 5, which are memory; 0 for a missing one. */
  readonly bars: readonly number[];
  /** It has a pin for INTx. */
  readonly pin: boolean;
  /** Vectors of MSI and of MSI-X; 0 without the capability. */
  readonly msi: number;
  readonly msix: number;
  /** It has a PCI Express capability, and 4096 bytes of configuration space. */
  readonly express: boolean;
  /** What the PCI core's reset of it returns. */
  readonly reset: number;
  /** Dwords of configuration space, by offset, that differ from those of the usual hardware. */
  readonly registers?: readonly (readonly [offset: number, value: number])[];
  /** What a variant finds of the function as it probes, by name: firmware's properties and more. */
  readonly properties?: Readonly<Record<string, number>>;
  /** The platform can cut its power: it sleeps in D3cold. */
  readonly d3cold?: boolean;
  /** A designated vendor-specific capability, with its word at 0xA. */
  readonly dvsec?: { readonly vendor: number; readonly id: number; readonly word: number };
  /** As a recording has it: it counts in place of BARs, and of vectors and capabilities. */
  readonly recorded?: {
    /** Null when the recording does not have it: vectors and capabilities are those of above. */
    readonly config: Uint8Array | null;
    readonly resources: readonly Resource[];
    readonly isVf: boolean;
  };
}

/** How a function is when the run begins. */
export interface FunctionStart {
  /** False for one that is plugged in later. */
  readonly present: boolean;
  readonly driver: string | null;
  readonly override: string | null;
  /**
   * Its place, from 1, among the devices that VFIO has of those that are reset together; when left
   * out, they are in the order of the machine's functions.
   */
  readonly vfioRank?: number;
}

/** What a recording shows of a VF, whenever it comes. */
export interface VfSpec {
  readonly group?: number;
  readonly hardware?: HardwareSpec;
}

export interface FunctionSpec extends FunctionStart {
  readonly address: string;
  readonly ids: PciIds;
  readonly sriov: SriovSpec | null;
  /** Number of its IOMMU group; a group of its own when left out. */
  readonly group?: number;
  /** When left out: one BAR, INTx, and one vector of MSI. */
  readonly hardware?: HardwareSpec;
}

/** What a probe function returns to one function: the results in order, the last one for good. */
export interface Answer {
  /** `pf`: any function that is not a VF; `vf`: any VF; otherwise an address. */
  readonly to: string;
  readonly results: readonly number[];
}

export interface DriverSpec {
  readonly name: string;
  /** Its module is loaded when the run begins; drivers register in the order of the list. */
  readonly loaded: boolean;
  /** Null: the table of the driver's model. */
  readonly table: readonly IdMatch[] | null;
  /** Its probe type is PROBE_PREFER_ASYNCHRONOUS. */
  readonly isAsync: boolean;
  /** Of its module, each time that it is loaded; none when left out. */
  readonly parameters?: ModuleParameters;
  /** Null: what the driver's model and parameters say. */
  readonly sriov: 'none' | 'simple' | 'own' | null;
  /** The first that fits counts; without one the probe succeeds. */
  readonly answers: readonly Answer[];
  /** Its probe returns -EPROBE_DEFER as long as this function has no driver. */
  readonly defersUntil: string | null;
  /** Its remove function waits until this holds; left out: for nothing. */
  readonly removeWaits?: Condition;
  /** Its probe function loads the module of this driver; left out: no module. */
  readonly loads?: string;
}

export interface MachineSpec {
  /** Kernel release, such as `6.12`. */
  readonly kernel: string;
  /** Rules that its release does not determine: fixes that a stable kernel has backported. */
  readonly rules?: Partial<KernelRules>;
  /** Bugs that the kernel has in addition to those of its release. */
  readonly bugs?: readonly PastBugName[];
  /**
   * How often the kernel requests a device at most while it waits for its users, once every ten
   * seconds; left out: once.
   */
  readonly requests?: number;
  readonly functions: readonly FunctionSpec[];
  /**
   * Whether runtime power management is followed; left out: if an actor uses an attribute of it, or
   * a module a parameter.
   */
  readonly runtimePm?: boolean;
  /** In the order of registration. */
  readonly drivers: readonly DriverSpec[];
  /** Left out: the machine has no udev, and everybody may open what is there. */
  readonly udev?: UdevSpec;
}

/** udev: its rules are tried in their order for each uevent. */
export interface UdevSpec {
  readonly rules: readonly UdevRule[];
}

/** What a uevent has to have; what is left out matches any. */
export interface UdevMatch {
  readonly action?: UeventAction;
  readonly subsystem?: UeventSubsystem | 'misc';
  /** The kernel's name of the device: an address, a UUID, a group's number, `vfio`, `iommu`. */
  readonly kernel?: string;
  readonly driver?: string;
  /** Ids of the function that the uevent is about, or that a device of VFIO is of. */
  readonly vendor?: number;
  readonly device?: number;
  readonly class?: number;
}

export interface UdevRule {
  readonly match: UdevMatch;
  /** OWNER, GROUP and MODE, which are applied before any program runs. */
  readonly node: NodeChange;
  /** RUN: one after the other. `$kernel` in them is the kernel's name of the device. */
  readonly runs: readonly OperationSpec[];
}

/** An operation waits until this holds. */
export type Condition =
  | { readonly type: 'exists' | 'gone'; readonly address: string }
  | { readonly type: 'driver'; readonly address: string; readonly driver: string | null }
  /** Another actor has done this many operations. */
  | { readonly type: 'done'; readonly actor: string; readonly operations: number }
  /** The file of a group, or of a device, is in /dev. */
  | { readonly type: 'node'; readonly file: NodeKind; readonly address: string }
  /** An eventfd of the actor's process was signalled. */
  | { readonly type: 'signalled'; readonly file: string }
  | { readonly type: 'all'; readonly of: readonly Condition[] }
  /** What an actor remembers; null: it is not set. */
  | { readonly type: 'variable'; readonly variable: string; readonly text: string | null };

/** Attributes of a function that can be read. */
export const READ_ATTRIBUTES = [
  ...(['driver', 'uevent', 'driver_override', 'sriov_numvfs'] as const),
  ...(['power/control', 'power/runtime_status', 'power_state', 'd3cold_allowed'] as const),
  /** Of a type of mediated devices, whose address is PARENT/TYPE. */
  'available_instances',
] as const;
export type ReadAttribute = (typeof READ_ATTRIBUTES)[number];

/** A symlink in sysfs, which is followed as an attribute is opened. */
export type Link =
  /** `driver` of a function: the attribute is one of its driver. */
  | { readonly type: 'driver'; readonly address: string }
  /** A function in the folder of its driver. */
  | { readonly type: 'bound'; readonly address: string; readonly driver: string }
  /** `device` of the network interface that the native driver of a function has made. */
  | { readonly type: 'interface'; readonly address: string }
  /** Any other one, which is there with a function. */
  | { readonly type: 'function'; readonly address: string };

export type Action =
  /** A write to a sysfs attribute of a function, of a driver, or of the bus. */
  | {
      readonly type: 'write';
      readonly attribute: string;
      /** The function that the attribute belongs to. */
      readonly address: string | null;
      readonly driver: string | null;
      readonly text: string;
      /** Bytes that are written, when the text is not all of them. */
      readonly count?: number;
      /**
       * Of `create`: the type of a mediated device in sysfs. Its address is that of the parent,
       * which `driver` serves.
       */
      readonly mdevType?: string;
      /** Symlinks on the way to it, from the first one on; left out: none. */
      readonly links?: readonly Link[];
    }
  /** A read of an attribute of a function, and the variable that remembers what it shows. */
  | {
      readonly type: 'read';
      readonly attribute: ReadAttribute;
      readonly address: string;
      readonly variable: string | null;
    }
  /** An actor remembers a text, or forgets it. */
  | { readonly type: 'set'; readonly variable: string; readonly text: string | null }
  /** A module can have another probe type each time that it is loaded; else its driver's counts. */
  | { readonly type: 'load'; readonly driver: string; readonly isAsync?: boolean }
  | { readonly type: 'unload'; readonly driver: string }
  /** A slot reports that functions have come: they are added one after the other, then probed. */
  | { readonly type: 'plug'; readonly addresses: readonly string[] }
  /** A slot reports that its function is to go. */
  | { readonly type: 'unplug'; readonly address: string }
  | UserAction
  /** `udevadm settle`: waits until udev has nothing to do. */
  | { readonly type: 'settle' }
  /** Loads the modules of drivers that claim a function, as udev does by its MODALIAS. */
  | { readonly type: 'kmod_load'; readonly address: string }
  /** chown and chmod of a file in /dev. */
  | {
      readonly type: 'chown';
      readonly file: NodeKind;
      readonly address: string;
      readonly node: NodeChange;
    }
  /**
   * Somebody of whom no more is known removes a function, or releases it from its driver. Whether
   * a probe sees `pci_stop_and_remove_bus_device` depends on its caller, and on the compiler.
   */
  | { readonly type: 'removal'; readonly address: string; readonly isSeen: boolean }
  | { readonly type: 'release'; readonly address: string };

/** Files in /dev that come and go. */
export type NodeKind = 'group' | 'cdev';

/** Which file an operation opens. */
export type FileKind =
  | 'container'
  | 'group'
  | 'device'
  | 'cdev'
  | 'iommufd'
  | 'eventfd'
  | 'migration';

/** What a user of VFIO does. Files and mappings have names, which count within a process. */
export type UserAction =
  /** `address`: a function of the group, or that of the character device. */
  | {
      readonly type: 'open';
      readonly file: Exclude<FileKind, 'device' | 'migration'>;
      readonly address: string | null;
      readonly as: string;
    }
  | { readonly type: 'close'; readonly file: string }
  | IoctlAction
  /** A pread or pwrite of a region; a write is of at most 4 bytes. */
  | {
      readonly type: 'access';
      readonly file: string;
      readonly write: boolean;
      readonly region: number;
      readonly offset: number;
      readonly count: number;
      readonly value: number;
    }
  | {
      readonly type: 'mmap';
      readonly file: string;
      readonly region: number;
      readonly offset: number;
      readonly length: number;
      readonly as: string;
      /** False for a private mapping, which VFIO refuses. */
      readonly shared?: boolean;
    }
  /** A read of migration data that was saved, or a write of data to load. */
  | {
      readonly type: 'transfer';
      readonly file: string;
      readonly write: boolean;
      readonly count: number;
      /** pread or pwrite. */
      readonly positioned: boolean;
    }
  | { readonly type: 'munmap'; readonly map: string }
  /** A write to an eventfd. */
  | { readonly type: 'signal'; readonly file: string }
  /** An access to memory that a BAR is mapped to. */
  | ({ readonly type: 'touch' } & Touch)
  /** The process of this actor begins as a copy of another one: it has its files and mappings. */
  | { readonly type: 'inherit'; readonly process: string }
  /** The process ends: the kernel unmaps its mappings and closes its files. */
  | { readonly type: 'exit' }
  /** The function raises an interrupt, or reads or writes memory. */
  | {
      readonly type: 'interrupt';
      readonly address: string;
      readonly index: number;
      readonly vector: number;
    }
  | {
      readonly type: 'dma';
      readonly address: string;
      readonly iova: number;
      readonly write: boolean;
    };

export interface Touch {
  readonly map: string;
  readonly offset: number;
  /**
   * Log2 of the pages that each fault asks for, one after the other, as long as they fall back to a
   * smaller number; one page when left out.
   */
  readonly orders?: readonly number[];
}

export interface IoctlAction {
  readonly type: 'ioctl';
  readonly file: string;
  readonly name: string;
  /** The third argument, when it is no pointer to a struct. */
  readonly value: number;
  /** The struct that it points to; null if it is not a pointer. */
  readonly data: Uint8Array | null;
  /** Files whose descriptors are in the argument; null for -1. */
  readonly files: readonly (string | null)[];
  /** The device that GET_DEVICE_FD names. */
  readonly address: string | null;
  /**
   * The VF token that is passed; left out: none is passed. Null: a recording does not have it, and
   * `answer` says whether it was the right one.
   */
  readonly token?: string | null;
  /** The name of the file that the call makes. */
  readonly as: string | null;
  /** The result where memory or hardware decides; when left out, they do not refuse the call. */
  readonly answer?: number;
  /** Bytes that can be pinned before memory refuses a call that maps an IOAS; none by default. */
  readonly pinned?: number;
  /** Pages of BARs that the call faults in before it maps them. */
  readonly touches?: readonly Touch[];
}

export interface OperationSpec {
  readonly action: Action;
  readonly when: Condition | null;
  /** It is left out unless this holds when the actor is at it. */
  readonly only?: Condition;
  /** It is left out if this holds. */
  readonly unless?: Condition;
  /** What the actor does after an error: go on, or nothing more. */
  readonly onError: 'continue' | 'stop';
}

export interface ActorSpec {
  readonly name: string;
  /** Actors of one process share its files and mappings; a process of its own when left out. */
  readonly process?: string;
  /** Its user, where the machine has udev; root when left out. */
  readonly user?: User;
  readonly operations: readonly OperationSpec[];
}

export interface RunSpec {
  readonly machine: MachineSpec;
  readonly actors: readonly ActorSpec[];
}
