/**
 * The kernel that runs: the state, and one step of one thread at a time. It decides nothing by
 * itself: the caller chooses the next thread.
 */
import { AssertionError, assert } from '../../traces/index.js';
import type { CallAnswer, CallEvent } from './calls.js';
import type { CellLog } from './cells.js';
import type { FunctionName, Recorder, RuntimeEvent, SeenRead } from './functions.js';
import { FIRST_FRAME, FRAME, FRAME_CELLS, GLOBAL, THREAD, THREAD_CELLS } from './layout.js';
import type { Operation } from './operation.js';
import type { PlacedStep, Program } from './procedure.js';
import { State } from './state.js';
import type { World } from './world.js';

/** Decides what drivers without a model do, for the call that a thread is in. */
export interface NativeDrivers {
  /** What the probe function returns. */
  probe(thread: number): number;
  /** What claiming the IOMMU group for the kernel returns: -EBUSY when VFIO has it. */
  claim(thread: number): number;
  /** How many VFs the probe function makes first; 0 when it calls no `pci_enable_sriov`. */
  vfsInProbe(thread: number): number;
  /** Whether the remove function calls `pci_disable_sriov`. */
  disablesVfs(thread: number): boolean;
  /** The errno with which the call ends before it does anything; 0 when it goes on. */
  failure(thread: number): number;
}

/** Looks after each step whether something holds; that it did becomes a part of the state. */
export type Watch = (k: Kernel) => boolean;

/** What the hardware answers in a run that repeats a recording; null where it does not show it. */
export interface RecordedHardware {
  /** What the register of configuration space holds that a thread reads next. */
  register(thread: number): number | null;
  /** What the reset that a thread has begun returns. */
  reset(thread: number): number | null;
  /** Configuration space as a thread that opens a function has read it. */
  opened(thread: number, address: string): OpenedConfig | null;
}

export interface OpenedConfig {
  readonly bytes: Uint8Array;
  /** Offsets of the dwords that the kernel read. */
  readonly dwords: readonly number[];
}

export class Kernel extends State {
  /** Number of steps done, for measurements. */
  stepsDone = 0;
  /** The thread whose step is being done. */
  thread = 0;
  /** Answers for native drivers; null: they do what the specification of the run says. */
  natives: NativeDrivers | null = null;
  /** Answers of the hardware; null: it does what the specification of the run says. */
  hardware: RecordedHardware | null = null;
  #registers = 0;
  /** Cell of the innermost frame of the thread. */
  #frame = 0;
  #moved = false;
  /** First cell of those that say which watches have held. */
  readonly #watched: number;

  /** @param recorder receives what a recorder would have seen; null if that is not needed */
  constructor(
    world: World,
    readonly program: Program<Kernel>,
    public recorder: Recorder | null = null,
    readonly watches: readonly Watch[] = [],
  ) {
    super(world);
    this.#watched = this.cells.allocate(watches.length);
  }

  /**
   * A probe may be put off. If none can, probes are not counted: binders of different functions are
   * independent of each other then.
   */
  get canDefer(): boolean {
    return this.natives !== null || this.world.canDefer;
  }

  /** Somebody hears uevents: udev, or a recorder. */
  get hearsUevents(): boolean {
    return this.udev !== null || this.recorder?.hearsUevents === true;
  }

  /** Gives an idle thread a procedure to run. */
  start(thread: number, procedure: string, dev: number, drv: number, arg: number): void {
    const registers = this.threadRecord(thread);
    assert(this.get(registers + THREAD.frame) === 0, 'a thread runs one thing at a time');
    this.#push(registers, registers + FIRST_FRAME, procedure, dev, drv, arg);
  }

  /**
   * Gives work to an idle worker.
   * @returns false when all of them are busy
   */
  queueWork(procedure: string, dev: number, drv: number, arg = 0): boolean {
    for (let thread = this.deferredWorker + 1; thread < this.powerWorkers; thread++) {
      if (this.get(this.threadRecord(thread) + THREAD.frame) !== 0) continue;
      this.start(thread, procedure, dev, drv, arg);
      return true;
    }
    return false;
  }

  #push(
    registers: number,
    frame: number,
    procedure: string,
    dev: number,
    drv: number,
    arg: number,
  ): void {
    const entry = this.program.entries.get(procedure) ?? unknown(procedure);
    assert(frame + FRAME_CELLS <= registers + THREAD_CELLS, 'calls are not nested too deeply');
    this.set(frame + FRAME.step, entry);
    this.set(frame + FRAME.dev, dev);
    this.set(frame + FRAME.drv, drv);
    this.set(frame + FRAME.arg, arg);
    this.set(registers + THREAD.frame, frame);
  }

  /** Cell of the innermost frame of a thread; 0 when it has nothing to do. */
  frameOf(thread: number): number {
    return this.get(this.threadRecord(thread) + THREAD.frame);
  }

  /** The step that a thread does next; null when it has nothing to do. */
  nextStep(thread: number): PlacedStep<Kernel> | null {
    const frame = this.frameOf(thread);
    return frame === 0 ? null : this.program.steps[this.get(frame + FRAME.step)];
  }

  /** Whether a thread is in a call of the kernel: not between operations, and not without work. */
  isInCall(thread: number): boolean {
    const step = this.nextStep(thread);
    return step !== null && step.procedure !== 'user';
  }

  /** The procedures that a thread is in, innermost first. */
  callsOf(thread: number): string[] {
    const registers = this.threadRecord(thread);
    const calls: string[] = [];
    for (let frame = this.get(registers + THREAD.frame); frame > registers; frame -= FRAME_CELLS) {
      calls.push(this.program.steps[this.get(frame + FRAME.step)].procedure);
      if (frame === registers + FIRST_FRAME) break;
    }
    return calls;
  }

  /** What the next step of a thread reads and writes; locks are among the cells that it writes. */
  footprint(thread: number): CellLog {
    const { recorder } = this;
    this.recorder = null;
    const steps = this.stepsDone;
    try {
      return this.cells.footprint(() => {
        if (this.canRun(thread)) this.step(thread);
      });
    } finally {
      this.recorder = recorder;
      this.stepsDone = steps;
    }
  }

  /** Whether a thread could do its next step now. */
  canRun(thread: number): boolean {
    const step = this.nextStep(thread);
    if (step === null) return false;
    if (step.wait === null) return true;
    this.enter(thread);
    return step.wait.ready(this);
  }

  /** Makes a thread the one whose locals are seen. */
  enter(thread: number): void {
    this.thread = thread;
    this.#registers = this.threadRecord(thread);
    this.#frame = this.get(this.#registers + THREAD.frame);
  }

  /** Does the next step of a thread, which has to be able to, and those that are joined to it. */
  step(thread: number): void {
    this.#run(thread);
    if (this.watches.length > 0) this.look();
  }

  /** Notes which watches hold now. */
  look(): void {
    for (const [i, watch] of this.watches.entries()) {
      if (!this.hasHeld(i) && watch(this)) this.set(this.#watched + i, 1);
    }
  }

  /** Whether a watch, by its number, has held in some state up to now. */
  hasHeld(watch: number): boolean {
    return this.get(this.#watched + watch) !== 0;
  }

  #run(thread: number): void {
    this.enter(thread);
    assert(this.#frame !== 0, 'a thread that does a step is in a procedure');
    const { steps } = this.program;
    let step = steps[this.get(this.#frame + FRAME.step)];
    do {
      this.stepsDone++;
      this.#moved = false;
      const label = step.run(this);
      if (!this.#moved) this.#goOn(step, label);
      if (this.#frame === 0) return;
      step = steps[this.get(this.#frame + FRAME.step)];
    } while (step.joined);
  }

  #goOn(step: PlacedStep<Kernel>, label: string | undefined): void {
    const next = label === undefined ? step.next : (step.labels.get(label) ?? unknown(label));
    if (next === 0) this.done(0);
    else this.set(this.#frame + FRAME.step, next);
  }

  /**
   * Calls a procedure; the step's own procedure continues after it.
   * @param then the label to continue at, if it is not the next step
   */
  call(procedure: string, dev: number, drv = 0, arg = 0, then?: string): undefined {
    const step = this.program.steps[this.get(this.#frame + FRAME.step)];
    this.#goOn(step, then);
    const frame = this.#frame + FRAME_CELLS;
    this.#push(this.#registers, frame, procedure, dev, drv, arg);
    this.#frame = frame;
    this.#moved = true;
  }

  /** Ends the procedure. */
  done(ret: number): undefined {
    const frame = this.#frame;
    for (let i = 0; i < FRAME_CELLS; i++) this.set(frame + i, 0);
    const isLast = frame === this.#registers + FIRST_FRAME;
    this.#frame = isLast ? 0 : frame - FRAME_CELLS;
    this.set(this.#registers + THREAD.frame, this.#frame);
    this.set(this.#registers + THREAD.ret, isLast ? 0 : ret);
    this.#moved = true;
  }

  get dev(): number {
    return this.get(this.#frame + FRAME.dev);
  }

  set dev(value: number) {
    this.set(this.#frame + FRAME.dev, value);
  }

  get drv(): number {
    return this.get(this.#frame + FRAME.drv);
  }

  set drv(value: number) {
    this.set(this.#frame + FRAME.drv, value);
  }

  get arg(): number {
    return this.get(this.#frame + FRAME.arg);
  }

  get i(): number {
    return this.get(this.#frame + FRAME.i);
  }

  set i(value: number) {
    this.set(this.#frame + FRAME.i, value);
  }

  get n(): number {
    return this.get(this.#frame + FRAME.n);
  }

  set n(value: number) {
    this.set(this.#frame + FRAME.n, value);
  }

  get was(): number {
    return this.get(this.#frame + FRAME.was);
  }

  set was(value: number) {
    this.set(this.#frame + FRAME.was, value);
  }

  /** What the procedure that was called returned. */
  get ret(): number {
    return this.get(this.#registers + THREAD.ret);
  }

  /** The operation of its actor or of udev that the procedure does: its argument is the number. */
  get operation(): Operation {
    return this.world.operationsOf(this.thread)[this.arg];
  }

  /** The operation that the actor of the thread is at. */
  get doing(): Operation {
    return this.world.operations[this.thread][this.get(this.progressOf(this.thread))];
  }

  /** Cells of the process of the actor. */
  get process(): number {
    return this.vfio.process(this.thread);
  }

  holds(lock: number): boolean {
    return this.get(lock) === this.thread + 1;
  }

  acquire(lock: number): void {
    assert(this.get(lock) === 0, 'a lock is taken when it is free');
    this.set(lock, this.thread + 1);
  }

  release(lock: number): void {
    assert(this.holds(lock), 'a lock is released by its owner');
    this.set(lock, 0);
  }

  fault(bit: number): void {
    this.set(GLOBAL.faults, this.get(GLOBAL.faults) | bit);
  }

  begin(name: FunctionName, dev: number, drv = 0, value = -1): void {
    this.recorder?.begin(this.thread, name, this.#address(dev), this.#name(drv), value);
  }

  end(ret: number | null = null): void {
    this.recorder?.end(this.thread, ret);
  }

  point(name: FunctionName, dev: number, drv = 0, value = -1): void {
    this.recorder?.point(this.thread, name, this.#address(dev), this.#name(drv), value);
  }

  beginCall(event: CallEvent): void {
    this.recorder?.beginCall(this.thread, event);
  }

  endCall(ret: number | null, answer?: CallAnswer): void {
    this.recorder?.endCall(this.thread, ret, answer);
  }

  pointCall(event: CallEvent): void {
    this.recorder?.pointCall(this.thread, event);
  }

  beginRead(attribute: SeenRead, dev: number): void {
    this.recorder?.beginRead(this.thread, attribute, this.#address(dev));
  }

  runtimeEvent(event: RuntimeEvent): void {
    this.recorder?.runtime(this.thread, event);
  }

  /** A driver joins or leaves the list of drivers. */
  beginOfDriver(name: 'bus_add_driver' | 'bus_remove_driver', drv: number): void {
    const { name: driver, mdev } = this.driverAt(drv);
    this.recorder?.beginDriver(this.thread, name, driver, mdev === null ? 'pci' : 'mdev');
  }

  /** A call about a mediated device, or about the parent of some. */
  beginMdev(name: FunctionName, device: string, text?: string): void {
    this.recorder?.begin(this.thread, name, device, null, -1, text);
  }

  #address(dev: number): string {
    return this.placeOf(dev).address;
  }

  #name(drv: number): string | null {
    return drv === 0 ? null : this.driverAt(drv).name;
  }
}

function unknown(label: string): never {
  throw new AssertionError(`there is no procedure or step ${label}`);
}
