/** Fills the index of calls of a trace, a slice at a time, so that keys are handled in between. */
import { type Batch, type BatchInfo, VfrError } from '../../../traces/index.js';
import type { CallIndex } from './call-index.js';
import type { EventStore } from './event-store.js';

/** Events of a slice: a few milliseconds in which keys are not handled. */
const SLICE = 32_768;

/**
 * Adds what is not in the index yet; a batch that is damaged is skipped.
 * @param also is called with the same rows
 */
export function* indexSlices(
  store: EventStore,
  calls: CallIndex,
  also: (batch: Batch, from: number, until: number) => void = () => {},
): Generator<void> {
  for (const info of store.reader.batches) {
    const before = store.before(info);
    while (calls.done < before + info.rows) {
      const from = calls.done - before;
      const until = Math.min(info.rows, from + SLICE);
      readable(info, before, calls, () => {
        const batch = store.batchOf(info);
        calls.add(batch, [from, until], before, (seq) => store.exactPosition(seq));
        also(batch, from, until);
      });
      yield;
    }
  }
}

function readable(info: BatchInfo, before: number, calls: CallIndex, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof VfrError)) throw error;
    calls.skip(before + info.rows);
  }
}
