/**
 * Runs the kernel so that its events come in the order of a recording. The recording does not show
 * when the steps between two events were done. They are done as late as possible; if that leads
 * nowhere, other orders are tried, each state once.
 */
import { boot, type Kernel, type RunSpec, World } from '../kernel/index.js';
import type { Actors } from './actors.js';
import { type Calls, type Emitted, StepRecorder } from './emitted.js';
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

export interface Followed {
  /** Events that were emitted as recorded. */
  readonly equal: number;
  readonly stuck: Stuck | null;
  /** Every order of steps was tried; false when there were too many. */
  readonly exhaustive: boolean;
  /** Functions that ran but have no such event at all in the recording. */
  readonly unrecorded: readonly string[];
}

/** Steps to try after the furthest event before the search is given up. */
const STEPS_MAX = 200_000;

/** A step that was done, and how to undo it. */
interface Done {
  readonly thread: number;
  readonly moment: number;
  readonly position: number;
  readonly cursor: number;
  readonly calls: Calls | null;
  readonly taken: readonly number[];
}

/** A state of the search: the threads that are still to be tried in it. */
interface Choice {
  readonly by: Done | null;
  options: number[] | null;
  /** Only the thread of the next event has been tried. */
  first: boolean;
}

export class Follower {
  readonly #k: Kernel;
  readonly #recorder = new StepRecorder();
  /** The next event of each thread; -1 for a worker without any yet. */
  readonly #cursors: number[];
  readonly #taken: Uint8Array;
  /** Functions and phases that the recording has. */
  readonly #recorded: ReadonlySet<string>;
  readonly #unrecorded = new Set<string>();
  readonly #seen = new Set<string>();
  #position = 0;
  /** The furthest position so far. */
  #reached = 0;
  #stuck: Stuck | null = null;
  #tried = 0;

  constructor(
    spec: RunSpec,
    private readonly events: readonly RecordedEvent[],
    private readonly actors: Actors,
  ) {
    this.#k = boot(new World(spec), this.#recorder);
    this.#k.natives = {
      probe: (thread) => this.#answer(thread),
      disablesVfs: (thread) => this.events[this.#cursors[thread]]?.name === 'pci_disable_sriov',
    };
    this.#cursors = Array.from({ length: this.#k.threads }, (_, i) => actors.first[i] ?? -1);
    this.#taken = new Uint8Array(events.length + 1);
    this.#recorded = new Set(events.map(({ name, phase }) => `${name} ${phase}`));
  }

  follow(): Followed {
    const path: Choice[] = [{ by: null, options: null, first: true }];
    while (this.#position < this.events.length && path.length > 0) {
      const choice = path[path.length - 1];
      const thread = this.#nextOption(choice);
      if (thread === null) {
        path.pop();
        if (choice.by !== null) this.#takeBack(choice.by);
        continue;
      }
      const by = this.#try(thread);
      if (by === null) continue;
      if (this.#tried > STEPS_MAX) return this.#result(false);
      path.push({ by, options: null, first: true });
    }
    return this.#result(true);
  }

  #result(exhaustive: boolean): Followed {
    const all = this.#position === this.events.length;
    const stuck = all ? null : this.#furthest();
    return {
      equal: stuck?.equal ?? this.#position,
      stuck,
      exhaustive,
      unrecorded: [...this.#unrecorded].sort(),
    };
  }

  /** Where the search got furthest; nothing may have been about to make the next event there. */
  #furthest(): Stuck {
    const reached = this.#reached;
    if (this.#stuck !== null && this.#stuck.equal >= reached) return this.#stuck;
    return { at: reached, equal: reached, expected: 'nothing', calls: [], state: null };
  }

  /** The thread of the next event first; then any that is in the middle of something. */
  #nextOption(choice: Choice): number | null {
    if (choice.options === null) choice.options = this.#threadsOfNext();
    else if (choice.options.length === 0 && choice.first) {
      choice.first = false;
      const tried = new Set(this.#threadsOfNext());
      choice.options = this.#busy().filter((thread) => !tried.has(thread));
    }
    const thread = choice.options.shift();
    if (thread !== undefined) return thread;
    return choice.first ? this.#nextOption(choice) : null;
  }

  #threadsOfNext(): number[] {
    const owner = this.actors.owners[this.#position];
    if (owner >= 0) return [owner];
    const workers = this.#busy().filter((thread) => thread >= this.actors.specs.length);
    const { tid } = this.events[this.#position];
    const free = workers.filter((thread) => {
      const cursor = this.#cursors[thread];
      return cursor < 0 || cursor === this.#position;
    });
    // A call that began with another event of this worker continues with it.
    return free.length > 0 ? free : workers.filter((w) => this.#tidOf(w) === tid);
  }

  #tidOf(worker: number): number {
    return this.events[this.#cursors[worker]]?.tid ?? -1;
  }

  #busy(): number[] {
    const busy: number[] = [];
    for (let thread = 0; thread < this.#k.threads; thread++) {
      const step = this.#k.nextStep(thread);
      if (step === null) continue;
      if (step.procedure !== 'user' || this.#isAboutToFind(thread)) busy.push(thread);
    }
    return busy;
  }

  /** A removal, or a release, finds its function some time before anything of it is recorded. */
  #isAboutToFind(actor: number): boolean {
    const k = this.#k;
    const operation = k.world.operations[actor][k.get(k.progressOf(actor))];
    return operation?.procedure === 'removal' || operation?.procedure === 'release';
  }

  /** Does a step when it can be done and agrees with the recording; else leaves all as it was. */
  #try(thread: number): Done | null {
    const k = this.#k;
    if (!k.canRun(thread)) {
      const step = k.nextStep(thread);
      this.#stop(
        thread,
        step === null ? 'nothing' : `waits for ${step.wait!.what(k)}`,
        k.callsOf(thread),
      );
      return null;
    }
    const unlocks = k.nextStep(thread)!.unlocks;
    const calls = this.#recorder.calls[thread] ?? null;
    const before = { position: this.#position, cursor: this.#cursors[thread] };
    const done = { thread, moment: k.cells.moment, calls, ...before };
    const names = k.callsOf(thread);
    this.#recorder.emitted.length = 0;
    k.step(thread);
    this.#tried++;
    const taken = this.#take(thread, unlocks, names);
    if (taken !== null && this.#isNew()) return { ...done, taken };
    this.#takeBack({ ...done, taken: taken ?? [] });
    return null;
  }

  #isNew(): boolean {
    const key = `${this.#k.cells.hash}${this.#position}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  /**
   * Matches the events of a step with the recording. A step is atomic, and yet other events may be
   * recorded between its own; those after the release of a lock may all come later.
   * @returns numbers of the events; null when they differ
   */
  #take(thread: number, unlocks: boolean, names: readonly string[]): number[] | null {
    const taken: number[] = [];
    const k = this.#k;
    let cursor = this.#cursors[thread];
    for (const emitted of this.#recorder.emitted) {
      const key = `${emitted.name} ${emitted.phase}`;
      if (!this.#recorded.has(key)) {
        this.#unrecorded.add(key);
        continue;
      }
      if (cursor < 0) cursor = this.#position;
      const isNext = cursor === this.#position || taken.length > 0 || unlocks;
      const recorded = this.events[cursor];
      if (!isNext || recorded === undefined || !agree(emitted, recorded)) {
        this.#stop(thread, describe(emitted), names, { own: emitted, cursor });
        for (const at of taken) this.#taken[at] = 0;
        return null;
      }
      taken.push(cursor);
      this.#taken[cursor] = 1;
      cursor = this.actors.next[cursor];
    }
    this.#cursors[thread] = k.nextStep(thread) === null ? -1 : cursor;
    while (this.#taken[this.#position] === 1) this.#position++;
    if (this.#position > this.#reached) {
      this.#reached = this.#position;
      this.#tried = 0;
    }
    return taken;
  }

  #takeBack({ thread, moment, position, cursor, calls, taken }: Done): void {
    this.#k.cells.undo(moment);
    this.#position = position;
    this.#cursors[thread] = cursor;
    this.#recorder.calls[thread] = calls;
    for (const at of taken) this.#taken[at] = 0;
  }

  /**
   * Records where a thread that must make the next event does something else.
   * @param step what it emitted, and which of its events was expected
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

  /** What the probe under way in a thread returned, by the recording; 0 when it has no end. */
  #answer(thread: number): number {
    const call = this.#recorder.calls[thread];
    let probe = call ?? null;
    while (probe !== null && probe.call.name !== 'pci_device_probe') probe = probe.outer;
    let at = this.#cursors[thread];
    for (; at >= 0 && at < this.events.length; at = this.actors.next[at]) {
      const e = this.events[at];
      // The driver's own function, where it is recorded, ends first.
      if (e.kind !== 'probe' || e.phase !== 'end') continue;
      if (e.device === probe?.call.device && e.driver === probe?.call.driver) return e.ret ?? 0;
    }
    return 0;
  }
}

const agree = (emitted: Emitted, recorded: RecordedEvent): boolean =>
  emitted.name === recorded.name &&
  emitted.phase === recorded.phase &&
  emitted.device === recorded.device &&
  emitted.driver === recorded.driver &&
  emitted.ret === recorded.ret;

/** An event in words. */
export function describe({ kind, phase, name, device, driver, ret }: Emitted): string {
  const words = [kind, phase, name, device, driver, ret === null ? null : `= ${ret}`];
  return words.filter((word) => word !== null).join(' ');
}

function stateOf(k: Kernel, address: string | null): Stuck['state'] {
  const dev = address === null ? 0 : k.findDevice(k.world.place(address));
  if (dev === 0) return null;
  return { driver: k.driverOf(dev), override: k.overrideOf(dev) };
}
