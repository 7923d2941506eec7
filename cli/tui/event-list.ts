import { firstIndex } from '../../traces/index.js';
import type { EventStore } from './event-store.js';

/** The visible events, in order: all of them, or those that pass a filter. */
export interface EventList {
  readonly length: number;
  seqAt(index: number): number;
  /** Index of an event, or of the next visible one, or else of the last one. */
  indexOf(seq: number): number;
  has(seq: number): boolean;
}

export function allEvents(store: EventStore): EventList {
  return {
    length: store.length,
    seqAt: (index) => store.seqAt(index),
    indexOf: (seq) => store.positionOf(seq),
    has: () => true,
  };
}

/** @param seqs sequence numbers, ascending */
export function someEvents(seqs: Float64Array): EventList {
  const indexOf = (seq: number) => firstAtLeast(seqs, seq);
  return {
    length: seqs.length,
    seqAt: (index) => seqs[index],
    indexOf: (seq) => Math.min(indexOf(seq), Math.max(0, seqs.length - 1)),
    has: (seq) => seqs[indexOf(seq)] === seq,
  };
}

/** Index of the first ascending value that is at least `value`, or the length. */
export function firstAtLeast(values: Float64Array, value: number): number {
  return firstIndex(values.length, (i) => values[i] >= value);
}
