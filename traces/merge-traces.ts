/**
 * Merges several traces on one timeline. Time orders events of different traces, but never those of
 * one: within a trace its own order holds, and so each begin stays before its end.
 */
import type { Batch } from './batch.js';
import { VfrError } from './errors.js';
import { EventCopier } from './event-copier.js';
import type { TraceMeta } from './event-schema.js';
import { PLACED_EVENTS_MAX } from './limits.js';
import { type Salvaged, type SalvageLoss, salvage } from './salvage.js';
import type { TraceReader } from './trace-reader.js';
import type { TraceWriter } from './trace-writer.js';
import { toSeq } from './units.js';

export interface MergeInput {
  readonly reader: TraceReader;
  /** Nanoseconds to add to each of its times; see `alignClocks`. */
  readonly offsetNs: bigint;
  /** Where its events belong, if its own times do not determine that. */
  readonly placement?: Placement;
}

/**
 * Places for the events of one trace among those of the first one. Both arrays are indexed by seq.
 */
export interface Placement {
  /** Time of each event on the first trace's clock; it never goes backwards. */
  readonly times: BigUint64Array;
  /**
   * Seq, in the first trace, of the begin of the access that an event also shows; -1 if there is no
   * such access.
   */
  readonly links: Float64Array;
}

/**
 * Merges traces into `writer` without finishing it. Losses of the inputs, and parts that cannot be
 * read, become `lost` events at their place.
 */
export function mergeTraces(inputs: readonly MergeInput[], writer: TraceWriter): void {
  const placed = inputs.some(({ placement }) => placement !== undefined);
  const seqs = placed ? new Float64Array(placeable(inputs[0].reader)).fill(-1) : null;
  const lanes = inputs.map((input, i) => new Lane(i, input, writer, seqs));
  let open = lanes.filter((lane) => lane.advance());
  while (open.length > 0) {
    const first = earliest(open);
    // No heap or sort is needed while one trace stays ahead of the others: runs are long.
    const limit = open.reduce((min, lane) => {
      // At equal times the trace named first comes first.
      const until = lane.index < first.index ? lane.ts - 1n : lane.ts;
      return lane !== first && until < min ? until : min;
    }, TS_END);
    if (!first.copyUntil(limit)) open = open.filter((lane) => lane !== first);
  }
  for (const { reader } of inputs) writer.countLost(reader.end?.lost ?? 0);
}

/**
 * The number of events of a trace, after checking that their places fit into memory.
 * @param most the most events that fit
 * @throws VfrError `ALIGN_TOO_LARGE` when the trace has or claims more
 */
export function placeable(
  { events, source }: Pick<TraceReader, 'events' | 'source'>,
  most = PLACED_EVENTS_MAX,
): number {
  if (events <= most) return events;
  const what = `it has ${events} events, and more than ${most} cannot be placed among others`;
  const next = 'Align parts of the recordings: take them with `vfr cut`.';
  throw new VfrError('ALIGN_TOO_LARGE', what, next, { file: source.name });
}

/** Later than every 64-bit time. */
const TS_END = 1n << 64n;

/** The lane with the earliest next event; among equals the one named first. */
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

  /**
   * @param index index among the inputs
   * @param seqs new seq of each event of the first input by its old one, if needed
   */
  constructor(
    readonly index: number,
    private readonly input: MergeInput,
    writer: TraceWriter,
    private readonly seqs: Float64Array | null,
  ) {
    this.#copier = new EventCopier(writer.events, input.reader, input.offsetNs);
    this.#items = salvage(input.reader);
    this.ts = (input.reader.batches[0]?.stats.tsMin ?? 0n) + input.offsetNs;
  }

  /**
   * Copies the next event, and those after it that are not later than `limit`; false at the end.
   */
  copyUntil(limit: bigint): boolean {
    do {
      this.#copy();
      if (!this.advance()) return false;
    } while (this.ts <= limit);
    return true;
  }

  /** Moves to the next event and appends losses on the way; false at the end. */
  advance(): boolean {
    while (this.#batch === null || this.#row === this.#batch.rows) {
      const { value: item } = this.#items.next();
      if (item === undefined) {
        const { forgotten } = this.#copier;
        if (forgotten !== null) this.#appendLoss(forgotten);
        return false;
      }
      if (item.type === 'loss') this.#appendLoss(item.loss);
      else this.#open(item);
    }
    const { placement } = this.input;
    const time = placement?.times[this.#seq];
    this.ts = time ?? this.#copier.time(this.#row);
    return true;
  }

  /** Seq of the next event in its own trace. */
  get #seq(): number {
    return this.#batch!.seqFirst + this.#row;
  }

  #copy(): void {
    const { placement } = this.input;
    const old = this.#seq;
    if (placement === undefined) {
      const seq = this.#copier.copy(this.#row);
      if (this.seqs !== null && this.index === 0 && old < this.seqs.length) this.seqs[old] = seq;
    } else {
      const link = this.seqs?.[placement.links[old]] ?? -1;
      this.#copier.copy(this.#row, { ts: this.ts, link: link < 0 ? null : toSeq(link) });
    }
    this.#row++;
  }

  #open(item: Extract<Salvaged, { type: 'batch' }>): void {
    this.#copier.prepare(item);
    this.#batch = item.batch;
    this.#row = 0;
  }

  #appendLoss(loss: SalvageLoss): void {
    this.#copier.appendLoss(loss, this.ts);
  }
}

/**
 * The offset to add to the times of each trace to convert them to the first one's clock. Traces of
 * the same clock need none; others are aligned by their distance to the wall clock.
 * @throws VfrError `CLOCKS_DIFFER` when a trace does not know that distance
 */
export function alignClocks(traces: readonly { name: string; meta: TraceMeta }[]): bigint[] {
  const [{ meta: first }] = traces;
  return traces.map(({ name, meta }) => {
    if (meta.clock === first.clock) return 0n;
    if (meta.wallOffsetNs !== undefined && first.wallOffsetNs !== undefined) {
      return meta.wallOffsetNs - first.wallOffsetNs;
    }
    const clocks = `its clock is ${meta.clock}, that of the first trace ${first.clock}`;
    const what = `${clocks}, and nothing in the traces relates them`;
    const next = 'Give the distance by --offset.';
    throw new VfrError('CLOCKS_DIFFER', what, next, { file: name });
  });
}

/** Metadata of a merged trace: those of the first, with the notes of all. */
export function mergedMeta(metas: readonly TraceMeta[], writer: string): TraceMeta {
  const notes = Object.assign({}, ...[...metas].reverse().map((meta) => meta.notes));
  return { ...metas[0], writer, notes };
}
