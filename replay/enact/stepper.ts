/**
 * The kernel that runs, and how much of a recording it has made: one step of one thread at a time,
 * which agrees with the recording, or is taken back.
 */
import {
  boot,
  type CellLog,
  type Kernel,
  type Operation,
  type RunSpec,
  World,
} from '../kernel/index.js';
import type { Actors } from './actors.js';
import { agree, continues, isRun } from './agreement.js';
import { type Calls, type Emitted, StepRecorder } from './emitted.js';
import type { KnownRecording } from './known-recording.js';
import { notedDrivers, type ProbeAnswer } from './noted-drivers.js';
import { RecordedDrivers } from './recorded-drivers.js';
import { HardwareOfRecording } from './recorded-hardware.js';
import type { RecordedEvent } from './recording.js';

/** Where no order of steps leads on. */
export interface Stuck {
  /** Number of the event that differs. */
  readonly at: number;
  /** Events before which nothing is missing. */
  readonly equal: number;
  /** What the kernel that runs does instead. */
  readonly expected: string;
  /** Functions that the thread is in, outermost first. */
  readonly calls: readonly string[];
  /** What it has of the function that the event is about. */
  readonly state: { readonly driver: string | null; readonly override: string | null } | null;
}

/** Whether drivers and hardware answer as recorded, or as the specification of the run says. */
export type Answers = 'recorded' | 'specified';

/** A step that was done, and how it is taken back. */
export interface Done {
  readonly thread: number;
  readonly moment: number;
  readonly position: number;
  readonly cursor: number;
  readonly calls: Calls | null;
  readonly taken: readonly number[];
  /** Probes of native drivers before it. */
  readonly probes: number;
  readonly log: CellLog;
}

/** A step that could not be done, or made another event than the recording has. */
export interface Refused {
  readonly log: CellLog;
}

/** The most steps that a thread does without an event. */
const SILENT_MAX = 100;
/** The longest chain of threads that wait for each other. */
const WAITS_MAX = 8;

export class Stepper {
  /** Steps since the furthest event. */
  tried = 0;
  readonly #k: Kernel;
  readonly #recorder = new StepRecorder();
  /** The next event of each thread; -1 for a worker that has none yet. */
  readonly #cursors: number[];
  readonly #taken: Uint8Array;
  /** Functions and phases that the recording has. */
  readonly #recorded: ReadonlySet<string>;
  readonly #unrecorded = new Set<string>();
  private readonly events: readonly RecordedEvent[];
  #position = 0;
  /** The furthest position so far. */
  #reached = 0;
  #stuck: Stuck | null = null;
  /** What native drivers have answered so far. */
  readonly probes: ProbeAnswer[] = [];

  constructor(
    spec: RunSpec,
    private readonly recording: KnownRecording,
    private readonly actors: Actors,
    answers: Answers,
  ) {
    const { events } = recording;
    this.events = events;
    this.#k = boot(new World(spec), this.#recorder);
    const ahead = (thread: number) => this.#ahead(thread);
    if (answers === 'recorded') {
      const calls = (thread: number) => this.#recorder.calls[thread] ?? null;
      const drivers = new RecordedDrivers(events, actors.next, { calls, ahead });
      this.#k.natives = notedDrivers(drivers, this.#k, this.probes);
      this.#k.hardware = new HardwareOfRecording(recording, ahead);
    }
    this.#cursors = Array.from({ length: this.#k.threads }, (_, i) => actors.first[i] ?? -1);
    this.#taken = new Uint8Array(events.length + 1);
    this.#recorded = new Set(events.map(({ call, phase }) => `${call} ${phase}`));
  }

  /** Whether the furthest event is of a process whose files were guessed. */
  get isGuess(): boolean {
    const e = this.events[this.#reached];
    return e !== undefined && this.recording.guessed.has(e.pid);
  }

  /** The number of the next event. */
  get position(): number {
    return this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position === this.events.length;
  }

  /** The state, and what of the recording has been made. */
  get key(): string {
    return `${this.#k.cells.hash}${this.#position}`;
  }

  /** Functions and phases that were run, and that the recording does not have at all. */
  get unrecorded(): string[] {
    return [...this.#unrecorded].sort();
  }

  /** Whether a cell only counts who is there. */
  isCounter(cell: number): boolean {
    return this.#k.isCounter(cell);
  }

  /** Where the search got furthest; nothing may have been about to make the next event there. */
  furthest(): Stuck {
    const reached = this.#reached;
    if (this.#stuck !== null && this.#stuck.equal >= reached) return this.#stuck;
    return { at: reached, equal: reached, expected: 'nothing', calls: [], state: null };
  }

  /** Threads that may make the next event. */
  threadsOfNext(): number[] {
    const owner = this.actors.owners[this.#position];
    if (owner >= 0) return [owner];
    const workers = this.busy().filter((thread) => thread >= this.actors.specs.length);
    const { tid } = this.events[this.#position];
    const free = workers.filter((thread) => {
      const cursor = this.#cursors[thread];
      return cursor < 0 || cursor === this.#position;
    });
    // One that began with another event of this worker goes on with it.
    return free.length > 0 ? free : workers.filter((w) => this.#tidOf(w) === tid);
  }

  #tidOf(worker: number): number {
    return this.events[this.#cursors[worker]]?.tid ?? -1;
  }

  /** Threads that can do something before their next event, or wait for it. */
  busy(): number[] {
    const busy: number[] = [];
    for (let thread = 0; thread < this.#k.threads; thread++) {
      if (this.#k.nextStep(thread) === null) continue;
      if (this.#k.isInCall(thread) || this.#beginsUnseen(thread)) busy.push(thread);
    }
    return busy;
  }

  /** Whether a thread does something before the first event of its next operation. */
  #beginsUnseen(actor: number): boolean {
    const operation = this.#nextOperation(actor);
    return operation !== null && UNSEEN.has(operation.procedure);
  }

  #nextOperation(actor: number): Operation | null {
    const k = this.#k;
    return k.world.operations[actor]?.[k.get(k.progressOf(actor))] ?? null;
  }

  /** Whether the process of a thread ends next. */
  #exits(actor: number): boolean {
    return this.#nextOperation(actor)?.procedure === 'exit';
  }

  /** Threads that are in a call or end, those with the earliest event first. */
  inCalls(): number[] {
    const k = this.#k;
    const threads: number[] = [];
    for (let thread = 0; thread < k.threads; thread++) {
      if ((k.isInCall(thread) || this.#exits(thread)) && k.canRun(thread)) threads.push(thread);
    }
    const at = (thread: number) => (this.#cursors[thread] < 0 ? 0 : this.#cursors[thread]);
    return threads.sort((a, b) => at(a) - at(b));
  }

  /**
   * What a thread would read and write before its next event, with what those do first that it
   * waits for; and which of them can go on now.
   */
  silent(thread: number): CellLog & { readonly first: number } {
    const k = this.#k;
    const calls = [...this.#recorder.calls];
    let first = -1;
    const run = (one: number, depth: number): void => {
      for (let i = 0; i < SILENT_MAX; i++) {
        if (!k.canRun(one)) {
          const wait = k.nextStep(one)?.wait ?? null;
          if (wait === null || depth > WAITS_MAX) return;
          k.enter(one);
          for (const holder of wait.holders(k)) run(holder, depth + 1);
          if (!k.canRun(one)) return;
        }
        if (first < 0) first = one;
        this.#recorder.emitted.length = 0;
        k.step(one);
        if (this.#recorder.emitted.length > 0) return;
      }
    };
    const probes = this.probes.length;
    const log = k.cells.footprint(() => run(thread, 0));
    this.probes.length = probes;
    this.#recorder.emitted.length = 0;
    for (const [i, call] of calls.entries()) this.#recorder.calls[i] = call;
    return { ...log, first: first < 0 ? thread : first };
  }

  /** Does a step when it can be done and agrees with the recording; else leaves all as it was. */
  try(thread: number): Done | Refused {
    const k = this.#k;
    const calls = this.#recorder.calls[thread] ?? null;
    const probes = this.probes.length;
    const before = { position: this.#position, cursor: this.#cursors[thread], probes };
    const moment = k.cells.moment;
    this.#recorder.emitted.length = 0;
    let taken: number[] | null = null;
    let isReady = false;
    const log = k.cells.logged(() => {
      isReady = k.canRun(thread);
      if (!isReady) return;
      const unlocks = k.nextStep(thread)!.unlocks;
      const names = k.callsOf(thread);
      k.step(thread);
      this.tried++;
      taken = this.#take(thread, unlocks, names);
    });
    const done = { thread, moment, calls, ...before, log };
    if (taken !== null) return { ...done, taken };
    if (!isReady) this.#stopAtWait(thread);
    this.takeBack({ ...done, taken: [] });
    return { log };
  }

  #stopAtWait(thread: number): void {
    const k = this.#k;
    const step = k.nextStep(thread);
    const what = step?.wait == null ? 'nothing' : `waits for ${step.wait.what(k)}`;
    this.#stop(thread, what, k.callsOf(thread));
  }

  /**
   * Takes what a step emitted off the recording. A step is done at once, and still others may be
   * recorded between its events; those after the giving back of a lock may all come later.
   * @returns numbers of the events; null when they are others
   */
  #take(thread: number, unlocks: boolean, names: readonly string[]): number[] | null {
    const taken: number[] = [];
    const k = this.#k;
    let cursor = this.#cursors[thread];
    for (const made of this.#recorder.emitted) {
      const emitted = this.#asRecorded(made);
      if (emitted === null) continue;
      if (cursor < 0) cursor = this.#position;
      const isNext = cursor === this.#position || taken.length > 0 || unlocks;
      const recorded = this.events[cursor];
      if (isNext && recorded !== undefined && agree(emitted, recorded)) {
        cursor = this.#takeFrom(cursor, emitted, taken);
        continue;
      }
      if (this.#mayBeUnseen(thread, emitted)) continue;
      this.#stop(thread, describe(emitted), names, { own: emitted, cursor });
      for (const at of taken) this.#taken[at] = 0;
      return null;
    }
    this.#cursors[thread] = k.nextStep(thread) === null ? -1 : cursor;
    while (this.#taken[this.#position] === 1) this.#position++;
    if (this.#position > this.#reached) {
      this.#reached = this.#position;
      this.tried = 0;
    }
    return taken;
  }

  /**
   * An event in the form in which the recording has those of its function: some functions are only
   * recorded with their ends.
   * @returns null when the recording has no such event at all
   */
  #asRecorded(emitted: Emitted): Emitted | null {
    const { call, phase } = emitted;
    const key = `${call} ${phase}`;
    if (this.#recorded.has(key)) return emitted;
    if (phase === 'end' && this.#recorded.has(`${call} point`))
      return { ...emitted, phase: 'point' };
    if (phase !== 'begin' || !this.#recorded.has(`${call} point`)) this.#unrecorded.add(key);
    return null;
  }

  /** The compiler of a kernel may put the removal of mappings where no probe sees it. */
  #mayBeUnseen(thread: number, { call }: Emitted): boolean {
    if (call !== 'vfio_pci_zap_and_down_write_memory_lock') return false;
    for (let at = this.#recorder.calls[thread] ?? null; at !== null; at = at.outer) {
      if (IN_ITS_FILE.has(at.call.name)) return true;
    }
    return false;
  }

  /**
   * Takes an event off the recording, or several that are one run of pages.
   * @returns the next event of the thread
   */
  #takeFrom(cursor: number, emitted: Emitted, taken: number[]): number {
    const { next } = this.actors;
    let end = 0;
    let at = cursor;
    const last = isRun(emitted) ? (emitted.access?.offset ?? 0) + (emitted.access?.length ?? 0) : 0;
    do {
      taken.push(at);
      this.#taken[at] = 1;
      const { access } = this.events[at];
      end = (access?.offset ?? 0) + (access?.length ?? 0);
      at = next[at];
    } while (end < last && continues(emitted, this.events[at], end));
    return at;
  }

  takeBack({ thread, moment, position, cursor, calls, taken, probes }: Done): void {
    this.probes.length = probes;
    this.#k.cells.undo(moment);
    this.#position = position;
    this.#cursors[thread] = cursor;
    this.#recorder.calls[thread] = calls;
    for (const at of taken) this.#taken[at] = 0;
  }

  /**
   * Notes where a thread that has to make the next event does something else.
   * @param step what it emitted instead of the event at the cursor
   */
  #stop(
    thread: number,
    expected: string,
    calls: readonly string[],
    step?: { readonly own: Emitted; readonly cursor: number },
  ): void {
    let equal = this.#position;
    while (this.#taken[equal] === 1) equal++;
    if (equal >= this.events.length || (this.#stuck !== null && equal <= this.#stuck.equal)) return;
    const owner = this.actors.owners[this.#position];
    if (owner >= 0 && owner !== thread) return;
    const at = Math.min(step?.cursor ?? equal, this.events.length - 1);
    const device = this.events[at].device ?? step?.own.device ?? null;
    const state = stateOf(this.#k, device);
    this.#stuck = { at, equal, expected, calls: calls.toReversed(), state };
  }

  /** The number of the event that a thread has to make after those that its step has made. */
  #ahead(thread: number): number {
    const cursor = this.#cursors[thread];
    let at = cursor < 0 ? this.#position : cursor;
    for (const emitted of this.#recorder.emitted) {
      if (this.#asRecorded(emitted) !== null) at = this.actors.next[at];
    }
    return at;
  }
}

/** Calls that are served in the file of that function (drivers/vfio/pci/vfio_pci_core.c 6.12). */
const IN_ITS_FILE: ReadonlySet<string> = new Set(['VFIO_DEVICE_RESET', 'VFIO_DEVICE_FEATURE']);

/** Operations that do something before their first event. */
const UNSEEN: ReadonlySet<string> = new Set(['removal', 'release', 'plug']);

/** An event in words. */
export function describe({ kind, phase, name, device, driver, ret, access }: Emitted): string {
  const { path = null, region = null, offset = null, length = null, value = null } = access ?? {};
  const columns = Object.entries({ region, offset, length, value })
    .filter(([, number]) => number !== null)
    .map(([column, number]) => `${column} ${number}`);
  const result = ret === null ? null : `= ${ret}`;
  const words = [kind, phase, name, path, device, driver, ...columns, result];
  return words.filter((word) => word !== null).join(' ');
}

function stateOf(k: Kernel, address: string | null): Stuck['state'] {
  const dev = address === null ? 0 : k.findDevice(k.world.place(address));
  if (dev === 0) return null;
  return { driver: k.driverOf(dev), override: k.overrideOf(dev) };
}
