import type { CpuStream } from './cpu-stream.js';

/**
 * Passes on the records of several CPUs by their times. A CPU's own order is kept even where its
 * clock went backwards.
 */
export function mergeStreams(
  streams: readonly CpuStream[],
  take: (stream: CpuStream) => void,
): void {
  const originHigh = Math.min(...streams.map(({ timeHigh }) => timeHigh));
  let waiting = streams.filter(({ ready }) => ready);
  while (waiting.length > 0) {
    let [first] = waiting;
    let firstTime = Number.POSITIVE_INFINITY;
    let secondTime = Number.POSITIVE_INFINITY;
    for (const stream of waiting) {
      const time = stream.time(originHigh);
      if (time < firstTime) {
        secondTime = firstTime;
        first = stream;
        firstTime = time;
      } else if (time < secondTime) {
        secondTime = time;
      }
    }
    // The next record is usually on the same CPU; the other CPUs are compared only when it is not.
    // Of equal times the lower CPU comes first, as in trace-cmd.
    do {
      take(first);
      first.advance();
    } while (first.ready && first.time(originHigh) < secondTime);
    if (!first.ready) waiting = waiting.filter(({ ready }) => ready);
  }
}
