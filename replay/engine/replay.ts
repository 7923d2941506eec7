import type { Batch, Kind, Phase, Seq } from '../../traces/index.js';
import { RULES, UNMODELLED } from '../rules/index.js';
import { EventCursor } from './cursor.js';
import { Engine, type Rule } from './engine.js';
import { RollingHash } from './hash.js';
import { type MachineState, machineState } from './state.js';
import { type Counts, count, type Difference, noCounts, type Verdict } from './verdict.js';

export interface ReplayOptions {
  /** Release of the recorded kernel, such as `6.1.0-56-amd64`: which rules hold. */
  readonly kernel?: string | undefined;
  /** Stop before this event. */
  readonly until?: number;
  /** Divergences kept in the result; all are counted. */
  readonly divergencesMax?: number;
  /** Called after every event, with the state that it led to; null: the event was a stimulus. */
  readonly observe?: (e: EventCursor, verdict: Verdict, engine: Engine) => void;
}

/** A response that was not what the models predicted. */
export interface Divergence extends Difference {
  readonly seq: Seq;
  readonly kind: string;
  readonly phase: Phase;
  readonly name: string;
  readonly device: string | null;
}

export interface ReplayResult {
  readonly events: number;
  /** Events that entered the machine from outside; the others are responses. */
  readonly stimuli: number;
  readonly responses: number;
  readonly matched: number;
  readonly diverged: number;
  readonly unmodelled: number;
  readonly unknown: number;
  /** Responses by kind and verdict. */
  readonly kinds: Readonly<Record<string, Counts>>;
  readonly finalState: MachineState;
  /** Hash of all verdicts and of the final state. */
  readonly stateHash: string;
  readonly divergences: readonly Divergence[];
}

const DIVERGENCES_MAX = 1000;

/**
 * Re-drives a recording through the models: stimuli are fed to the machine, every response is
 * predicted before it is looked at.
 * @param batches the events in order, such as `TraceReader.read()`
 */
export function replay(batches: Iterable<Batch>, options: ReplayOptions = {}): ReplayResult {
  const replayer = new Replayer(options);
  for (const batch of batches) if (!replayer.feed(batch)) break;
  return replayer.result();
}

/** Folds events one batch after the other. */
export class Replayer {
  readonly engine: Engine;
  readonly #cursor = new EventCursor();
  readonly #hash = new RollingHash();
  readonly #kinds = new Map<string, Counts>();
  readonly #divergences: Divergence[] = [];
  readonly #rules: (Rule | null)[] = [];
  readonly #until: number;
  #events = 0;
  #stimuli = 0;

  constructor(readonly options: ReplayOptions = {}) {
    this.engine = new Engine(options.kernel);
    this.#until = options.until ?? Number.POSITIVE_INFINITY;
  }

  /** @returns false when the event to stop at was reached */
  feed(batch: Batch): boolean {
    const cursor = this.#cursor;
    cursor.open(batch);
    if (this.#events === 0) this.engine.recorded(cursor.names);
    const rows = batch.rows;
    const stop = this.#until - batch.seqFirst;
    const end = Math.min(rows, Math.max(0, stop));
    for (let row = 0; row < end; row++) {
      cursor.row = row;
      this.#step(cursor);
    }
    return end === rows;
  }

  #step(e: EventCursor): void {
    this.#events++;
    const rule = this.#rules[e.kindId] ?? this.#ruleFor(e);
    const verdict = rule(this.engine, e);
    this.options.observe?.(e, verdict, this.engine);
    if (verdict === null) {
      this.#stimuli++;
      return;
    }
    this.#tell(e, verdict);
  }

  #ruleFor(e: EventCursor): Rule {
    const kind = e.kind as Kind;
    const rule = RULES[kind] ?? (UNMODELLED.has(kind) ? unmodelled : stimulus);
    this.#rules[e.kindId] = rule;
    return rule;
  }

  #tell(e: EventCursor, verdict: NonNullable<Verdict>): void {
    const { kind } = e;
    let counts = this.#kinds.get(kind);
    if (counts === undefined) {
      counts = noCounts();
      this.#kinds.set(kind, counts);
    }
    count(counts, verdict);
    this.#hash.word(e.seq);
    this.#hash.word(typeof verdict === 'string' ? verdict.length : 0);
    if (typeof verdict === 'string') return;
    if (this.#divergences.length >= (this.options.divergencesMax ?? DIVERGENCES_MAX)) return;
    const { seq, phase, name, device } = e;
    this.#divergences.push({ seq, kind, phase, name, device, ...verdict });
  }

  result(): ReplayResult {
    const total = noCounts();
    for (const counts of this.#kinds.values()) {
      for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key];
    }
    const finalState = machineState(this.engine.machine);
    const hash = this.#hash;
    hash.text(JSON.stringify(finalState));
    return {
      events: this.#events,
      stimuli: this.#stimuli,
      responses: this.#events - this.#stimuli,
      ...total,
      kinds: Object.fromEntries([...this.#kinds].sort(([a], [b]) => (a < b ? -1 : 1))),
      finalState,
      stateHash: hash.digest,
      divergences: this.#divergences,
    };
  }
}

const stimulus: Rule = () => null;
const unmodelled: Rule = (_engine, e) => (e.phase === 'end' ? 'unmodelled' : null);
