import type { PageQueue } from './page-queue.js';

/**
 * Passes on the records of several CPUs in the order of their times, keeping each CPU's own order,
 * up to a limit beyond which an older record might still arrive.
 *
 * @param originHigh Upper 32 bits of a time shortly before the recording: times are compared to it.
 * @param limit Nanoseconds after that origin.
 * @param handle Called for each record, with the queue's cursor on it.
 */
export function mergeQueues(
  queues: readonly PageQueue[],
  originHigh: number,
  limit: number,
  handle: (queue: PageQueue) => void,
): void {
  for (;;) {
    let first: PageQueue | undefined;
    let firstTime = Number.POSITIVE_INFINITY;
    let secondTime = Number.POSITIVE_INFINITY;
    for (const queue of queues) {
      if (!queue.ready) continue;
      const time = queue.time(originHigh);
      if (time < firstTime) {
        secondTime = firstTime;
        first = queue;
        firstTime = time;
      } else if (time < secondTime) {
        secondTime = time;
      }
    }
    if (first === undefined || firstTime > limit) return;
    // The next record is usually on the same CPU; the other CPUs are compared only when it is not.
    const until = Math.min(secondTime, limit);
    do {
      handle(first);
      first.advance();
    } while (first.ready && first.time(originHigh) <= until);
  }
}
