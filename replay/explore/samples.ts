/** Schedules by chance, for spaces that are too large to search. */
import {
  type Kernel,
  oneAfterTheOther,
  randomNumbers,
  readyThreads,
  type Scheduler,
} from '../kernel/index.js';
import { type Ending, endingOf, type Judgement } from './outcome-set.js';
import { runOf, scheduleOf } from './witness.js';

export interface Sample extends Ending {
  /** The thread of each step. */
  readonly schedule: readonly number[];
}

/** Runs with one schedule after the other. Every second one is SURW's, the others are PCT's. */
export function* samplesOf(begin: Begin, count: number, judgement: Judgement): Generator<Sample> {
  const expected = stepsByThread(begin);
  for (let seed = 1; seed <= count; seed++) {
    const scheduler = seed % 2 === 0 ? uniform(seed, expected) : byPriority(seed, expected);
    yield sample(begin(), scheduler, judgement);
  }
}

/** A kernel at the state at which runs begin. */
export type Begin = () => Kernel;

function sample(begun: Kernel, scheduler: Scheduler, judgement: Judgement): Sample {
  const { outcome, schedule } = runOf(begun, scheduler);
  return { ...endingOf(begun, outcome, judgement), schedule };
}

/** How many steps each thread does in a run, as an estimate. */
function stepsByThread(begin: Begin): number[] {
  const steps: number[] = [];
  for (const thread of scheduleOf(begin(), oneAfterTheOther))
    steps[thread] = (steps[thread] ?? 0) + 1;
  return steps;
}

/**
 * A thread is chosen in proportion to the steps that it has left, so that all orders have about the
 * same probability (SURW: Selectively Uniform Random Walk, ASPLOS 2025).
 */
function uniform(seed: number, expected: readonly number[]): Scheduler {
  const random = randomNumbers(seed);
  const left = [...expected];
  return (k) => {
    const ready = readyThreads(k);
    if (ready.length === 0) return -1;
    const weights = ready.map((thread) => Math.max(1, left[thread] ?? 1));
    let at = random() % weights.reduce((a, b) => a + b, 0);
    const chosen = ready.find((_, i) => {
      at -= weights[i];
      return at < 0;
    });
    const thread = chosen ?? ready[0];
    left[thread] = (left[thread] ?? 1) - 1;
    return thread;
  };
}

/** Ordering constraints of the bugs that are looked for. */
const DEPTHS = [2, 3] as const;

/**
 * The ready thread with the highest priority. At a few steps, chosen by chance, the thread that
 * runs gets the lowest priority (PCT: Burckhardt and others, ASPLOS 2010).
 */
function byPriority(seed: number, expected: readonly number[]): Scheduler {
  const random = randomNumbers(seed);
  const length = expected.reduce((a, b) => a + b, 0);
  const changes = DEPTHS[random() % DEPTHS.length] - 1;
  const at = new Set(Array.from({ length: changes }, () => random() % Math.max(1, length)));
  const priorities = new Map<number, number>();
  const priorityOf = (thread: number): number => {
    const known = priorities.get(thread) ?? random() + 1;
    priorities.set(thread, known);
    return known;
  };
  let step = 0;
  return (k) => {
    const ready = readyThreads(k);
    if (ready.length === 0) return -1;
    const highest = () => ready.reduce((a, b) => (priorityOf(b) > priorityOf(a) ? b : a));
    if (at.has(step)) priorities.set(highest(), -step);
    step++;
    return highest();
  };
}
