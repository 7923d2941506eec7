/**
 * Finds an order of the steps in which the kernel makes the events of a recording in their order.
 * The recording does not show when the steps between two events were done. They are done at once;
 * where that does not lead on, orders are tried that differ in what the failure depends on, each
 * state once.
 */
import type { CellLog, RunSpec } from '../kernel/index.js';
import type { Actors } from './actors.js';
import type { KnownRecording } from './known-recording.js';
import type { ProbeAnswer } from './noted-drivers.js';
import { type Answers, type Done, Stepper, type Stuck } from './stepper.js';

export interface Followed {
  /** Events that came out as recorded. */
  readonly equal: number;
  readonly stuck: Stuck | null;
  /** Every order of steps was tried; false when there were too many. */
  readonly exhaustive: boolean;
  /** The difference is of a process whose files were guessed. */
  readonly isGuess: boolean;
  /** The thread of each step, up to where it is stuck. */
  readonly schedule: readonly number[];
  /** What native drivers answered to the probes of these steps, in their order. */
  readonly probes: readonly ProbeAnswer[];
  /** Functions that were run and that the recording has no such event at all. */
  readonly unrecorded: readonly string[];
}

export interface FollowOptions {
  readonly answers: Answers;
  /** Steps tried after the furthest event before the search is given up. */
  readonly stepsMax: number;
}

const USUAL: FollowOptions = { answers: 'recorded', stepsMax: 50_000 };
/** The same for an event of a process whose files were guessed. */
const GUESS_STEPS_MAX = 1_000;

/** A state of the search: the threads that are still to be tried in it. */
interface Choice {
  readonly by: Done | null;
  readonly key: string;
  readonly options: number[];
  /** Threads in the middle of something, to be tried first: one that can go on suffices. */
  eager: number[];
  readonly tried: Set<number>;
  /** Threads that wait, each until somebody writes one of the cells that it reads next. */
  readonly held: ReadonlyMap<number, ReadonlySet<number>>;
  /** Threads whose step led to no end: others go on first. */
  readonly delayed: Map<number, ReadonlySet<number>>;
  readonly failure: Failure;
}

/** That no thread led on from a state, and why. */
interface Failure {
  /** Cells on which it depends. */
  readonly cells: Set<number>;
  /** Threads that did something else than the recording, or could not go on. */
  readonly threads: Set<number>;
}

/** Follows a recording: first with the orders that are near, then with all that may matter. */
export function follow(
  spec: RunSpec,
  recording: KnownRecording,
  actors: Actors,
  { answers, stepsMax }: FollowOptions = USUAL,
): Followed {
  const stepper = () => new Stepper(spec, recording, actors, answers);
  const near = new Follower(stepper(), stepsMax, false).follow();
  if (near.stuck === null || near.isGuess) return near;
  const wide = new Follower(stepper(), stepsMax, true).follow();
  return wide.equal > near.equal ? wide : { ...near, exhaustive: wide.exhaustive };
}

class Follower {
  /** States from which nothing led on, and why. */
  readonly #failed = new Map<string, Failure>();

  /**
   * @param isWide every order is tried that may matter; else only those in which a thread that
   *   failed read something earlier or later, or others wrote it earlier
   */
  constructor(
    private readonly stepper: Stepper,
    private readonly stepsMax: number,
    private readonly isWide: boolean,
  ) {}

  follow(): Followed {
    const { stepper } = this;
    const path: Choice[] = [this.#choiceAfter(null, '', NOBODY)];
    while (!stepper.isAtEnd) {
      const choice = path[path.length - 1];
      const isEager = choice.eager.length > 0;
      const thread = choice.eager.shift() ?? choice.options.shift();
      if (thread === undefined) {
        this.#failed.set(choice.key, choice.failure);
        path.pop();
        if (choice.by === null) break;
        stepper.takeBack(choice.by);
        this.#blame(path[path.length - 1], choice.by, choice.failure);
        continue;
      }
      choice.tried.add(thread);
      const by = stepper.try(thread);
      if (!('taken' in by)) {
        this.#refused(choice, thread, by.log);
        continue;
      }
      if (isEager) choice.eager = [];
      const most = stepper.isGuess ? GUESS_STEPS_MAX : this.stepsMax;
      if (stepper.tried > most) return this.#result(path, false);
      const { key } = stepper;
      const failure = this.#failed.get(key);
      if (failure === undefined) {
        path.push(this.#choiceAfter(by, key, heldAfter(choice, by)));
        continue;
      }
      stepper.takeBack(by);
      this.#blame(choice, by, failure);
    }
    return this.#result(path, true);
  }

  #result(path: readonly Choice[], exhaustive: boolean): Followed {
    const { stepper } = this;
    const stuck = stepper.isAtEnd ? null : stepper.furthest();
    const { unrecorded, isGuess, probes } = stepper;
    const schedule = path.flatMap(({ by }) => (by === null ? [] : [by.thread]));
    const equal = stuck?.equal ?? stepper.position;
    return { equal, stuck, exhaustive, schedule, probes, unrecorded, isGuess };
  }

  /**
   * A thread goes on at once with what it does without an event, for so it is in most cases; then
   * the thread of the next event is tried.
   */
  #choiceAfter(by: Done | null, key: string, held: Choice['held']): Choice {
    const { stepper } = this;
    const options = stepper.isAtEnd ? [] : stepper.threadsOfNext();
    const eager = stepper.inCalls().filter((thread) => !held.has(thread));
    const failure = { cells: new Set<number>(), threads: new Set<number>() };
    return { by, key, options, eager, tried: new Set(), held, delayed: new Map(), failure };
  }

  /** Notes on what it depends that the thread of the next event did not make it. */
  #refused(choice: Choice, thread: number, log: CellLog): void {
    // That another thread has come to an event of its own only means that it can do no more.
    if (!this.stepper.threadsOfNext().includes(thread)) return;
    this.#dependsOn(choice.failure, log.reads);
    choice.failure.threads.add(thread);
    this.#addOptions(choice);
  }

  /**
   * A step led to a state from which nothing leads on. When it wrote something that this depends
   * on, the threads that failed are tried before it; when it is a step of theirs, those that write
   * what it read.
   */
  #blame(choice: Choice, by: Done, { cells, threads }: Failure): void {
    const { tried, options, failure } = choice;
    this.#dependsOn(failure, cells);
    for (const thread of threads) failure.threads.add(thread);
    const { log, thread } = by;
    if (!meets(log.writes, cells)) return;
    const isOwn = failure.threads.has(thread);
    if (isOwn || this.isWide) this.#dependsOn(failure, log.reads);
    if (isOwn) {
      choice.delayed.set(thread, log.reads);
      const later = this.stepper.threadsOfNext().filter((one) => !tried.has(one));
      options.push(...later.filter((one) => !options.includes(one)));
    }
    const isCounter = (cell: number) => this.stepper.isCounter(cell);
    for (const busy of this.stepper.busy()) {
      const { reads, writes, first } = this.stepper.silent(busy);
      if (tried.has(first) || options.includes(first)) continue;
      const isFailing = failure.threads.has(busy);
      if (!isOwn && !isFailing && !this.isWide) continue;
      const matters =
        meets(writes, failure.cells) ||
        meets(reads, log.writes, isCounter) ||
        meets(writes, log.reads, isCounter);
      if (matters) options.push(first);
    }
  }

  #dependsOn({ cells }: Failure, more: ReadonlySet<number>): void {
    for (const cell of more) if (!this.stepper.isCounter(cell)) cells.add(cell);
  }

  /** Adds threads whose steps without an event write what the failure depends on. */
  #addOptions({ tried, options, failure }: Choice): void {
    for (const thread of this.stepper.busy()) {
      const { writes, first } = this.stepper.silent(thread);
      if (tried.has(first) || options.includes(first)) continue;
      if (meets(writes, failure.cells)) options.push(first);
    }
  }
}

/** Threads that still wait after a step: not its own, nor those for which it changed something. */
function heldAfter({ held, delayed }: Choice, { thread, log }: Done): Choice['held'] {
  if (held.size === 0 && delayed.size === 0) return NOBODY;
  const after = new Map([...held, ...delayed]);
  for (const [one, cells] of after) {
    if (one === thread || meets(log.writes, cells)) after.delete(one);
  }
  return after;
}

const NOBODY: Choice['held'] = new Map();

/** Whether two sets of cells have one in common, except those that are ignored. */
function meets(
  a: ReadonlySet<number>,
  b: ReadonlySet<number>,
  isIgnored: (cell: number) => boolean = () => false,
): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const cell of few) if (many.has(cell) && !isIgnored(cell)) return true;
  return false;
}
