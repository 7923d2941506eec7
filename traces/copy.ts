/**
 * Copies events of one or more traces into a new one: dictionary ids are translated, seq is dense
 * again, and the span of an `end` follows its `begin` to its new place.
 */
import type { EventAppender } from './appender.js';
import type { Batch } from './batch.js';
import type { TraceReader } from './reader.js';
import type { Salvaged, SalvageLoss } from './salvage.js';
import {
  COLUMNS,
  type Column,
  type DictColumn,
  type IntColumn,
  type WordColumn,
} from './schema.js';
import type { Seq } from './units.js';

/** Copies one value of a batch that is prepared; called for rows where the column is not null. */
type CopyValue = (row: number) => void;

interface ColumnCopy {
  has(row: number): boolean;
  readonly copy: CopyValue;
}

/**
 * Begins that have ended and may still be linked to: an aligned event follows its access closely.
 */
const ENDED_MAX = 1 << 12;

/** Columns that the copier itself fills. */
const OWN: ReadonlySet<string> = new Set(['seq', 'ts', 'source', 'kind', 'phase', 'span']);

export class EventCopier {
  readonly #translations: Readonly<Record<DictColumn, Int32Array>>;
  /** New seq of every `begin` that has not ended yet, by its seq in the input. */
  readonly #begins = new Map<number, Seq>();
  readonly #ended = new Map<number, Seq>();
  /** Whether points of the input may be linked to spans (see recorder/align). */
  readonly #hasLinks: boolean;
  #batch: Batch | null = null;
  #columns: readonly ColumnCopy[] = [];
  #hasSpan = false;
  #tsLost: bigint | null = null;

  /**
   * @param offsetNs what is added to each time, so that it becomes one of the output's clock
   */
  constructor(
    private readonly events: EventAppender,
    private readonly reader: TraceReader,
    private readonly offsetNs = 0n,
  ) {
    this.#hasLinks = reader.meta.notes.alignment !== undefined;
    const none = Object.entries(reader.dictionaries).map(
      ([name, entries]) => [name, new Int32Array(entries.length).fill(-1)] as const,
    );
    this.#translations = Object.fromEntries(none) as Record<DictColumn, Int32Array>;
  }

  /** Makes a batch the one that `copy` takes rows from. */
  prepare({ batch, without, tsMin }: Extract<Salvaged, { type: 'batch' }>): void {
    const given = COLUMNS.filter(({ name }) => !OWN.has(name) && !without.includes(name));
    this.#batch = batch;
    this.#hasSpan = !without.includes('span');
    this.#tsLost = without.includes('ts') ? tsMin : null;
    this.#columns = given.flatMap((column) => {
      const view = batch.column(column.name);
      return view.isEmpty ? [] : [{ has: (row) => view.has(row), copy: this.#copier(column) }];
    });
  }

  /** Time of a row in the output's clock; the batch's earliest when nobody knows it. */
  time(row: number): bigint {
    return (this.#tsLost ?? this.#batch!.column('ts').big(row)) + this.offsetNs;
  }

  /**
   * Appends row `row` of the prepared batch.
   * @param placed where to put it instead of at its own time, and what to link it to
   */
  copy(row: number, placed?: { readonly ts: bigint; readonly link: Seq | null }): Seq {
    const { events } = this;
    const batch = this.#batch!;
    const phase = batch.column('phase').at(row);
    events.sourceId(this.#translate('source', batch.column('source').id(row)));
    events.begin(this.#translate('kind', batch.column('kind').id(row)), asPhase(phase));
    if (placed === undefined) this.#time(batch, row);
    else this.#timeBig(placed.ts);
    for (const column of this.#columns) if (column.has(row)) column.copy(row);
    if (phase === 'end' && this.#hasSpan) this.#span(batch, row);
    else if (phase === 'point') this.#link(batch, row, placed?.link ?? null);
    const seq = events.commit();
    if (phase === 'begin') this.#begins.set(batch.seqFirst + row, seq);
    return seq;
  }

  /**
   * Appends a `lost` event for what is missing of the input.
   * @param ts time to give it, in the output's clock
   */
  lose(loss: SalvageLoss, ts: bigint): void {
    const { events } = this;
    events.source('vfr');
    events.begin(events.kind('lost'), 'point');
    this.#timeBig(ts);
    if (loss.events !== null) events.word('value', loss.events);
    events.text(`${this.reader.source.name}: ${loss.text}`);
    events.commit();
  }

  #time(batch: Batch, row: number): void {
    if (this.offsetNs !== 0n || this.#tsLost !== null) {
      this.#timeBig(this.time(row));
    } else {
      const ts = batch.column('ts');
      this.events.timeWords(ts.low(row), ts.high(row));
    }
  }

  /** Times are unsigned: what an offset moves before the clock's zero becomes zero. */
  #timeBig(ts: bigint): void {
    const time = ts < 0n ? 0n : ts > TS_MAX ? TS_MAX : ts;
    this.events.timeWords(Number(time & LOW_WORD), Number(time >> 32n));
  }

  #span(batch: Batch, row: number): void {
    const span = batch.column('span');
    if (!span.has(row)) return;
    const begin = this.#begins.get(span.number(row));
    // The begin was not copied: the end stays an end, and says that its begin is unknown.
    if (begin === undefined) return;
    this.#begins.delete(span.number(row));
    if (this.#hasLinks) this.#keep(span.number(row), begin);
    this.events.word('span', begin);
  }

  /** Links a point to the begin of the access that it also shows, as an alignment found out. */
  #link(batch: Batch, row: number, link: Seq | null): void {
    const span = this.#hasSpan ? batch.column('span') : null;
    const known = span?.has(row) === true ? span.number(row) : -1;
    const begin = link ?? this.#begins.get(known) ?? this.#ended.get(known);
    if (begin !== undefined) this.events.word('span', begin);
  }

  /** Remembers for a while where a begin went whose end was copied: a link may follow. */
  #keep(old: number, begin: Seq): void {
    this.#ended.set(old, begin);
    if (this.#ended.size <= ENDED_MAX) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      return;
    }
  }

  #copier({ name, type }: Column): CopyValue {
    const { events } = this;
    const batch = this.#batch!;
    switch (type) {
      case 'u64':
      case 'i64': {
        const view = batch.column(name as WordColumn);
        const column = name as Parameters<EventAppender['words']>[0];
        return (row) => events.words(column, view.low(row), view.high(row));
      }
      case 'u32':
      case 'u16':
      case 'i16': {
        const view = batch.column(name as IntColumn);
        return (row) => events.int(name as IntColumn, view.at(row));
      }
      case 'dict': {
        const view = batch.column(name as DictColumn);
        const column = name as Parameters<EventAppender['dict']>[0];
        return (row) => events.dict(column, this.#translate(column, view.id(row)));
      }
      case 'utf8': {
        const view = batch.column('text');
        return (row) => events.text(view.text(row)!);
      }
      case 'binary': {
        const view = batch.column('data');
        return (row) => events.data(view.at(row)!);
      }
    }
  }

  #translate(column: DictColumn, id: number): number {
    const known = this.#translations[column][id];
    if (known >= 0) return known;
    const translated = this.events.dictionaries[column].id(this.reader.dictionaries[column][id]);
    this.#translations[column][id] = translated;
    return translated;
  }
}

const LOW_WORD = 0xffff_ffffn;
const TS_MAX = (1n << 64n) - 1n;

/** A phase that is none (a hostile file) stands alone. */
const asPhase = (text: string | null) => (text === 'begin' || text === 'end' ? text : 'point');
