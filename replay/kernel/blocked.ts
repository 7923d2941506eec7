/**
 * Finds threads that cannot continue, the reasons, and cycles of threads that wait for each other.
 */
import type { Kernel } from './kernel.js';

export interface BlockedThread {
  readonly thread: number;
  readonly name: string;
  /** What it waits for, such as `device_lock of 0000:41:00.0`. */
  readonly waitsFor: string;
  /** The procedure that waits, and what it is a part of, innermost first. */
  readonly within: readonly string[];
  /** Threads that have to do something first. */
  readonly holders: readonly number[];
}

export interface Deadlock {
  readonly blocked: readonly BlockedThread[];
  /**
   * Threads that each wait for the next, and the last for the first; empty if there is no cycle.
   */
  readonly cycle: readonly BlockedThread[];
}

/** Name of a thread: the actor's, that of what udev serves, or that of a worker of the kernel. */
export function nameOfThread(k: Kernel, thread: number): string {
  const actor = k.world.actors[thread];
  if (actor !== undefined) return actor.name;
  const served = k.world.udev?.served[thread - k.world.firstUdevThread];
  if (served !== undefined) return `udev of ${served.name}`;
  return thread === k.deferredWorker ? 'kworker/deferred' : `kworker/${thread - k.deferredWorker}`;
}

/** What a thread that cannot do its next step waits for; null when it can, or has nothing to do. */
function blockedThread(k: Kernel, thread: number): BlockedThread | null {
  const wait = k.nextStep(thread)?.wait ?? null;
  if (wait === null) return null;
  k.enter(thread);
  if (wait.ready(k)) return null;
  return {
    thread,
    name: nameOfThread(k, thread),
    waitsFor: wait.what(k),
    within: k.callsOf(thread),
    holders: wait.holders(k),
  };
}

/**
 * The deadlock of a run in which no thread can take a step. A run whose actors only wait for
 * something that does not happen has ended, and is not in a deadlock.
 */
export function findDeadlock(k: Kernel): Deadlock | null {
  const blocked: BlockedThread[] = [];
  for (let thread = 0; thread < k.threads; thread++) {
    const found = blockedThread(k, thread);
    if (found !== null && found.within[0] !== 'user') blocked.push(found);
  }
  return blocked.length === 0 ? null : { blocked, cycle: cycleOf(blocked) };
}

function cycleOf(blocked: readonly BlockedThread[]): BlockedThread[] {
  const byThread = new Map(blocked.map((one) => [one.thread, one]));
  for (const first of blocked) {
    const path: BlockedThread[] = [];
    let at: BlockedThread | undefined = first;
    while (at !== undefined && !path.includes(at)) {
      path.push(at);
      at = at.holders.map((holder) => byThread.get(holder)).find((one) => one !== undefined);
    }
    if (at !== undefined) return path.slice(path.indexOf(at));
  }
  return [];
}

/** No thread is in a deadlock, but an actor waits for something that does not happen. */
export const waitsForGood = (k: Kernel): boolean =>
  findDeadlock(k) === null && k.world.actors.some((_, actor) => k.nextStep(actor) !== null);

/** A deadlock in words: what each thread waits for, and which thread has it. */
export function describeDeadlock({ blocked, cycle }: Deadlock): string {
  const threads = cycle.length > 0 ? cycle : blocked;
  return threads
    .map(({ name, waitsFor, within, holders }) => {
      const by = holders
        .map((holder) => threads.find(({ thread }) => thread === holder)?.name)
        .filter((holder) => holder !== undefined)
        .map((holder) => (holder === name ? 'it has itself' : `${holder} has`));
      const held = by.length === 0 ? '' : `, which ${by.join(' and ')}`;
      return `${name} waits in ${within[0]} for ${waitsFor}${held}`;
    })
    .join('; ');
}
