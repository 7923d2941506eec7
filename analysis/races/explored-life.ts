/** All orders of what a recording shows of one function in its life. */
import {
  type Condition,
  type ExplainedStep,
  type Explanation,
  type Exploration,
  endOf,
  explainRun,
  exploreOrders,
  type Outcome,
  World,
  withDriverOf,
} from '../../replay/index.js';
import type { Bdf, Seq, TraceReader } from '../../traces/index.js';
import { flagsOf } from './find.js';
import { type LifeRun, type OnDifference, recordedOperation, runOfLife } from './life-run.js';
import type { Operation } from './operation.js';
import { readLives } from './read-lives.js';

export interface LifeOptions {
  /** Only lives of this function. */
  readonly device?: Bdf;
  /** Only lives with an operation that began in this range. */
  readonly seqs?: readonly [number, number];
  /** Release of the kernel, for recordings that do not say. */
  readonly kernel: string;
  readonly states: number;
  /** Errors of operations distinguish outcomes, too. */
  readonly byErrors?: boolean;
  readonly onDifference: OnDifference;
  /** What no order may end with, by the function and the run. */
  readonly forbidden: (life: RecordedLife) => Condition;
}

/** A life as a run, and how it ended in the recorded order. */
export interface RecordedLife {
  readonly device: Bdf;
  /** First and last operation. */
  readonly from: Seq;
  readonly to: Seq;
  /** What was assumed of the PF's sriov_drivers_autoprobe; null where it is known. */
  readonly assumed: boolean | null;
  readonly life: LifeRun;
  readonly world: World;
  /** The end of the recorded order. */
  readonly end: Outcome;
}

export interface ExploredLife extends RecordedLife {
  readonly found: Exploration;
}

/** Lives in which at least two actors did something. */
export function* recordedLives(
  reader: TraceReader,
  { device, seqs, kernel, onDifference }: Omit<LifeOptions, 'states' | 'byErrors' | 'forbidden'>,
): Generator<RecordedLife> {
  const { all, worldOf } = readLives(reader);
  for (const lifetime of all) {
    const { operations } = lifetime;
    if (device !== undefined && lifetime.device !== device) continue;
    const actors = new Set(operations.map(({ actor }) => actor.tid));
    if (actors.size < 2 || !isWithin(operations, seqs)) continue;
    const flags = flagsOf(lifetime);
    for (const flag of flags) {
      const life = runOfLife(lifetime, worldOf(lifetime, flag), kernel, onDifference);
      const world = new World(life.run);
      const numbers = operations.map(({ seq }) => seq);
      yield {
        device: lifetime.device,
        from: Math.min(...numbers) as Seq,
        to: Math.max(...numbers) as Seq,
        assumed: flags.length > 1 ? flag : null,
        life,
        world,
        end: withDriverOf(endOf(world, life.schedule), lifetime.device),
      };
    }
  }
}

const isWithin = (operations: readonly Operation[], seqs?: readonly [number, number]): boolean =>
  seqs === undefined || operations.some(({ seq }) => seq >= seqs[0] && seq <= seqs[1]);

/** All orders of each life. */
export function* exploreLives(reader: TraceReader, options: LifeOptions): Generator<ExploredLife> {
  for (const recorded of recordedLives(reader, options)) {
    const forbidden = options.forbidden(recorded);
    const found = exploreOrders(recorded.world, {
      states: options.states,
      exact: false,
      reduce: 'ifNeeded',
      samples: SAMPLES,
      question: recorded.device,
      byErrors: options.byErrors ?? false,
      isBad: (outcome, k) => forbidden.holds(k, outcome),
      watches: forbidden.watches,
    });
    yield { ...recorded, found };
  }
}

/** Runs by chance, when there are too many states. */
const SAMPLES = 500;

/** Why a life ended otherwise than wanted; events are those of the recording. */
export function explainLife(
  { device, life, world }: RecordedLife,
  states: number,
  want: Condition,
): Explanation | null {
  const found = explainRun(world, life.schedule, {
    states,
    watches: want.watches,
    isBad: (outcome, k) => !want.holds(k, outcome),
  });
  if (found === null) return null;
  const placed = (step: ExplainedStep): ExplainedStep => {
    const operation = recordedOperation(life, step.actor, step.operation);
    return { ...step, seq: operation?.seq ?? null };
  };
  return {
    ...found,
    bad: withDriverOf(found.bad, device),
    wanted: withDriverOf(found.wanted, device),
    inversions: found.inversions.map(({ first, second }) => ({
      first: placed(first),
      second: placed(second),
    })),
    lost: placed(found.lost),
  };
}
