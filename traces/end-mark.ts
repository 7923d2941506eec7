/**
 * The end marker: an empty batch whose metadata sums up the trace. Only the end of stream follows.
 */
import { assert } from './assert.js';

export const END_KEY = 'vfr.end';

export interface EndMark {
  readonly events: number;
  readonly batches: number;
  /** Events that sources reported as lost, over the whole trace. */
  readonly lost: number;
  /** `TraceDigest` of all earlier messages and of these counts; null in format version 1. */
  readonly digest: string | null;
}

export const formatEnd = ({ events, batches, lost, digest }: EndMark): string =>
  JSON.stringify({ events, batches, lost, digest });

/** The end marker in `text`, or null when `formatEnd` cannot have written it. */
export function parseEnd(text: string): EndMark | null {
  try {
    const { events, batches, lost, digest = null } = JSON.parse(text);
    assert(
      [events, batches, lost].every((n) => Number.isSafeInteger(n) && n >= 0),
      'counts',
    );
    assert(digest === null || typeof digest === 'string', 'a digest');
    return { events, batches, lost, digest };
  } catch {
    return null;
  }
}
