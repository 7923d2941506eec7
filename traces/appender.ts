import { assert } from './assert.js';
import { BytesBuilder, type ColumnBuffers, IntBuilder, WordBuilder } from './columns.js';
import { Dictionary } from './dictionary.js';
import { type Kind, PHASES, type Phase, type Source } from './kinds.js';
import { BATCH_BYTES_MAX, ROWS_MAX, VALUE_BYTES_MAX } from './limits.js';
import {
  COLUMNS,
  type ColumnName,
  DICT_COLUMNS,
  type DictColumn,
  type IntColumn,
  type WordColumn,
} from './schema.js';
import { type Seq, toSeq } from './units.js';

/** The columns that the appender itself fills. */
type OwnColumn = 'seq' | 'ts' | 'source' | 'kind' | 'phase';

type ColumnBuilder = IntBuilder | WordBuilder | BytesBuilder;

const NS_PER_S = 1_000_000_000;
const TWO_32 = 0x1_0000_0000;
/** What ends a text that was longer than a value may be. */
const CUT = ' (cut short)';

/** A full batch, as the writer takes it; the buffers are overwritten after the call. */
export interface PendingBatch {
  readonly rows: number;
  readonly seqFirst: Seq;
  readonly tsMin: bigint;
  readonly tsMax: bigint;
  readonly columns: readonly ColumnBuffers[];
}

/**
 * Appends events to preallocated columns: `begin`, the setters of what applies, `commit`. A column
 * that is not set is null. Nothing is allocated per event.
 */
export class EventAppender {
  readonly dictionaries = Object.fromEntries(
    DICT_COLUMNS.map((name) => [name, new Dictionary()]),
  ) as Record<DictColumn, Dictionary>;

  readonly #words: Record<WordColumn, WordBuilder>;
  readonly #ints: Record<IntColumn | DictColumn, IntBuilder>;
  readonly #data: BytesBuilder;
  readonly #text: BytesBuilder;
  readonly #phaseIds: Record<Phase, number>;
  #source = 0;
  #row = 0;
  readonly #builders: Record<ColumnName, ColumnBuilder>;
  #open = false;
  #seqFirst = 0;
  #tsLow = 0;
  #tsHigh = 0;
  #tsMinLow = 0;
  #tsMinHigh = 0;
  #tsMaxLow = 0;
  #tsMaxHigh = 0;

  /** @param capacity rows per batch */
  constructor(
    readonly capacity: number,
    private readonly flushBatch: (batch: PendingBatch) => void,
  ) {
    assert(Number.isInteger(capacity) && capacity > 0, 'capacity is a positive integer');
    assert(capacity <= ROWS_MAX, `a batch has at most ${ROWS_MAX} rows`);
    const make = (name: string, type: string) => {
      if (type === 'u64' || type === 'i64') return [name, new WordBuilder(capacity)];
      if (type === 'utf8' || type === 'binary') return [name, new BytesBuilder(capacity)];
      const array =
        type === 'u16'
          ? Uint16Array
          : type === 'i16'
            ? Int16Array
            : type === 'u32'
              ? Uint32Array
              : Int32Array;
      return [name, new IntBuilder(capacity, array)];
    };
    const builders = Object.fromEntries(COLUMNS.map((c) => make(c.name, c.type)));
    this.#builders = builders as Record<ColumnName, ColumnBuilder>;
    this.#words = builders as Record<WordColumn, WordBuilder>;
    this.#ints = builders as Record<IntColumn | DictColumn, IntBuilder>;
    this.#data = builders.data as BytesBuilder;
    this.#text = builders.text as BytesBuilder;
    const phases = PHASES.map((p) => [p, this.dictionaries.phase.id(p)]);
    this.#phaseIds = Object.fromEntries(phases) as Record<Phase, number>;
  }

  /** Sequence number of the open event, or of the next one. */
  get seq(): Seq {
    return toSeq(this.#seqFirst + this.#row);
  }

  /** Rows committed but not handed on yet. */
  get pending(): number {
    return this.#row;
  }

  /** Names what records the events that follow. */
  source(source: Source): void {
    this.#source = this.dictionaries.source.id(source);
  }

  /** The same by dictionary id. */
  sourceId(id: number): void {
    this.#source = id;
  }

  /** Id of a kind, to be looked up once and passed to `begin`. */
  kind(kind: Kind): number {
    return this.dictionaries.kind.id(kind);
  }

  /** Opens the next event. @param kind an id from `kind()` */
  begin(kind: number, phase: Phase): void {
    assert(!this.#open, 'the event before was committed');
    this.#open = true;
    this.#ints.source.set(this.#row, this.#source);
    this.#ints.kind.set(this.#row, kind);
    this.#ints.phase.set(this.#row, this.#phaseIds[phase]);
  }

  /** Time as seconds and nanoseconds, both non-negative; exact for every 64-bit time. */
  time(seconds: number, nanoseconds: number): void {
    // The product does not fit 53 bits, so it is made of the high and the low half of the seconds.
    const high = Math.floor(seconds / 0x1_0000) * NS_PER_S;
    const low = (seconds % 0x1_0000) * NS_PER_S + nanoseconds + (high % 0x1_0000) * 0x1_0000;
    this.timeWords(low % TWO_32, Math.floor(high / 0x1_0000) + Math.floor(low / TWO_32));
  }

  /** Gives the event the time of the one before: for what has no time of its own. */
  timeOfLast(): void {
    this.timeWords(this.#tsLow, this.#tsHigh);
  }

  /** Time in nanoseconds as the low and high 32 bits. */
  timeWords(low: number, high: number): void {
    this.#words.ts.setWords(this.#row, low, high);
    this.#tsLow = low;
    this.#tsHigh = high;
    const first = this.#row === 0;
    if (first || high < this.#tsMinHigh || (high === this.#tsMinHigh && low < this.#tsMinLow)) {
      this.#tsMinLow = low;
      this.#tsMinHigh = high;
    }
    if (first || high > this.#tsMaxHigh || (high === this.#tsMaxHigh && low > this.#tsMaxLow)) {
      this.#tsMaxLow = low;
      this.#tsMaxHigh = high;
    }
  }

  dict(column: Exclude<DictColumn, OwnColumn>, id: number): void {
    this.#ints[column].set(this.#row, id);
  }

  /** Sets a dictionary column by its string. */
  string(column: Exclude<DictColumn, OwnColumn>, text: string): void {
    this.#ints[column].set(this.#row, this.dictionaries[column].id(text));
  }

  int(column: IntColumn, value: number): void {
    this.#ints[column].set(this.#row, value);
  }

  /** Sets a 64-bit column from an integer of at most 53 bits. */
  word(column: Exclude<WordColumn, OwnColumn>, value: number): void {
    this.#words[column].set(this.#row, value);
  }

  words(column: Exclude<WordColumn, OwnColumn>, low: number, high: number): void {
    this.#words[column].setWords(this.#row, low, high);
  }

  big(column: Exclude<WordColumn, OwnColumn>, value: bigint): void {
    this.#words[column].setBig(this.#row, value);
  }

  /** @param bytes at most `VALUE_BYTES_MAX` */
  data(bytes: Uint8Array): void {
    assert(bytes.byteLength <= VALUE_BYTES_MAX, 'a value is within its limit');
    this.#data.setBytes(this.#row, bytes);
  }

  /** Sets the text; one that is longer than a value may be is cut, and says so. */
  text(text: string): void {
    const fits = text.length * 3 <= VALUE_BYTES_MAX || Buffer.byteLength(text) <= VALUE_BYTES_MAX;
    const rest = Math.floor((VALUE_BYTES_MAX - CUT.length) / 3);
    this.#text.setText(this.#row, fits ? text : text.slice(0, rest) + CUT);
  }

  /** Sets the text from the UTF-8 bytes `bytes[start..end)`. */
  textBytes(bytes: Buffer, start: number, end: number): void {
    this.#text.setUtf8(this.#row, bytes, start, end);
  }

  /** Closes the open event and gives it its place in the trace. */
  commit(): Seq {
    assert(this.#open, 'an event is open');
    this.#open = false;
    const seq = this.seq;
    this.#words.seq.set(this.#row, seq);
    this.#row++;
    const bytes = this.#data.byteLength + this.#text.byteLength;
    if (this.#row === this.capacity || bytes >= BATCH_BYTES_MAX) this.flush();
    return seq;
  }

  /** Hands on what has been committed, if anything. */
  flush(): void {
    assert(!this.#open, 'no event is open');
    if (this.#row === 0) return;
    const rows = this.#row;
    const big = (low: number, high: number) => (BigInt(high) << 32n) | BigInt(low);
    this.flushBatch({
      rows,
      seqFirst: toSeq(this.#seqFirst),
      tsMin: big(this.#tsMinLow, this.#tsMinHigh),
      tsMax: big(this.#tsMaxLow, this.#tsMaxHigh),
      columns: this.#columns(rows),
    });
    for (const c of COLUMNS) this.#builders[c.name].clear(rows);
    this.#seqFirst += rows;
    this.#row = 0;
  }

  /** The columns of a batch without rows. */
  emptyColumns(): readonly ColumnBuffers[] {
    return this.#columns(0);
  }

  #columns(rows: number): readonly ColumnBuffers[] {
    this.#words.span.carry(rows);
    return COLUMNS.map((c) => this.#builders[c.name].buffers(rows));
  }
}
