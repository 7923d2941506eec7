/**
 * Maps descriptors to VFIO files. strace prints the kind of file under -y, but never the device of
 * a device file: that follows from the group that returned it.
 */
import { BDF_PATTERN } from '../../../traces/index.js';
import type { VfioFile } from '../../vfio-ioctls.js';

/** A VFIO file that a process holds. */
export interface OpenFile {
  readonly kind: VfioFile;
  /** Name of the IOMMU group, for group files. */
  readonly group: string | null;
  /** PCI address, for device files whose device is known. */
  readonly device: string | null;
  /** Which IOMMU a container was set to, when the trace shows it. */
  readonly iommu?: 'type1' | 'spapr';
}

/** Part of a device that a process has mapped. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly file: OpenFile;
  readonly region: number;
  /** Offset in the region of the first byte. */
  readonly offset: number;
}

/** What the threads of one process share. */
export interface Process {
  readonly files: Map<number, OpenFile>;
  readonly mappings: Mapping[];
}

/** A device file that a group handed out, as strace names it. */
const DEVICE_INODE = 'anon_inode:[vfio-device]';
const GROUP_PATH = /^\/dev\/vfio\/((?:noiommu-)?\d+)$/;
const CDEV_PATH = /^\/dev\/vfio\/devices\/(vfio\d+)$/;
const CDEV_LINK = new RegExp(String.raw`\/(${BDF_PATTERN})\/vfio-dev\/(vfio\d+)`);
const GROUP_LINK = new RegExp(String.raw`\/(${BDF_PATTERN})\/iommu_group$`);
const GROUP_TARGET = /\/iommu_groups\/(\d+)$/;
const PROCESSES_MAX = 1 << 14;
const MAPPINGS_MAX = 1 << 10;

export class Files {
  readonly #processes = new Map<number, Process>();
  #first: Process | null = null;
  /** Most often the next call is of the same thread. */
  #lastTid = Number.NaN;
  #last: Process = { files: new Map(), mappings: [] };
  /** Device of a group, or null when the group has several. */
  readonly #groups = new Map<string, string | null>();
  readonly #cdevs = new Map<string, string>();
  /** Device whose group was looked up in a call whose result strace cut short. */
  #asked: string | null = null;

  /** The process of a thread; a thread of unknown origin belongs to the first process. */
  process(tid: number): Process {
    if (tid !== this.#lastTid) {
      this.#lastTid = tid;
      this.#last = this.#processOf(tid);
    }
    return this.#last;
  }

  #processOf(tid: number): Process {
    const known = this.#processes.get(tid);
    if (known !== undefined) return known;
    this.#first ??= { files: new Map(), mappings: [] };
    if (this.#processes.size < PROCESSES_MAX) this.#processes.set(tid, this.#first);
    return this.#first;
  }

  /** Notes a thread or process that `parent` made. */
  fork(parent: number, child: number, sharesFiles: boolean): void {
    const from = this.process(parent);
    if (this.#processes.size >= PROCESSES_MAX) return;
    const copy = () => ({ files: new Map(from.files), mappings: [...from.mappings] });
    this.#processes.set(child, sharesFiles ? from : copy());
    this.#lastTid = Number.NaN;
  }

  /** Records a path that a process used; some paths say which device has a name. */
  sawPath(path: string): void {
    const match = CDEV_LINK.exec(path);
    if (match !== null) this.#cdevs.set(match[2], match[1]);
  }

  /** Notes where a symbolic link points. @param complete false when strace cut the answer */
  sawLink(path: string, target: string, complete: boolean): void {
    const device = GROUP_LINK.exec(path)?.[1];
    if (device === undefined) return;
    const group = complete ? GROUP_TARGET.exec(target)?.[1] : undefined;
    if (group === undefined) this.#asked = device;
    else this.#addToGroup(group, device);
  }

  /** The VFIO file that a process opens at `path`, or null. */
  open(path: string): OpenFile | null {
    const file = this.named(path);
    if (file?.kind !== 'group') return file;
    if (this.#asked !== null) this.#addToGroup(file.group ?? '', this.#asked);
    this.#asked = null;
    return this.named(path);
  }

  /** The VFIO file of this name, as a path or as strace names a descriptor; or null. */
  named(path: string): OpenFile | null {
    if (path === '/dev/vfio/vfio') return { kind: 'container', group: null, device: null };
    if (path === '/dev/iommu') return { kind: 'iommufd', group: null, device: null };
    if (path === DEVICE_INODE) return { kind: 'device', group: null, device: null };
    const cdev = CDEV_PATH.exec(path)?.[1];
    if (cdev !== undefined) {
      return { kind: 'device', group: null, device: this.#cdevs.get(cdev) ?? null };
    }
    const group = GROUP_PATH.exec(path)?.[1];
    if (group === undefined) return null;
    return { kind: 'group', group, device: this.#groups.get(group) ?? null };
  }

  map(process: Process, mapping: Mapping): void {
    if (process.mappings.length >= MAPPINGS_MAX) process.mappings.shift();
    process.mappings.push(mapping);
  }

  /** The mapping that holds a user address; the latest when several did. */
  mappingAt(process: Process, address: number): Mapping | undefined {
    return process.mappings.findLast((m) => address >= m.start && address < m.end);
  }

  #addToGroup(group: string, device: string): void {
    const known = this.#groups.get(group);
    this.#groups.set(group, known === undefined || known === device ? device : null);
  }
}
