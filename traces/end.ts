/** The end marker: an empty batch whose metadata sums up the trace; the end of stream follows. */
import { assert } from './assert.js';

export const END_KEY = 'vfr.end';

export interface EndMark {
  readonly events: number;
  readonly batches: number;
  /** Events that sources said they lost, over the whole trace. */
  readonly lost: number;
}

export const formatEnd = ({ events, batches, lost }: EndMark): string =>
  JSON.stringify({ events, batches, lost });

/** The end marker in `text`, or null when it is not of the form that `formatEnd` writes. */
export function parseEnd(text: string): EndMark | null {
  try {
    const { events, batches, lost } = JSON.parse(text);
    assert(
      [events, batches, lost].every((n) => Number.isSafeInteger(n) && n >= 0),
      'counts',
    );
    return { events, batches, lost };
  } catch {
    return null;
  }
}
