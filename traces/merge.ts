/**
 * Several traces on one timeline. Time decides between the traces, but never within one: each
 * trace's own order holds, and with it the order of every begin and its end.
 */
import type { Batch } from './batch.js';
import { EventCopier } from './copy.js';
import { VfrError } from './errors.js';
import type { TraceReader } from './reader.js';
import { type Salvaged, type SalvageLoss, salvage } from './salvage.js';
import type { TraceMeta } from './schema.js';
import type { TraceWriter } from './writer.js';

export interface MergeInput {
  readonly reader: TraceReader;
  /** Nanoseconds to add to each of its times; see `alignClocks`. */
  readonly offsetNs: bigint;
}

/**
 * Merges traces into `writer`, which is not finished. What a trace lost or does not give any more
 * becomes `lost` events at its place.
 */
export function mergeTraces(inputs: readonly MergeInput[], writer: TraceWriter): void {
  const lanes = inputs.map((input) => new Lane(input, writer));
  let open = lanes.filter((lane) => lane.advance());
  while (open.length > 0) {
    const first = earliest(open);
    // As long as it stays ahead of the others no heap or sort is needed: runs are long.
    const limit = open.reduce(
      (min, lane) => (lane !== first && lane.ts < min ? lane.ts : min),
      TS_END,
    );
    if (!first.copyUntil(limit)) open = open.filter((lane) => lane !== first);
  }
  for (const { reader } of inputs) writer.countLost(reader.end?.lost ?? 0);
}

/** Later than every 64-bit time. */
const TS_END = 1n << 64n;

/** The lane whose next event is the earliest; among equals the one that was named first. */
const earliest = (lanes: readonly Lane[]): Lane =>
  lanes.reduce((best, lane) => (lane.ts < best.ts ? lane : best));

/** One input with its next event. */
class Lane {
  /** Time of the next event, in the output's clock. */
  ts: bigint;
  readonly #copier: EventCopier;
  readonly #items;
  #batch: Batch | null = null;
  #row = 0;

  constructor(input: MergeInput, writer: TraceWriter) {
    this.#copier = new EventCopier(writer.events, input.reader, input.offsetNs);
    this.#items = salvage(input.reader);
    this.ts = (input.reader.batches[0]?.stats.tsMin ?? 0n) + input.offsetNs;
  }

  /** Copies the next event, and those after it that are not later than `limit`; false at the end. */
  copyUntil(limit: bigint): boolean {
    do {
      this.#copier.copy(this.#row++);
      if (!this.advance()) return false;
    } while (this.ts <= limit);
    return true;
  }

  /** Goes to the next event, telling of losses on the way; false when there is none. */
  advance(): boolean {
    while (this.#batch === null || this.#row === this.#batch.rows) {
      const { value: item } = this.#items.next();
      if (item === undefined) return false;
      if (item.type === 'loss') this.#lose(item.loss);
      else this.#open(item);
    }
    this.ts = this.#copier.time(this.#row);
    return true;
  }

  #open(item: Extract<Salvaged, { type: 'batch' }>): void {
    this.#copier.prepare(item);
    this.#batch = item.batch;
    this.#row = 0;
  }

  #lose(loss: SalvageLoss): void {
    this.#copier.lose(loss, this.ts);
  }
}

/**
 * What to add to the times of each trace so that they become times of the first one's clock. Traces
 * of the same clock need nothing; others are aligned by their distance to the wall clock.
 * @throws VfrError `CLOCKS_DIFFER` when a trace does not know that distance
 */
export function alignClocks(traces: readonly { name: string; meta: TraceMeta }[]): bigint[] {
  const [{ meta: first }] = traces;
  return traces.map(({ name, meta }) => {
    if (meta.clock === first.clock) return 0n;
    if (meta.wallOffsetNs !== undefined && first.wallOffsetNs !== undefined) {
      return meta.wallOffsetNs - first.wallOffsetNs;
    }
    const what = `its clock is ${meta.clock}, that of the first trace ${first.clock}, and nothing tells how they relate`;
    const next = 'Give the distance by --offset.';
    throw new VfrError('usage', 'CLOCKS_DIFFER', what, next, { file: name });
  });
}

/** Metadata of a trace made of others: that of the first, with the notes of all. */
export function mergedMeta(metas: readonly TraceMeta[], writer: string): TraceMeta {
  const notes = Object.assign({}, ...[...metas].reverse().map((meta) => meta.notes));
  return { ...metas[0], writer, notes };
}
