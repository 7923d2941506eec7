/** The state of the kernel that runs: where each record lies, and how it is reached. */
import { type KernelRules, kernelRules } from '../model/kernel-rules.js';
import type { PastBugName } from '../model/past-bugs.js';
import { Cells } from './cells.js';
import {
  ACTIVE,
  DEVICE,
  DEVICE_CELLS,
  DRIVER,
  DRIVER_CELLS,
  GLOBAL,
  GLOBAL_CELLS,
  PENDING,
  POWER_CELLS,
  THREAD_CELLS,
} from './layout.js';
import { OrderedList } from './ordered-list.js';
import type { Driver, Place } from './place.js';
import { UdevState } from './udev-cells.js';
import { VfioState } from './vfio-cells.js';
import type { World } from './world.js';

export class State {
  readonly cells = new Cells();
  readonly rules: KernelRules;
  /** Drivers in the order of registration, functions in the order in which they were added. */
  readonly driverList: OrderedList;
  readonly deviceList: OrderedList;
  /**
   * Bound functions in the order of binding: a driver that unregisters releases its last one first.
   * Empty when no driver can be unloaded.
   */
  readonly bindings: OrderedList;
  readonly deferred: Readonly<Record<typeof PENDING | typeof ACTIVE, OrderedList>>;
  /** Threads: those of actors first, then that of deferred probes, then workers, then udev's. */
  readonly threads: number;
  readonly deferredWorker: number;
  /** The first of the workers of runtime power management: each place has one. */
  readonly powerWorkers: number;
  /**
   * Records of functions that one place can have at the same time: other threads may still hold
   * dead ones.
   */
  readonly lives: number;
  readonly vfio: VfioState;
  /** Null where the machine has no udev. */
  readonly udev: UdevState | null;

  readonly #devices: number;
  readonly #records: readonly (readonly number[])[];
  readonly #found: number;
  readonly #plugged: number;
  readonly #drivers: number;
  readonly #threads: number;
  readonly #dynamic: number;
  readonly #asked: number;
  readonly #readers: number;
  readonly #progress: number;
  readonly #errors: number;
  readonly #variables: number;
  readonly #power: number;
  readonly #bugs: ReadonlySet<PastBugName>;
  readonly #firstOperations: readonly number[];

  constructor(readonly world: World) {
    const { cells } = this;
    const { places, drivers, actors } = world;
    const { kernel, rules } = world.spec.machine;
    this.rules = { ...kernelRules(kernel), ...rules };
    this.deferredWorker = actors.length;
    const { firstUdevThread, udev } = world;
    this.powerWorkers = world.firstPowerWorker;
    this.threads = firstUdevThread + (udev?.served.length ?? 0);
    this.lives = this.threads + 1;
    cells.allocate(GLOBAL_CELLS);
    this.#devices = cells.allocate(places.length * this.lives * DEVICE_CELLS);
    const lives = Array.from({ length: this.lives }, (_, life) => life);
    this.#records = places.map((place) => lives.map((life) => this.deviceRecord(place, life)));
    this.#found = cells.allocate(places.length);
    this.#plugged = cells.allocate(places.length);
    this.#drivers = cells.allocate(drivers.length * DRIVER_CELLS);
    this.#dynamic = cells.allocate(drivers.length * world.dynamicIds.length);
    this.#asked = cells.allocate(drivers.length * places.length);
    this.#readers = cells.allocate(places.length * this.threads);
    this.#progress = cells.allocate(actors.length);
    const counts = actors.map(({ operations }) => operations.length);
    this.#firstOperations = counts.map((_, i) => counts.slice(0, i).reduce((a, b) => a + b, 0));
    this.#errors = cells.allocate(counts.reduce((a, b) => a + b, 0));
    this.#variables = cells.allocate(world.variables.names.length);
    this.#bugs = new Set(world.spec.machine.bugs);
    const functions = places.length * this.lives;
    this.driverList = new OrderedList(cells, drivers.length);
    this.deviceList = new OrderedList(cells, functions);
    this.bindings = new OrderedList(cells, functions);
    this.deferred = {
      [PENDING]: new OrderedList(cells, functions),
      [ACTIVE]: new OrderedList(cells, functions),
    };
    this.#power = world.hasPower ? cells.allocate(functions * POWER_CELLS) : 0;
    this.#threads = cells.allocate(this.threads * THREAD_CELLS);
    this.vfio = new VfioState(cells, world, functions, this.threads);
    this.udev =
      udev === null ? null : new UdevState(cells, this.vfio.values, udev, world, firstUdevThread);
  }

  get(cell: number): number {
    return this.cells.get(cell);
  }

  set(cell: number, value: number): void {
    this.cells.set(cell, value);
  }

  add(cell: number, count: number): void {
    this.cells.add(cell, count);
  }

  /** The record of one life of the function at a place. */
  deviceRecord(place: Place, life: number): number {
    return this.#devices + (place.index * this.lives + life) * DEVICE_CELLS;
  }

  /** All records of functions that a place can have at the same time. */
  recordsOf({ index }: Place): readonly number[] {
    return this.#records[index];
  }

  /** Whether a cell only counts who is there: in which order they come makes no difference. */
  isCounter(cell: number): boolean {
    if (cell === GLOBAL.probing) return true;
    const member = cell - this.#devices;
    if (member < 0 || cell >= this.#found) return false;
    return member % DEVICE_CELLS === DEVICE.refs;
  }

  placeOf(dev: number): Place {
    return this.#placeOfRecord((dev - this.#devices) / DEVICE_CELLS);
  }

  #placeOfRecord(record: number): Place {
    return this.world.places[Math.floor(record / this.lives)];
  }

  /** Cells of the power management of a function, in a run that follows it. */
  power(dev: number): number {
    return this.#power + ((dev - this.#devices) / DEVICE_CELLS) * POWER_CELLS;
  }

  /** Cells of VFIO's part of a function. */
  vdev(dev: number): number {
    return this.vfio.device((dev - this.#devices) / DEVICE_CELLS);
  }

  /** Cells of the IOMMU group of a function. */
  groupOf(dev: number): number {
    return this.vfio.group(this.placeOf(dev));
  }

  /** The function whose part of VFIO a cell is of. */
  devOf(vdev: number): number {
    return this.#devices + this.vfio.recordOf(vdev) * DEVICE_CELLS;
  }

  nameOfLock(lock: number): string {
    if (lock === GLOBAL.rescanRemove) return 'pci_rescan_remove_lock';
    const ofVfio = this.vfio.nameOfLock(lock, (record) => this.#placeOfRecord(record).address);
    const member = (lock - this.#devices) % DEVICE_CELLS;
    const name = member === DEVICE.slotLock ? 'reset_lock of the slot' : 'device_lock';
    return ofVfio ?? `${name} of ${this.placeOf(lock).address}`;
  }

  /** The function that a lookup by name finds at a place; 0 if there is none. */
  findDevice(place: Place | null): number {
    return place === null ? 0 : this.get(this.#found + place.index);
  }

  /** The cell that says whether there is a card at a place, which a scan of the bus finds. */
  pluggedAt(place: Place): number {
    return this.#plugged + place.index;
  }

  /** A function is on the bus: from now on a lookup by name finds it. */
  show(dev: number): void {
    this.set(dev + DEVICE.visible, 1);
    this.set(this.#found + this.placeOf(dev).index, dev);
  }

  /** No lookup finds the function any more. */
  hide(dev: number): void {
    const found = this.#found + this.placeOf(dev).index;
    this.set(dev + DEVICE.visible, 0);
    if (this.get(found) === dev) this.set(found, 0);
  }

  driverRecord(driver: Driver): number {
    return this.#drivers + driver.index * DRIVER_CELLS;
  }

  driverAt(drv: number): Driver {
    return this.world.drivers[(drv - this.#drivers) / DRIVER_CELLS];
  }

  /** The cell that says whether a driver has a dynamic id. */
  dynamicId(driver: Driver, id: number): number {
    return this.#dynamic + driver.index * this.world.dynamicIds.length + id;
  }

  /** The cell that counts the probes of a driver for the function at a place. */
  asked(driver: Driver, place: Place): number {
    return this.#asked + driver.index * this.world.places.length + place.index;
  }

  /**
   * The cell with the function at a place whose override a thread has read without a lock, and not
   * yet compared; what `replacedBy` says, or `FREED`, when another text was set since.
   */
  readerAt(place: Place, thread: number): number {
    return this.#readers + place.index * this.threads + thread;
  }

  /** The cell that counts the operations that an actor has done. */
  progressOf(actor: number): number {
    return this.#progress + actor;
  }

  /** The cell that holds what an operation of an actor returned, when that was an error. */
  errorOf(actor: number, operation: number): number {
    return this.#errors + this.#firstOperations[actor] + operation;
  }

  /** What actors remember by a name; null if it is not set. */
  variable(name: string): string | null {
    const { names, texts } = this.world.variables;
    return texts[this.get(this.#variables + names.indexOf(name))];
  }

  setVariable(name: string, text: string | null): void {
    const { variables } = this.world;
    this.set(this.#variables + variables.names.indexOf(name), variables.textNumber(text));
  }

  /** Whether the run's kernel has a bug that others no longer have. */
  hasBug(name: PastBugName): boolean {
    return this.#bugs.has(name);
  }

  /** The text of the override of a function; null if it has none. */
  overrideOf(dev: number): string | null {
    return this.world.overrides[this.get(dev + DEVICE.override)];
  }

  /** Gives a function an override as if it had come with it. */
  setOverride(dev: number, text: string): void {
    this.set(dev + DEVICE.override, this.world.overrideNumber(text));
  }

  /** The driver of a function that has one, also while it probes. */
  driverOn(dev: number): Driver {
    return this.driverAt(this.get(dev + DEVICE.driver));
  }

  /** The name of the driver of a function, also while it probes; null for none. */
  driverOf(dev: number): string | null {
    const drv = this.get(dev + DEVICE.driver);
    return drv === 0 ? null : this.driverAt(drv).name;
  }

  /**
   * The name of the driver that a function is bound to; null while one probes, and if it has none.
   */
  boundDriverOf(dev: number): string | null {
    return this.get(dev + DEVICE.bound) === 0 ? null : this.driverOf(dev);
  }

  /**
   * A function was bound. The order is only kept if something can depend on it, so that otherwise
   * binders of different functions are independent of each other.
   */
  noteBinding(dev: number): void {
    if (this.world.canUnload) this.bindings.push(dev);
  }

  forgetBinding(dev: number): void {
    if (this.world.canUnload) this.bindings.remove(dev);
  }

  hold(dev: number): void {
    this.add(dev + DEVICE.refs, 1);
  }

  /** Drops a reference. A function that is off the bus and has no references is destroyed. */
  put(dev: number): void {
    this.add(dev + DEVICE.refs, -1);
    this.freeIfUnused(dev);
  }

  freeIfUnused(dev: number): void {
    // The references are read last: of a function that is there, they are only counted.
    if (this.get(dev + DEVICE.visible) !== 0 || this.get(dev + DEVICE.dead) === 0) return;
    if (this.get(dev + DEVICE.refs) !== 0) return;
    this.deviceList.remove(dev);
    const share = this.get(dev + DEVICE.share);
    if (share > 0) this.add(this.get(dev + DEVICE.parent) + DRIVER.taken, -share);
    for (let i = 0; i < DEVICE_CELLS; i++) this.set(dev + i, 0);
  }

  threadRecord(thread: number): number {
    return this.#threads + thread * THREAD_CELLS;
  }
}
