/**
 * The form of the probe catalogue: what a kernel probe is, where the live recorder puts it, and
 * what event its records become.
 */
import type { Kind, Path } from '../../traces/index.js';
import type { VfioFile } from '../vfio-ioctls.js';

/** Groups of probes that are switched on and off together (`vfr record --only`, `--add`). */
export const PROBE_GROUPS = {
  binding: 'driver core: match, probe, bind, unbind, and the sysfs stores that cause them',
  sriov: 'SR-IOV and PCI functions coming and going',
  config: 'every access to configuration space',
  vfio: 'VFIO ioctls, region accesses, mmap, open and close, interrupts',
  fault: 'page faults in mappings of devices, DMA faults, signals',
  iommu: 'IOMMU groups, domains, and DMA mappings',
  mdev: 'mediated devices: their parents, created, removed',
  power: 'power states, runtime power management, resets, and recovery from errors',
  hotplug: 'slots and links that come and go, modules that are loaded and freed, uevents',
  actor: 'programs as they start, with their arguments',
  driver: 'probe, remove and work functions of single drivers',
  irq: 'interrupt handlers',
  process: 'fork, exec, exit, and system calls of the recorded processes',
  log: 'kernel log lines and marks',
} as const;
export type ProbeGroup = keyof typeof PROBE_GROUPS;

/**
 * The role of a record in an event. A call consists of `entry`, sometimes `value` (a probe in
 * mid-function that sees what a pointer argument received), and `return`. A `point` is an event of
 * its own. An entry record with `ret` was made at the return (fprobe, Linux 6.9 and later) and is
 * complete.
 */
export type Role = 'entry' | 'value' | 'return' | 'point';

/** Fetch types of kprobe events (Linux Documentation/trace/kprobetrace.rst). */
export type FetchType =
  | 'string'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 's32'
  | 's64'
  | 'x8'
  | 'x16'
  | 'x32'
  | 'x64';

/**
 * What the live recorder fetches for one field of a record. Offsets are never written down: they
 * are found in the running kernel's BTF.
 */
export interface Fetch {
  /** Argument number from 1; 0 is the return value. */
  readonly arg: number;
  /**
   * Members from the struct that the argument points to, such as `pci_dev.dev.kobj.name`. Pointers
   * on the way are followed; `(name)` gives a void pointer a struct type. Alternatives are tried in
   * order: the first whose structs and members all exist is used. `(name@member)` says that the
   * pointer leads to this member of the struct and not to its start, as `container_of` does.
   */
  readonly path?: readonly string[];
  /**
   * Offset in user memory that the argument, or the end of the path, points to; several offsets are
   * followed in sequence.
   */
  readonly user?: number | readonly number[];
  /** To fetch what the argument points to in kernel memory: `true`, or the offset in it. */
  readonly deref?: true | number;
  /** True when the argument is a pointer whose address is wanted, not its target. */
  readonly address?: true;
  readonly type: FetchType;
}

/** Where a 64-bit number column comes from: a field of the record, or a constant. */
export type NumberFrom = string | number;
/** Where a string column comes from: a field of the record, or a constant. */
export type StringFrom = string | { readonly constant: string };
/** How to find the device; a buffer contains its name as sysfs stores accept it. */
export type DeviceFrom =
  | string
  | { readonly bus: string; readonly devfn: string }
  | { readonly buffer: string }
  /** The 16 bytes of a `guid_t` (include/linux/uuid.h) as two words. */
  | { readonly guid: string; readonly rest: string };

/** How the fields of a record become the columns of an event. */
export interface Columns {
  readonly device?: DeviceFrom;
  readonly driver?: StringFrom;
  readonly region?: NumberFrom;
  readonly offset?: NumberFrom;
  readonly length?: NumberFrom;
  readonly value?: NumberFrom;
  readonly text?: string;
  /** Field with a VFIO file position: region in bits 40 and up, offset below (vfio_pci_core.h). */
  readonly position?: string;
  /**
   * Field with an ioctl number: `name` is the ioctl's name, `value` the number. The same number
   * means another ioctl on another kind of file.
   */
  readonly ioctl?: { readonly field: string; readonly file: VfioFile };
  /** Field with the first bytes of a user buffer; the value when the access writes at most 4. */
  readonly written?: string;
  /**
   * Fields of a mapping of a device in a process: its start address, and its page offset in the
   * device's file, which contains the region. Older kernels replaced the offset with the frame
   * number of the BAR when the mapping was made (`vfio_pci_core_mmap`, until Linux 6.11); on these
   * only the record of mmap has the region.
   */
  readonly mapping?: {
    readonly start: string;
    readonly pages: string;
    /** `made`: the offset is of the file. `used`: it may be a frame number. */
    readonly is: 'made' | 'used';
  };
  /** Field with what the user got, in the record of the return; the value of at most 4 bytes. */
  readonly given?: string;
  /** Whether the text is a message of the kernel's log, and is parsed as one. */
  readonly isKernelText?: boolean;
  /** Fields that go to `data`, in order, as little-endian integers of the given number of bytes. */
  readonly data?: readonly (readonly [field: string, bytes: 4 | 8])[];
  /** Fields of the record of the return that go to `data` of the end, in the same form. */
  readonly answer?: readonly (readonly [field: string, bytes: 4 | 8])[];
  /** The arguments of a program: how many it has, and the fields with the first of them. */
  readonly words?: { readonly count: string; readonly fields: readonly string[] };
  /** A uevent: fields with its first variable, which is its action, and with the object's name. */
  readonly uevent?: { readonly action: string; readonly object: string };
}

/** `sysfs` outside of a VFIO access on the same thread, `hardware` inside of one. */
export type ProbePath = Path | 'user';

export interface Probe {
  /** Name of the trace event, unique in the catalogue. */
  readonly event: string;
  readonly group: ProbeGroup;
  readonly role: Role;
  /** What pairs an entry with its return: the function, or the name of the pair of tracepoints. */
  readonly call: string;
  readonly kind: Kind | { readonly read: Kind; readonly write: Kind; readonly by: string };
  /** The `name` column: the kernel function, or the sysfs attribute. */
  readonly name: string;
  readonly path?: ProbePath;
  readonly columns: Columns;
  /** True when probes inside of it on the same thread run on behalf of a VFIO user. */
  readonly vfio?: boolean;
  /** True when `text` is the whole record: events without columns of their own. */
  readonly raw?: boolean;
  readonly site: Site;
}

/** Where a probe is put in the kernel. */
export type Site =
  | {
      readonly type: 'function';
      readonly symbol: string;
      /** Module that holds it; the kernel image when missing. */
      readonly module?: string;
      /**
       * When several functions share the name: functions of its source file, separated by `|`. The
       * one that lies close to one of them is meant.
       */
      readonly near?: string;
      readonly fetch: Readonly<Record<string, Fetch>>;
    }
  | { readonly type: 'tracepoint'; readonly system: string; readonly event: string };
