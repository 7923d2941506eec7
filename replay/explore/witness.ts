/** A run as evidence: the threads in their order, what each does, and where it is interrupted. */
import { EventAppender } from '../../traces/index.js';
import {
  boot,
  type Kernel,
  nameOfThread,
  type Outcome,
  run,
  type Scheduler,
  TraceRecorder,
  type World,
} from '../kernel/index.js';
import { actionText } from './action-text.js';

/** Steps of one thread, without a step of another in between, within one operation. */
export interface WitnessStep {
  /** The actor, or the worker of the kernel. */
  readonly actor: string;
  readonly what: string;
  /** Number of the operation of the actor, from 1; null for a worker. */
  readonly operation: number | null;
  /** First event of it in the recording of this run; null if it makes none. */
  readonly seq: number | null;
  /** Steps of the kernel. */
  readonly steps: number;
}

/** Repeats a run. */
export function scheduled(schedule: readonly number[]): Scheduler {
  let step = 0;
  return () => (step < schedule.length ? schedule[step++] : -1);
}

/** How a run ends, and the thread of each step. @param k the kernel at the beginning */
export function runOf(
  k: Kernel,
  scheduler: Scheduler,
): { readonly outcome: Outcome; readonly schedule: number[] } {
  const schedule: number[] = [];
  const outcome = run(k, (kernel) => {
    const thread = scheduler(kernel);
    if (thread >= 0) schedule.push(thread);
    return thread;
  });
  return { outcome, schedule };
}

/** The thread of each step of a run. @param k the kernel at the beginning; afterwards at the end */
export const scheduleOf = (k: Kernel, scheduler: Scheduler): number[] =>
  runOf(k, scheduler).schedule;

/** How a run ends. @param schedule the thread of each step */
export const endOf = (world: World, schedule: readonly number[]): Outcome =>
  run(boot(world), scheduled(schedule));

/** @param schedule the thread of each step */
export function witnessOf(world: World, schedule: readonly number[]): WitnessStep[] {
  const events = new EventAppender(EVENTS, () => undefined);
  const k = boot(world, new TraceRecorder(world, events));
  const found: WitnessStep[] = [];
  for (let at = 0; at < schedule.length; ) {
    const part = partOf(k, schedule[at]);
    const isActor = part.thread < k.world.actors.length;
    const operation = isActor ? k.get(k.progressOf(part.thread)) + 1 : null;
    const first = events.seq;
    const from = at;
    do k.step(schedule[at++]);
    while (schedule[at] === part.thread && part.goesOn());
    const what = part.text();
    if (what === null) continue;
    const seq = events.seq === first ? null : first;
    found.push({ actor: nameOfThread(k, part.thread), what, operation, seq, steps: at - from });
  }
  return found;
}

/** Rows per batch; the batches are discarded. */
const EVENTS = 1024;

interface Part {
  readonly thread: number;
  /** The thread is still in the same operation, or the same work. */
  goesOn(): boolean;
  /** Null when nothing was done. */
  text(): string | null;
}

const partOf = (k: Kernel, thread: number): Part =>
  thread < k.world.actors.length ? operationPart(k, thread) : workPart(k, thread);

function operationPart(k: Kernel, thread: number): Part {
  const progress = k.get(k.progressOf(thread));
  const operation = k.world.operations[thread][progress];
  const isFirst = isBetween(k, thread);
  const hasEnded = () => k.get(k.progressOf(thread)) !== progress;
  return {
    thread,
    goesOn: () => !hasEnded() && k.nextStep(thread) !== null,
    text: () => {
      if (operation === undefined || k.nextStep(thread) === null) return null;
      return partText(actionText(operation.spec.action), isFirst, hasEnded(), k.callsOf(thread)[0]);
    },
  };
}

function workPart(k: Kernel, thread: number): Part {
  const work = k.callsOf(thread).at(-1) ?? '';
  const hasEnded = () => k.nextStep(thread) === null;
  return {
    thread,
    goesOn: () => !hasEnded(),
    text: () => partText(work, true, hasEnded(), k.callsOf(thread)[0] ?? ''),
  };
}

/** The actor is at the beginning of an operation. */
const isBetween = (k: Kernel, thread: number): boolean => k.callsOf(thread).length === 1;

function partText(what: string, isFirst: boolean, hasEnded: boolean, within: string): string {
  if (isFirst) return hasEnded ? what : `${what} (until ${within})`;
  return hasEnded ? `${what} (to its end)` : `${what} (continues until ${within})`;
}
