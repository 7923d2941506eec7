import type { PageQueue } from './page-queue.js';

/**
 * Hands on the records of several CPUs in the order of their times, each CPU's own order kept, up
 * to a limit after which an older record might still come.
 *
 * @param originHigh Upper 32 bits of a time shortly before the recording: times are compared to it.
 * @param limit Nanoseconds after that origin.
 * @param take Called for each record, the queue's cursor standing on it.
 */
export function mergeQueues(
  queues: readonly PageQueue[],
  originHigh: number,
  limit: number,
  take: (queue: PageQueue) => void,
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
    // Most often the next record is on the same CPU: nobody else is asked until it is not.
    const until = Math.min(secondTime, limit);
    do {
      take(first);
      first.advance();
    } while (first.ready && first.time(originHigh) <= until);
  }
}
