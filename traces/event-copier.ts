/**
 * Copies events of one or more traces into a new one: translates dictionary ids, makes seq dense
 * again, and points the span of each `end` to the new place of its `begin`.
 */
import type { EventAppender } from './appender.js';
import { assert } from './assert.js';
import { highWord, lowWord } from './base/words.js';
import type { Batch } from './batch.js';
import { Begins } from './begins.js';
import type { BytesView, DictView, IntView, WordView } from './column-views.js';
import { CELL, type EventRow, type IntCell, type WordCell } from './event-row.js';
import type { ColumnName, DictColumn } from './event-schema.js';
import type { Phase } from './kinds.js';
import type { Salvaged, SalvageLoss } from './salvage.js';
import type { TraceReader } from './trace-reader.js';
import type { Seq } from './units.js';

/** The columns of a batch, looked up once: the mandatory ones, and those that have values. */
class Copied {
  readonly source: DictView;
  readonly kind: DictView;
  readonly phase: DictView;
  /** Null when it cannot be read. */
  readonly ts: WordView | null;
  readonly span: WordView | null;
  readonly ids: { readonly column: IdColumn; readonly cell: IntCell; readonly view: DictView }[] =
    [];
  readonly ints: { readonly cell: IntCell; readonly view: IntView }[] = [];
  readonly words: { readonly cell: WordCell; readonly view: WordView }[] = [];
  readonly text: BytesView | null;
  readonly data: BytesView | null;

  constructor(batch: Batch, without: readonly ColumnName[]) {
    const has = (name: ColumnName) => !without.includes(name) && !batch.column(name).isEmpty;
    this.source = batch.column('source');
    this.kind = batch.column('kind');
    this.phase = batch.column('phase');
    this.ts = without.includes('ts') ? null : batch.column('ts');
    this.span = has('span') ? batch.column('span') : null;
    for (const column of IDS) {
      if (has(column)) this.ids.push({ column, cell: CELL[column], view: batch.column(column) });
    }
    for (const name of INTS) {
      if (has(name)) this.ints.push({ cell: CELL[name], view: batch.column(name) });
    }
    for (const name of WORDS) {
      if (has(name)) this.words.push({ cell: CELL[name], view: batch.column(name) });
    }
    this.text = has('text') ? batch.column('text') : null;
    this.data = has('data') ? batch.column('data') : null;
  }
}

/** All columns except those that the copier fills itself: seq, ts, source, kind, phase and span. */
const IDS = ['task', 'device', 'driver', 'path', 'name'] as const;
const INTS = ['cpu', 'pid', 'tid', 'region'] as const;
const WORDS = ['offset', 'length', 'value', 'ret'] as const;
type IdColumn = (typeof IDS)[number];

/** Changes events while they are copied. */
export interface EventEdit {
  /** What to store instead of a string of a dictionary column; called once for each string. */
  entry(column: DictColumn, text: string): string;
  /** Changes an event before it is appended to `events`, whose dictionaries its ids are of. */
  event(row: EventRow, events: EventAppender): void;
}

export class EventCopier {
  readonly #translations: Readonly<Record<DictColumn, Int32Array>>;
  readonly #begins = new Begins();
  #spansForgotten = 0;
  readonly #row: EventRow;
  /** What the phases of the input are, by their ids there. */
  readonly #phases: readonly Phase[];
  #copied: Copied | null = null;
  #seqFirst = 0;
  /** Time of all events of a batch whose own times cannot be read. */
  #tsMin = 0n;

  /** @param offsetNs added to each time, to convert it to the output's clock */
  constructor(
    private readonly events: EventAppender,
    private readonly reader: TraceReader,
    private readonly offsetNs = 0n,
    private readonly edit: EventEdit | null = null,
  ) {
    this.#row = events.row('vfr');
    const none = Object.entries(reader.dictionaries).map(
      ([name, entries]) => [name, new Int32Array(entries.length).fill(-1)] as const,
    );
    this.#translations = Object.fromEntries(none) as Record<DictColumn, Int32Array>;
    this.#phases = reader.dictionaries.phase.map(asPhase);
  }

  /** Selects the batch whose rows `copy` copies. */
  prepare({ batch, without, tsMin }: Extract<Salvaged, { type: 'batch' }>): void {
    this.#copied = new Copied(batch, without);
    this.#seqFirst = batch.seqFirst;
    this.#tsMin = tsMin;
  }

  /** Time of a row in the output's clock; the earliest of its batch if its own cannot be read. */
  time(row: number): bigint {
    return (this.#columns.ts?.big(row) ?? this.#tsMin) + this.offsetNs;
  }

  /**
   * Appends row `row` of the prepared batch.
   * @param placed where to put it instead of at its own time, and what to link it to
   */
  copy(row: number, placed?: { readonly ts: bigint; readonly link: Seq | null }): Seq {
    const { events } = this;
    const columns = this.#columns;
    const event = this.#row;
    const phase = this.#phases[columns.phase.id(row)] ?? 'point';
    event.clear();
    event.source = this.#translate('source', columns.source.id(row));
    event.set(CELL.kind, this.#translate('kind', columns.kind.id(row)));
    event.set(CELL.phase, events.phase(phase));
    if (placed === undefined) this.#time(columns, row);
    else this.#timeBig(placed.ts);
    this.#values(columns, row);
    if (phase === 'end') this.#span(columns, row);
    else if (phase === 'point') this.#link(columns, row, placed?.link ?? null);
    this.edit?.event(event, events);
    const seq = events.append(event);
    if (phase === 'begin') this.#begins.add(this.#seqFirst + row, seq);
    return seq;
  }

  get #columns(): Copied {
    assert(this.#copied !== null, 'a batch was prepared');
    return this.#copied;
  }

  #values({ ids, ints, words, text, data }: Copied, row: number): void {
    const event = this.#row;
    for (const { column, cell, view } of ids) {
      const id = view.id(row);
      if (id >= 0) event.set(cell, this.#translate(column, id));
    }
    for (const { cell, view } of ints) if (view.has(row)) event.set(cell, view.at(row));
    for (const { cell, view } of words) {
      if (view.has(row)) event.setWords(cell, view.low(row), view.high(row));
    }
    if (text?.has(row) === true) event.text(text.text(row)!);
    if (data?.has(row) === true) event.data(data.at(row)!);
  }

  /** Spans lost in copying because too many calls were open at once; null if there are none. */
  get forgotten(): SalvageLoss | null {
    if (this.#spansForgotten === 0) return null;
    const text = `more calls were open than can be kept: ${this.#spansForgotten} ends have no span`;
    return { seq: this.#seqFirst, events: 0, columns: ['span'], text };
  }

  /**
   * Appends a `lost` event for a missing part of the input.
   * @param ts time to give it, in the output's clock
   */
  appendLoss(loss: SalvageLoss, ts: bigint): void {
    const { events } = this;
    const row = this.#row;
    row.start(events.kind('lost'), events.phase('point'));
    row.source = events.id('source', 'vfr');
    this.#timeBig(ts);
    if (loss.events !== null) row.setNumber(CELL.value, loss.events);
    row.text(`${this.reader.source.name}: ${loss.text}`);
    this.edit?.event(row, events);
    events.append(row);
  }

  #time({ ts }: Copied, row: number): void {
    if (ts !== null && this.offsetNs === 0n) this.#row.timeWords(ts.low(row), ts.high(row));
    else this.#timeBig(this.time(row));
  }

  /** Times are unsigned: an offset that would make one negative makes it zero. */
  #timeBig(ts: bigint): void {
    const time = ts < 0n ? 0n : ts > TS_MAX ? TS_MAX : ts;
    this.#row.timeWords(lowWord(time), highWord(time));
  }

  #span({ span }: Copied, row: number): void {
    if (span?.has(row) !== true) return;
    const old = span.number(row);
    const begin = this.#begins.end(old);
    if (begin !== null) this.#row.setNumber(CELL.span, begin);
    // The begin was not copied. The end stays an end, and its span says that the begin is unknown.
    else if (this.#begins.mayBeForgotten(old)) this.#spansForgotten++;
  }

  /** Links a point to the begin of the access that it also shows, as the alignment found. */
  #link({ span }: Copied, row: number, link: Seq | null): void {
    const known = span?.has(row) === true ? span.number(row) : -1;
    const begin = link ?? this.#begins.find(known);
    if (begin !== null) this.#row.setNumber(CELL.span, begin);
  }

  #translate(column: DictColumn, id: number): number {
    const known = this.#translations[column][id];
    if (known >= 0) return known;
    const text = this.reader.dictionaries[column][id];
    const translated = this.events.dictionaries[column].id(this.edit?.entry(column, text) ?? text);
    this.#translations[column][id] = translated;
    return translated;
  }
}

const TS_MAX = (1n << 64n) - 1n;

/** Treats an invalid phase (hostile file) as `point`. */
const asPhase = (text: string | null): Phase =>
  text === 'begin' || text === 'end' ? text : 'point';
