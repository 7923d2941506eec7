import {
  type Batch,
  type Kind,
  kindFacts,
  type Phase,
  type Seq,
  type TraceMeta,
} from '../../../traces/index.js';
import { endLoading, mayAnswerItself, RULES, STRACE_RULES } from '../rules/index.js';
import { copyOf } from './deep-copy.js';
import { Engine, type EngineData, type Rule } from './engine.js';
import { EventCursor } from './event-cursor.js';
import { callOfGraph, type GraphFunction } from './graph-calls.js';
import { likelyCause } from './likely-cause.js';
import { isLossy, type LossyRows, lastRows, lossesOf } from './lossy-rows.js';
import { type MachineState, machineState } from './plain-state.js';
import type { SnapshotDoubt } from './snapshot-trust.js';
import { RollingHash } from './state-hash.js';
import {
  type Counts,
  countsOf,
  type Difference,
  newTally,
  STIMULUS,
  type Tally,
  UNKNOWN,
  type Verdict,
} from './verdict.js';

export interface ReplayOptions {
  /** Release of the recorded kernel, such as `6.1.0-56-amd64`: which rules hold. */
  readonly kernel?: string | undefined;
  /** Clock of the recording, to compare the time of a snapshot with; `unknown` when missing. */
  readonly clock?: string;
  /** Notes of the recording, which may list the probes it was made with. */
  readonly notes?: TraceMeta['notes'];
  /** Stop before this event. */
  readonly until?: number;
  /** Divergences kept in the result; all are counted. */
  readonly divergencesMax?: number;
  /** Called after every event, with the state that it led to. */
  readonly observe?: (e: EventCursor, verdict: Verdict, engine: Engine) => void;
}

/** A response that was not what the models predicted. */
export interface Divergence extends Pick<Difference, 'expected' | 'actual' | 'path'> {
  readonly seq: Seq;
  readonly kind: string;
  readonly phase: Phase;
  readonly name: string;
  readonly device: string | null;
  /** The last events before it that concerned the device's binding, oldest first. */
  readonly touched: readonly Seq[];
  /** What most likely made the difference. */
  readonly cause: string;
}

export interface ReplayResult extends Counts {
  readonly events: number;
  /** Events that entered the machine from outside; the others are responses. */
  readonly stimuli: number;
  readonly responses: number;
  /** Responses by kind and verdict. */
  readonly kinds: Readonly<Record<string, Counts>>;
  readonly finalState: MachineState;
  /** Hash of all verdicts, of the states on the way at every 16384th event, and of the last. */
  readonly stateHash: string;
  readonly divergences: readonly Divergence[];
  /** Where the recording contradicts the snapshot at its beginning; empty without one. */
  readonly snapshot: {
    /** False: it is of another machine or boot, and nothing of it was used. */
    readonly used: boolean;
    readonly doubts: readonly SnapshotDoubt[];
  };
}

const DIVERGENCES_MAX = 1000;
/** Events that are named with a divergence. */
const TOUCHED_MAX = 5;

/**
 * Replays a recording on the models: applies stimuli to the machine, and predicts every response
 * before reading it.
 * @param batches the events in order, such as `TraceReader.read()`
 */
export function replay(batches: Iterable<Batch>, options: ReplayOptions = {}): ReplayResult {
  const replayer = new Replayer(options);
  for (const batch of batches) if (!replayer.feed(batch)) break;
  return replayer.result();
}

/** Everything that a replay needs to continue. Plain data. */
export interface Checkpoint {
  /** The next event. */
  readonly seq: number;
  readonly stimuli: number;
  readonly engine: EngineData;
  readonly hash: readonly [number, number];
  readonly kinds: ReadonlyMap<string, Tally>;
  readonly touched: ReadonlyMap<string, readonly Seq[]>;
  readonly divergences: readonly Divergence[];
}

/** Folds events one batch after the other. */
export class Replayer {
  readonly engine: Engine;
  readonly #cursor = new EventCursor();
  readonly #hash: RollingHash;
  readonly #kinds: Map<string, Tally>;
  readonly #divergences: Divergence[];
  readonly #touched: Map<string, Seq[]>;
  readonly #handlers: (KindHandler | undefined)[] = [];
  readonly #until: number;
  #named = false;
  /** Losses in the batch that was fed last. */
  #losses: { readonly batch: Batch; readonly found: readonly LossyRows[] } | null = null;
  /** The last rows of CPUs in that batch, if they were needed. */
  #lastRows: readonly number[] | null | 'not looked up' = 'not looked up';
  #next: number;
  #stimuli: number;

  /** @param from where to go on; the beginning when missing */
  constructor(
    readonly options: ReplayOptions = {},
    from?: Checkpoint,
  ) {
    const { kernel } = options;
    this.engine = from === undefined ? new Engine(kernel) : new Engine(kernel, copyOf(from.engine));
    this.#hash = new RollingHash(from?.hash);
    this.#kinds = from === undefined ? new Map() : copyOf(new Map(from.kinds));
    this.#touched = from === undefined ? new Map() : (copyOf(from.touched) as Map<string, Seq[]>);
    this.#divergences = [...(from?.divergences ?? [])];
    this.#next = from?.seq ?? 0;
    this.#stimuli = from?.stimuli ?? 0;
    this.#until = options.until ?? Number.POSITIVE_INFINITY;
  }

  /** The event that comes next. */
  get next(): number {
    return this.#next;
  }

  /** The state from which a later replay can continue. */
  checkpoint(): Checkpoint {
    return {
      seq: this.#next,
      stimuli: this.#stimuli,
      engine: this.engine.save(),
      hash: this.#hash.state,
      kinds: copyOf(this.#kinds),
      touched: copyOf(this.#touched),
      divergences: [...this.#divergences],
    };
  }

  /**
   * Processes the remaining events of a batch, up to one.
   * @param until the event to stop before, if it is earlier than the option's
   * @returns false when the event to stop at was reached
   */
  feed(batch: Batch, until = this.#until): boolean {
    const cursor = this.#cursor;
    cursor.open(batch);
    this.engine.nesting.open(batch);
    if (!this.#named) this.engine.setRecordedNames(cursor.names, this.options.notes);
    this.#named = true;
    if (this.#losses?.batch !== batch) {
      this.#losses = { batch, found: lossesOf(batch) };
      this.#lastRows = 'not looked up';
    }
    // An unreadable part of the trace is a loss without a report.
    if (this.#next > 0 && batch.seqFirst > this.#next) this.engine.onEventsLost();
    const first = Math.max(0, this.#next - batch.seqFirst);
    if (first === 0) {
      this.engine.addBeginless(cursor.beginless());
      this.#checkSnapshot(cursor);
    }
    const end = Math.min(batch.rows, Math.max(0, Math.min(until, this.#until) - batch.seqFirst));
    this.#replayRows(cursor, first, end);
    this.#next = Math.max(this.#next, batch.seqFirst + end);
    return end === batch.rows;
  }

  /** A separate loop: code that runs once per batch would have it compiled again for each batch. */
  #replayRows(e: EventCursor, first: number, end: number): void {
    for (let row = first; row < end; row++) {
      e.moveTo(row);
      this.#step(e);
    }
  }

  /** What was held against the kernel by a snapshot that is not of this recording is withdrawn. */
  #checkSnapshot(cursor: EventCursor): void {
    if (!this.engine.contradictsSnapshot(cursor, this.options.clock ?? 'unknown')) return;
    this.engine.ignoreSnapshot();
    this.#divergences.length = 0;
    for (const tally of this.#kinds.values()) {
      tally[UNKNOWN.code] += tally[DIVERGED];
      tally[DIVERGED] = 0;
    }
  }

  #step(e: EventCursor): void {
    const handler = this.#handlers[e.kindId] ?? this.#handlerFor(e);
    this.engine.recordBegin(e);
    if (this.engine.machine.claims.areLoading) endLoading(this.engine, e);
    const verdict = this.#demoteIfLossy(e, this.#judge(e, handler));
    if (verdict.type === 'stimulus') this.#stimuli++;
    else this.#recordVerdict(e, handler, verdict);
    if (handler.inHistory) this.#addRecentEvent(e);
    if (e.seq % HASHED_EVERY === HASHED_EVERY - 1) this.#hashState();
    this.options.observe?.(e, verdict, this.engine);
  }

  /** The rule's verdict; where the place among other calls contradicts it, that counts. */
  #judge(e: EventCursor, handler: KindHandler): Verdict {
    const rule = e.isOfStrace ? handler.ofStrace : handler.rule;
    if (rule === null) return STIMULUS;
    const fn = functionOf(handler, e);
    const misplaced = fn === null ? null : this.engine.nesting.check(fn, e);
    const verdict = rule(this.engine, e);
    if (misplaced === null || verdict.type === 'diverge') return verdict;
    if (verdict.type === 'unmodelled' || mayAnswerItself(this.engine, e)) return verdict;
    return this.#mayLoseLater(e) ? verdict : misplaced;
  }

  /** Whether a CPU has no further event in the batch: the next batch may report a loss of it. */
  #mayLoseLater(e: EventCursor): boolean {
    const { batch } = this.#losses ?? {};
    if (batch === undefined) return false;
    if (this.#lastRows === 'not looked up') this.#lastRows = lastRows(batch);
    return this.#lastRows?.some((row) => row < e.row) ?? false;
  }

  /** A divergence that lost events may explain becomes `unknown`. */
  #demoteIfLossy(e: EventCursor, verdict: Verdict): Verdict {
    if (verdict.type !== 'diverge') return verdict;
    if (!this.engine.coversKernel) return UNKNOWN;
    return isLossy(this.#losses?.found ?? [], e.row) ? UNKNOWN : verdict;
  }

  #handlerFor(e: EventCursor): KindHandler {
    const { kind } = e;
    const rule = RULES[kind as Kind] ?? null;
    const inHistory = rule !== null && kindFacts(kind)?.frequent !== true;
    const tally = this.#kinds.get(kind) ?? null;
    const ofStrace = STRACE_RULES[kind as Kind] ?? rule;
    const handler: KindHandler = { kind, rule, ofStrace, inHistory, tally, functions: [] };
    this.#handlers[e.kindId] = handler;
    return handler;
  }

  /** Makes the hashes of replays differ that reach the same end through different states. */
  #hashState(): void {
    this.#hash.text(JSON.stringify(machineState(this.engine)));
  }

  #addRecentEvent(e: EventCursor): void {
    const { device } = e;
    if (device === null) return;
    const last = this.#touched.get(device);
    if (last === undefined) this.#touched.set(device, [e.seq]);
    else if (last.push(e.seq) > TOUCHED_MAX) last.shift();
  }

  #recordVerdict(
    e: EventCursor,
    handler: KindHandler,
    verdict: Exclude<Verdict, typeof STIMULUS>,
  ): void {
    handler.tally ??= this.#tallyOf(e.kind);
    handler.tally[verdict.code]++;
    this.#hash.word(e.seq);
    this.#hash.word(verdict.code);
    if (verdict.type !== 'diverge') return;
    const { expected, actual, path } = verdict;
    for (const text of [path, expected, actual]) this.#hash.text(text);
    if (this.#divergences.length >= (this.options.divergencesMax ?? DIVERGENCES_MAX)) return;
    const { seq, kind, phase, name, device } = e;
    const touched = [...(this.#touched.get(device ?? '') ?? [])];
    const cause = likelyCause(path);
    const what = { expected, actual, path };
    this.#divergences.push({ seq, kind, phase, name, device, ...what, touched, cause });
  }

  #tallyOf(kind: string): Tally {
    const tally = newTally();
    this.#kinds.set(kind, tally);
    return tally;
  }

  result(): ReplayResult {
    const sum = newTally();
    for (const tally of this.#kinds.values()) {
      for (let code = 0; code < sum.length; code++) sum[code] += tally[code];
    }
    const total = countsOf(sum);
    const kinds = [...this.#kinds].sort(([a], [b]) => (a < b ? -1 : 1));
    const finalState = machineState(this.engine);
    const hash = new RollingHash(this.#hash.state);
    hash.text(JSON.stringify(finalState));
    const responses = total.matched + total.diverged + total.unmodelled + total.unknown;
    return {
      events: responses + this.#stimuli,
      stimuli: this.#stimuli,
      responses,
      ...total,
      kinds: Object.fromEntries(kinds.map(([kind, tally]) => [kind, countsOf(tally)])),
      finalState,
      stateHash: hash.digest,
      divergences: this.#divergences,
      snapshot: { used: !this.engine.snapshot.ignored, doubts: [...this.engine.snapshot.doubts] },
    };
  }
}

/** How the events of one kind are handled. */
interface KindHandler {
  readonly kind: string;
  /** Null: nothing, they are stimuli that change no state. */
  readonly rule: Rule | null;
  /** The same, of those that strace recorded. */
  readonly ofStrace: Rule | null;
  /** They are named with a divergence of their device. */
  readonly inHistory: boolean;
  tally: Tally | null;
  /** Functions of the call graph by the number of their name, once looked up. */
  readonly functions: (GraphFunction | null)[];
}

/** The function of an event, by its name; of an ioctl, named by its command, by its path, too. */
function functionOf({ kind, functions }: KindHandler, e: EventCursor): GraphFunction | null {
  const key = kind === 'ioctl' ? ioctlKey(e) : e.nameId + 1;
  let fn = functions[key];
  if (fn === undefined) {
    fn = callOfGraph(e);
    functions[key] = fn;
  }
  return fn;
}

const ioctlKey = ({ path, deviceId, driverId, nameId }: EventCursor): number => {
  const place = path === 'vfio' ? 0 : path !== 'kernel' ? 1 : deviceId < 0 ? 2 : 3;
  return 8 * (nameId + 1) + 2 * place + (driverId < 0 ? 0 : 1);
};

const DIVERGED: Difference['code'] = 7;

/** Events between two states that go into the hash. */
const HASHED_EVERY = 16_384;
