/** A whole run: chooses the next thread until none can continue. */
import { assert, errnoName } from '../../traces/index.js';
import { type Deadlock, findDeadlock } from './blocked.js';
import type { Kernel } from './kernel.js';
import { FAULT, GLOBAL } from './layout.js';
import { operationsDone } from './procedures/waiting-for.js';

/** Chooses one of the threads that can continue; -1 if there is none. */
export type Scheduler = (k: Kernel) => number;

/** The threads that can continue, in the order of their numbers. */
export function readyThreads(k: Kernel): number[] {
  const ready: number[] = [];
  for (let thread = 0; thread < k.threads; thread++) if (k.canRun(thread)) ready.push(thread);
  return ready;
}

/** A stream of numbers from a seed (mulberry32): the same numbers on every machine. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** How many steps a thread runs on average: threads that alternate strictly rarely race. */
const BURSTS = [1, 4, 16, 64] as const;

/**
 * Any thread that can continue. It runs for some steps before another is chosen; their average
 * number is chosen for each run.
 */
export function randomly(seed: number): Scheduler {
  const next = randomNumbers(seed);
  const burst = BURSTS[next() % BURSTS.length];
  let thread = -1;
  return (k) => {
    // Most steps continue a thread: the others are not looked at.
    const goesOn = next() % burst !== 0 && thread >= 0 && k.canRun(thread);
    if (goesOn) return thread;
    const ready = readyThreads(k);
    if (ready.length > 0) thread = ready[next() % ready.length];
    return ready.length > 0 ? thread : -1;
  };
}

/** Runs each thread until it waits or ends, the first one first. */
export const oneAfterTheOther: Scheduler = (k) => {
  for (let thread = 0; thread < k.threads; thread++) if (k.canRun(thread)) return thread;
  return -1;
};

export interface Outcome {
  /** Driver of each existing function; null if it has none. */
  readonly drivers: Readonly<Record<string, string | null>>;
  readonly deadlock: Deadlock | null;
  /** Bugs of the kernel that were hit. */
  readonly faults: readonly (keyof typeof FAULT)[];
  /** Operations that each actor did not reach, by its name; actors that did all are omitted. */
  readonly notDone: Readonly<Record<string, number>>;
  /** Errors of the operations of each actor, in their order. */
  readonly errors: Readonly<Record<string, readonly string[]>>;
  /** The same by the number of the operation, from 1; actors without any are left out. */
  readonly failed: Readonly<Record<string, Readonly<Record<number, string>>>>;
  /** What actors remember at the end, by the name of the variable; null if it is not set. */
  readonly variables: Readonly<Record<string, string | null>>;
  readonly steps: number;
  /** Hash of the last state. */
  readonly hash: string;
}

/** Steps after which a run is aborted. */
const STEPS_MAX = 1_000_000;

/**
 * Runs until no thread can go on.
 * @param observe called after every step
 */
export function run(k: Kernel, schedule: Scheduler, observe?: (k: Kernel) => void): Outcome {
  for (let steps = 0; ; steps++) {
    assert(steps < STEPS_MAX, `a run ends within ${STEPS_MAX} steps`);
    const thread = schedule(k);
    if (thread < 0) return outcomeOf(k, steps);
    k.step(thread);
    k.cells.forgetUndo();
    observe?.(k);
  }
}

/** How a run has ended. @param steps that it took */
export function outcomeOf(k: Kernel, steps: number): Outcome {
  const { actors } = k.world;
  const left = actors.map(({ name, operations }, i): [string, number] => [
    name,
    operations.length - operationsDone(k, i),
  ]);
  const faults = k.get(GLOBAL.faults);
  const failed = failedOf(k);
  return {
    drivers: driversOf(k),
    deadlock: findDeadlock(k),
    faults: (Object.keys(FAULT) as (keyof typeof FAULT)[]).filter((f) => (faults & FAULT[f]) !== 0),
    errors: Object.fromEntries(
      actors.map(({ name }) => [name, Object.values<string>(failed[name] ?? {})]),
    ),
    failed,
    notDone: Object.fromEntries(left.filter(([, n]) => n > 0)),
    variables: variablesOf(k),
    steps,
    hash: k.cells.hash,
  };
}

function failedOf(k: Kernel): Record<string, Record<number, string>> {
  const ofActor = (i: number, count: number): [number, string][] => {
    const results = Array.from({ length: count }, (_, n) => k.get(k.errorOf(i, n)));
    return results.flatMap((ret, n) =>
      ret < 0 ? [[n + 1, errnoName(ret).replace('-', '')] as [number, string]] : [],
    );
  };
  const all = k.world.actors.map(
    ({ name, operations }, i) => [name, ofActor(i, operations.length)] as const,
  );
  return Object.fromEntries(
    all.filter(([, own]) => own.length > 0).map(([name, own]) => [name, Object.fromEntries(own)]),
  );
}

const variablesOf = (k: Kernel): Record<string, string | null> =>
  Object.fromEntries(k.world.variables.names.map((name) => [name, k.variable(name)]));

/** Driver of each function that is there, by address. */
function driversOf(k: Kernel): Record<string, string | null> {
  const drivers: Record<string, string | null> = {};
  for (const place of k.world.places) {
    const dev = k.findDevice(place);
    if (dev !== 0) drivers[place.address] = k.boundDriverOf(dev);
  }
  return drivers;
}
