/** The forms in which steps of procedures are written. */
import type { Kernel } from './kernel.js';
import type { Next, Procedure, Step as StepOf, Wait as WaitOf } from './procedure.js';

type Step = StepOf<Kernel>;
type Wait = WaitOf<Kernel>;
/** What a step does; it names the label to go on at, or nothing. */
type Run = ((k: Kernel) => Next) | ((k: Kernel) => void);

const stepOf = (run: Run, wait: Wait | null = null, joined = false): Step => ({
  run: run as (k: Kernel) => Next,
  wait,
  unlocks: false,
  joined,
});

/** A step that is done together with the one before it. */
export const joined = (run: Run): Step => stepOf(run, null, true);

/** Takes a mutex as soon as it is free. A thread that already has it waits forever. */
export function takes(lock: (k: Kernel) => number, then: Run = () => undefined): Step {
  const wait: Wait = {
    ready: (k) => k.get(lock(k)) === 0,
    what: (k) => k.nameOfLock(lock(k)),
    holders: (k) => [k.get(lock(k)) - 1],
  };
  const run: Run = (k) => {
    k.acquire(lock(k));
    return then(k) as Next;
  };
  return stepOf(run, wait);
}

/** Releases a mutex. */
export function gives(lock: (k: Kernel) => number, then: Run = () => undefined): Step {
  const run: Run = (k) => {
    k.release(lock(k));
    return then(k) as Next;
  };
  return { ...stepOf(run), unlocks: true };
}

/** Waits until something holds. */
export const waits = (
  ready: Wait['ready'],
  what: Wait['what'],
  then: Run,
  holders: Wait['holders'] = () => [],
): Step => stepOf(then, { ready, what, holders });

/** Steps run in the order in which they are written, but where one names the label to go on at. */
export const procedure = (
  name: string,
  steps: Readonly<Record<string, Step | Run>>,
): Procedure<Kernel> => ({
  name,
  steps: Object.fromEntries(
    Object.entries(steps).map(([label, step]) => [
      label,
      typeof step === 'function' ? stepOf(step) : step,
    ]),
  ),
});
