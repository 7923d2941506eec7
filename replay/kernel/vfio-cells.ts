/** The state of VFIO in the kernel that runs: files, processes, groups, devices and their sets. */
import { type DmaSpace, newDmaSpace } from '../model/iommu/type1.js';
import type { Context } from '../model/iommufd/index.js';
import type { DataFile } from '../model/vfio/migration-file.js';
import type { VfToken } from '../model/vfio/vf-token.js';
import type { ConfigAccess } from '../model/vfio-pci-core/config-access.js';
import type { OpenDevice } from '../model/vfio-pci-core/open-device.js';
import type { Cells } from './cells.js';
import { members, sizeOf } from './layout.js';
import type { Place } from './place.js';
import { ValueTable } from './values.js';
import type { World } from './world.js';

/** A file that an operation opens; a container is its file, and so is an iommufd. */
export const FILE = members(
  /** References to the file: its descriptor, mappings, and devices that hold their group. */
  'refs',
  /** The record of the device of a device file. */
  'dev',
  /** Of a group: VFIO lost its last device, and the file leads to nothing any more. */
  'revoked',
  /** `group_lock` of a container. */
  'lock',
  /** The IOMMU driver of a container is set. */
  'iommu',
  /** Its mappings: a value, `DmaSpace`. */
  'dma',
  /** Groups that joined it since it was opened: the later one comes first. */
  'joined',
  /** Signals of an eventfd. */
  'signals',
  /**
   * Of a character device: the iommufd that the file is bound to; 0 before BIND. Of a group: the
   * iommufd that it is in instead of a container.
   */
  'iommufd',
  /** Objects of an iommufd: a value, `Context`. */
  'context',
  /** Of a file of migration data: a value, `DataFile`, and the driver that opened it. */
  'data',
  'driver',
);

/** `struct vfio_group`, and the owner of the IOMMU group. */
export const GROUP = members(
  /** `group_lock`. */
  'lock',
  /** The file by which it is open. */
  'opened',
  /** The container that it is in, which owns its DMA. */
  'container',
  /** Files of open devices, which keep it in its container. */
  'users',
  /** Devices of it that are registered with VFIO. */
  'devices',
  /** Devices of it whose drivers use the kernel's DMA API (`owner_cnt`). */
  'natives',
  /** Its place among the groups of its container. */
  'order',
  /** Files of character devices that are bound, or being bound (`cdev_device_open_cnt`). */
  'cdevs',
  /** The iommufd that owns its DMA. */
  'owner',
  /** Devices of it that are bound to that iommufd (`owner_cnt`). */
  'claims',
  /** Of a mediated device: its number, counted from 1, while it is registered with VFIO. */
  'number',
);

/** `struct vfio_pci_core_device`, of one life of a function. */
export const VDEV = members(
  /** It is registered with VFIO. */
  'registered',
  /** It is being unregistered: no lookup finds it from Linux 6.6 on. */
  'leaving',
  /** References in addition to its being registered: files, and calls that open it. */
  'refs',
  /** `open_count`. */
  'opens',
  /** The iommufd to which it is bound, by a file of its character device or for its group. */
  'iommufd',
  /** Its place among the devices of its set (`dev_set->device_list`), where that matters. */
  'rank',
  /** How often the device was requested from its users. */
  'requests',
  /** `memory_lock`: the thread that holds it for writing. */
  'memoryLock',
  /** A user had it, and it was not reset since; only of a function whose own reset fails. */
  'used',
  /** Its driver's DMA is the kernel's: it counts in `GROUP.natives`. */
  'native',
  /** It while it is open: a value, `OpenDevice`. */
  'open',
  /** Configuration space of the hardware: a value; 0 for the initial one. */
  'config',
  /** The same as it was when the device was opened. */
  'saved',
  /**
   * User pages that map it, from Linux 6.10 on, each as its address plus log2 of its number of
   * small pages: a value, `number[]`.
   */
  'pages',
  /** Eventfds by index and vector of their interrupt: a value, `Triggers`. */
  'triggers',
  /** Its migration while it is open, if it can: a value, `Migration`. */
  'migration',
  /** `state_mutex` of its migration. */
  'stateMutex',
  /** The file of migration data that it reads or writes. */
  'dataFile',
  /** It was reset while a thread set a state of migration. */
  'deferredReset',
  /** The type of a vGPU; of a PF, that of all its VFs. */
  'vgpuType',
  /** Of a PF: instances of that type. */
  'vgpuInstances',
  /** Of a PF: its VF token, once a user has set one: a value, and how many of its VFs are open. */
  'token',
  'tokenUsers',
  /** A mediated device, as its users changed it: a value, `MdevUse`. */
  'use',
);

export const PROCESS = members(
  /** Its descriptors: a value, `Descriptors`. */
  'files',
  /** Its mappings of devices: a value, `UserMapping[]`. */
  'maps',
  /** Mappings that it made so far: no address comes twice. */
  'mapped',
  /** It has ended. */
  'exited',
);

/** Files by descriptor. */
export interface Descriptor {
  readonly name: string;
  readonly fd: number;
  readonly file: number;
}

export interface UserMapping {
  readonly name: string;
  /** The device file that it keeps. */
  readonly file: number;
  readonly start: number;
  readonly end: number;
}

/** Files of eventfds by `index.vector`. */
export type Triggers = Readonly<Record<string, number>>;

const NO_DESCRIPTORS: readonly Descriptor[] = [];
const NO_MAPS: readonly UserMapping[] = [];
const NO_TRIGGERS: Triggers = {};
const NO_PAGES: readonly number[] = [];

export class VfioState {
  readonly values = new ValueTable();
  readonly #files: number;
  readonly #groups: number;
  readonly #sets: number;
  readonly #devices: number;
  readonly #processes: number;
  readonly #accesses: number;
  readonly #numbers: readonly number[];

  /** @param functions how many records of functions there are */
  constructor(
    private readonly cells: Cells,
    private readonly world: World,
    private readonly functions: number,
    threads: number,
  ) {
    const { places, files, actors } = world;
    this.#numbers = [...new Set(places.map(({ group }) => group))];
    this.#files = cells.allocate((files.length + 1) * sizeOf(FILE));
    this.#groups = cells.allocate(this.#numbers.length * sizeOf(GROUP));
    this.#sets = cells.allocate(places.length);
    this.#devices = cells.allocate(functions * sizeOf(VDEV));
    this.#processes = cells.allocate(actors.length * sizeOf(PROCESS));
    this.#accesses = cells.allocate(threads);
  }

  /** Cells of a file, by its number from 1. */
  file(number: number): number {
    return this.#files + number * sizeOf(FILE);
  }

  /** Cells of an IOMMU group. */
  group({ group }: Place): number {
    return this.#groups + this.#numbers.indexOf(group) * sizeOf(GROUP);
  }

  /** Cells of all groups. */
  get groups(): number[] {
    return this.#numbers.map((_, i) => this.#groups + i * sizeOf(GROUP));
  }

  /** The number of the IOMMU group that a cell is of. */
  numberOfGroup(cell: number): number {
    const number = this.#numbers[this.#indexOf(cell)];
    return number < 0
      ? this.cells.get(this.#groups + this.#offsetOf(cell) + GROUP.number) - 1
      : number;
  }

  /** The group of a mediated device: no IOMMU translates for it. */
  isEmulated(cell: number): boolean {
    return this.#numbers[this.#indexOf(cell)] < 0;
  }

  /** The lowest number that no group has. */
  freeGroupNumber(): number {
    const taken = new Set(this.groups.map((cell) => this.numberOfGroup(cell)));
    let number = 0;
    while (taken.has(number)) number++;
    return number;
  }

  #indexOf(cell: number): number {
    return Math.floor((cell - this.#groups) / sizeOf(GROUP));
  }

  #offsetOf(cell: number): number {
    return this.#indexOf(cell) * sizeOf(GROUP);
  }

  /** `dev_set->lock` of the devices that are reset together with the one at a place. */
  setLock({ set }: Place): number {
    return this.#sets + set;
  }

  /** @param record number of the function's record */
  device(record: number): number {
    return this.#devices + record * sizeOf(VDEV);
  }

  /** The number of the record of the function that a cell of a device is of. */
  recordOf(cell: number): number {
    return Math.floor((cell - this.#devices) / sizeOf(VDEV));
  }

  process(actor: number): number {
    return this.#processes + this.world.processes[actor] * sizeOf(PROCESS);
  }

  /** The access of configuration space that a thread is in: a value; 0 if there is none. */
  access(thread: number): number {
    return this.#accesses + thread;
  }

  descriptors(process: number): readonly Descriptor[] {
    return this.#valueOf(process + PROCESS.files, NO_DESCRIPTORS);
  }

  maps(process: number): readonly UserMapping[] {
    return this.#valueOf(process + PROCESS.maps, NO_MAPS);
  }

  triggers(device: number): Triggers {
    return this.#valueOf(device + VDEV.triggers, NO_TRIGGERS);
  }

  /** Addresses of the pages that are in page tables; up to 6.9 mappings know it of themselves. */
  pages(device: number): readonly number[] {
    return this.#valueOf(device + VDEV.pages, NO_PAGES);
  }

  /** Configuration space of the hardware. @param initial what it was when it came into being */
  config(device: number, initial: Uint8Array): Uint8Array {
    return this.#valueOf(device + VDEV.config, initial);
  }

  /** The open device; null when it is not open. It must not be changed. */
  openDevice(device: number): OpenDevice | null {
    return this.#valueOf<OpenDevice | null>(device + VDEV.open, null);
  }

  /** The VF token of a PF; null as long as it is the random one that it began with. */
  vfToken(device: number): VfToken | null {
    return (
      this.#valueOf<{ readonly token: VfToken } | null>(device + VDEV.token, null)?.token ?? null
    );
  }

  putVfToken(device: number, token: VfToken): void {
    this.put(device + VDEV.token, { token });
  }

  /** Mappings of a container, by the number of its file. They must not be changed. */
  dma(file: number): DmaSpace {
    return this.#valueOf(this.file(file) + FILE.dma, newDmaSpace(true));
  }

  /** Objects of an iommufd, by the number of its file. They must not be changed. */
  context(file: number): Context {
    return this.values.at(this.cells.get(this.file(file) + FILE.context));
  }

  /** A file of migration data. */
  dataFile(file: number): DataFile {
    return this.values.at(this.cells.get(this.file(file) + FILE.data));
  }

  accessOf(thread: number): ConfigAccess {
    return this.values.at(this.cells.get(this.access(thread)));
  }

  #valueOf<T>(cell: number, none: T): T {
    const number = this.cells.get(cell);
    return number === 0 ? none : this.values.at<T>(number);
  }

  /** Puts a value into a cell; null empties it. */
  put(cell: number, value: object | null): void {
    this.cells.set(cell, value === null ? 0 : this.values.numberOf(value));
  }

  /** Puts a list into a cell, where an empty one is as none at all. */
  putList(cell: number, list: readonly unknown[]): void {
    this.put(cell, list.length === 0 ? null : list);
  }

  /** Changes the value of a cell, which holds one, in a copy. */
  change<T extends object, R>(cell: number, change: (draft: T) => R): R {
    const draft = this.values.draft<T>(this.cells.get(cell));
    const result = change(draft);
    this.put(cell, draft);
    return result;
  }

  /** Changes a device that is open, in a copy. */
  changeDevice<R>(device: number, change: (draft: OpenDevice) => R): R {
    return this.change(device + VDEV.open, change);
  }

  /** The name of a lock of VFIO; null for other locks. */
  nameOfLock(lock: number, addressOf: (record: number) => string): string | null {
    const { files, places } = this.world;
    if (isIn(lock, this.#files, (files.length + 1) * sizeOf(FILE))) {
      return `group_lock of container ${Math.floor((lock - this.#files) / sizeOf(FILE))}`;
    }
    if (isIn(lock, this.#groups, this.#numbers.length * sizeOf(GROUP))) {
      return `group_lock of group ${this.numberOfGroup(lock)}`;
    }
    if (isIn(lock, this.#sets, places.length)) {
      const first = places.find(({ set }) => set === lock - this.#sets);
      return `dev_set->lock of ${first?.address}`;
    }
    if (!isIn(lock, this.#devices, this.functions * sizeOf(VDEV))) return null;
    const isMutex = (lock - this.#devices) % sizeOf(VDEV) === VDEV.stateMutex;
    return `${isMutex ? 'state_mutex' : 'memory_lock'} of ${addressOf(this.recordOf(lock))}`;
  }

  /** Every lock of VFIO but those of devices. */
  *locks(): Generator<number> {
    for (let file = 1; file <= this.world.files.length; file++) yield this.file(file) + FILE.lock;
    for (const group of this.groups) yield group + GROUP.lock;
    for (let set = 0; set < this.world.places.length; set++) yield this.#sets + set;
    for (let record = 0; record < this.functions; record++) {
      yield this.device(record) + VDEV.memoryLock;
      yield this.device(record) + VDEV.stateMutex;
    }
  }
}

const isIn = (cell: number, first: number, count: number): boolean =>
  cell >= first && cell < first + count;
