/** The steps of each thread moved together in a schedule that was not chosen for that. */
import type { Begin } from './samples.js';

/** Steps of one thread without another one in between. */
interface Stretch {
  readonly thread: number;
  readonly steps: number;
}

/**
 * A schedule with fewer changes of the thread that leads to the same state: stretches of a thread
 * are joined as long as that makes no difference.
 */
export function withFewerChanges(begin: Begin, schedule: readonly number[]): readonly number[] {
  const k = begin();
  const { moment } = k.cells;
  const endOf = (stretches: readonly Stretch[]): string | null => {
    k.cells.undo(moment);
    for (const { thread, steps } of stretches) {
      for (let step = 0; step < steps; step++) {
        if (!k.canRun(thread)) return null;
        k.step(thread);
      }
    }
    return `${k.cells.low} ${k.cells.high}`;
  };
  let kept = stretchesOf(schedule);
  const end = endOf(kept);
  for (let at = 0; at < kept.length; at++) {
    const joined = joinedAt(kept, at).find((one) => endOf(one) === end);
    if (joined === undefined) continue;
    kept = joined;
    at = Math.max(-1, at - 2);
  }
  return kept.flatMap(({ thread, steps }) => Array.from({ length: steps }, () => thread));
}

function stretchesOf(schedule: readonly number[]): Stretch[] {
  const found: Stretch[] = [];
  for (const thread of schedule) append(found, { thread, steps: 1 });
  return found;
}

function append(stretches: Stretch[], { thread, steps }: Stretch): void {
  const last = stretches.at(-1);
  if (last?.thread === thread) stretches.push({ thread, steps: steps + stretches.pop()!.steps });
  else stretches.push({ thread, steps });
}

/** A stretch and the next one of its thread in one, in the place of either. */
function joinedAt(stretches: readonly Stretch[], at: number): Stretch[][] {
  const { thread } = stretches[at];
  const next = stretches.findIndex((one, i) => i > at && one.thread === thread);
  if (next < 0) return [];
  const between = stretches.slice(at + 1, next);
  const both = [stretches[at], stretches[next]];
  return [
    [...both, ...between],
    [...between, ...both],
  ].map((middle) => {
    const joined: Stretch[] = [];
    const all = [...stretches.slice(0, at), ...middle, ...stretches.slice(next + 1)];
    for (const stretch of all) append(joined, stretch);
    return joined;
  });
}
