import { BATCH_BUFFERS, Batch, type BatchBody, columnRange } from './batch.js';
import type { ColumnMemory } from './column-memory.js';
import { readStrings } from './dictionary-batch.js';
import { END_KEY, type EndMark, parseEnd } from './end.js';
import { VfrError } from './errors.js';
import { COLUMN_CRCS_KEY } from './frame.js';
import { DICTIONARY_ROWS_MAX, ROWS_MAX } from './limits.js';
import { type Loss, type LossById, sumLosses } from './losses.js';
import type { BatchMessage, DictionaryMessage } from './message.js';
import { parseMeta } from './meta.js';
import { type Damage, type Frame, type Scan, scan } from './scan.js';
import {
  COLUMNS,
  type ColumnName,
  DICT_COLUMNS,
  type DictColumn,
  FORMAT_VERSION,
  type TraceMeta,
} from './schema.js';
import { type Filter, type Selection, select } from './select.js';
import { type ByteSource, bodyCrc, openSource } from './source.js';
import { type BatchStats, parseStats, STATS_COLUMNS, STATS_KEY } from './stats.js';
import type { Seq } from './units.js';

/** A batch that can be read: where it is and what its metadata says. */
export interface BatchInfo {
  readonly rows: number;
  readonly seqFirst: Seq;
  readonly stats: BatchStats;
  readonly frame: Frame;
}

/**
 * What is known of a trace being whole: `complete` only when nothing is cut, damaged or missing and
 * no source lost an event.
 */
export interface Completeness {
  readonly complete: boolean;
  readonly truncated: boolean;
  readonly damaged: number;
  /** Events that sources said they lost; null when the end marker that sums them up is missing. */
  readonly lost: number | null;
}

/** What stands for a string that was in a damaged part of the file and nowhere else. */
const DAMAGED_STRING = '(damaged)';

type Dictionaries = Readonly<Record<DictColumn, readonly string[]>>;

/**
 * Reads a trace batch by batch. Opening it verifies every byte against its CRC; what is damaged is
 * left out and told by `damage`, and what is not damaged can be read. Columns are decompressed when
 * they are asked for.
 */
export class TraceReader {
  readonly meta: TraceMeta;
  readonly version: number;
  readonly batches: readonly BatchInfo[];
  readonly end: EndMark | null;
  /** All strings of the dictionary columns; ids of every batch are ids into these. */
  readonly dictionaries: Dictionaries;
  readonly #scan: Scan;
  readonly #damage: Damage[];
  readonly #damagedAt: ReadonlySet<number>;

  /** @throws VfrError when the file cannot be read or is not a trace */
  static open(file: string): TraceReader {
    return new TraceReader(openSource(file));
  }

  constructor(readonly source: ByteSource) {
    this.#scan = scan(source);
    const { version, meta } = this.#readSchema();
    this.version = version;
    this.meta = meta;
    this.#damage = [...this.#scan.damage];
    const { batches, end } = this.#readBatches();
    this.batches = batches;
    this.end = end;
    this.#placeDamage();
    this.#damagedAt = new Set(this.#damage.map((d) => d.offset));
    this.dictionaries = this.#readDictionaries();
  }

  /** Bytes that are not what was written, in the order of the file. */
  get damage(): readonly Damage[] {
    return this.#damage;
  }

  /** Every frame whose metadata checks, for tools that look at the file itself. */
  get layout(): Pick<Scan, 'frames'> {
    return this.#scan;
  }

  /** Number of events that can be read. */
  get events(): number {
    return this.batches.reduce((sum, b) => sum + b.rows, 0);
  }

  /** Byte offset at which the file was cut, or null. */
  get cutAt(): number | null {
    const { cutAt, endOfStream, end } = this.#scan;
    if (cutAt !== null) return cutAt;
    return endOfStream && this.end !== null ? null : end;
  }

  get completeness(): Completeness {
    const truncated = this.cutAt !== null;
    const damaged = this.damage.length;
    const lost = this.end?.lost ?? null;
    const missing = this.end !== null && this.end.events !== this.events;
    // A `lost` event may not know how many, or tell of a column; it counts all the same.
    const lossy = lost !== 0 || this.batches.some((batch) => batch.stats.losses.length > 0);
    return {
      complete: !truncated && damaged === 0 && !missing && !lossy,
      truncated,
      damaged,
      lost,
    };
  }

  /** Events that the readable batches say were lost, by source and CPU. */
  get losses(): readonly Loss[] {
    const named = ({ source, ...rest }: LossById) => ({
      ...rest,
      source: this.dictionaries.source[source] ?? DAMAGED_STRING,
    });
    return sumLosses(this.batches.flatMap((batch) => batch.stats.losses.map(named)));
  }

  /**
   * Opens one batch; nothing of it is read before a column is asked for.
   * @param memory where its columns are decompressed to, for who is done with a batch before long
   */
  batch({ frame, rows, seqFirst }: BatchInfo, memory?: ColumnMemory): Batch {
    return new Batch({ ...this.#body(frame), rows, seqFirst, memory });
  }

  /** Reads the batches in order, one in memory at a time. */
  *read(): Generator<Batch> {
    for (const info of this.batches) yield this.batch(info);
  }

  /** Reads the events that pass a filter; batches that cannot hold one are skipped unread. */
  select(filter: Filter): Generator<Selection> {
    return select(this, filter);
  }

  /** Batches of which only some columns are damaged, to save the others. */
  impairedBatches(): BatchInfo[] {
    const offsets = new Set(this.#damage.flatMap((d) => (d.columns ? [d.offset] : [])));
    return this.#scan.frames.flatMap((frame) => {
      if (frame.message.type !== 'batch' || !offsets.has(frame.offset)) return [];
      const info = batchInfo(frame, frame.message);
      return typeof info === 'string' ? [] : [info];
    });
  }

  /** Every dictionary message whose bytes are whole, for `verify`. */
  *dictionaryVersions(): Generator<{ name: DictColumn; frame: Frame; strings: readonly string[] }> {
    for (const { frame, message, name } of this.#dictionaryFrames()) {
      if (this.#damagedAt.has(frame.offset)) continue;
      yield { name, frame, strings: this.#strings(frame, message) };
    }
  }

  close(): void {
    this.source.close();
  }

  #body(frame: Frame): Omit<BatchBody, 'rows' | 'seqFirst'> {
    const message = frame.message as BatchMessage;
    const { nullCounts, regions, bodyLength } = message;
    return {
      file: this.source.name,
      offset: frame.offset,
      nullCounts,
      regions,
      bodyLength,
      columnCrcs: columnCrcs(message),
      dictionaries: this.dictionaries,
      read: (offset, length, into) => this.source.read(frame.bodyOffset + offset, length, into),
    };
  }

  #readSchema(): { version: number; meta: TraceMeta } {
    const message = this.#scan.frames.find((f) => f.message.type === 'schema')?.message;
    // A damaged opening does not cost the batches: they are of this version or they do not check.
    if (message === undefined && this.#scan.frames.some(isBatchOfVfr)) return UNKNOWN_OPENING;
    const parsed = message?.type === 'schema' ? parseMeta(message.metadata) : null;
    if (message?.type !== 'schema' || parsed === null) throw this.#notATrace();
    if (parsed.version > FORMAT_VERSION) {
      const own = `this vfr reads up to ${FORMAT_VERSION}`;
      const what = `the trace has format version ${parsed.version}, ${own}`;
      throw new VfrError('unreadable', 'TRACE_TOO_NEW', what, 'Use a newer vfr.', {
        file: this.source.name,
      });
    }
    const expected = COLUMNS.every(
      (c, i) => message.columns[i]?.name === c.name && message.columns[i]?.type === c.type,
    );
    if (!expected || message.columns.length !== COLUMNS.length) throw this.#notATrace();
    return parsed;
  }

  #notATrace(): VfrError {
    const { size } = this.source;
    const opens = size > 0 && CONTINUED.equals(this.source.read(0, CONTINUED.byteLength));
    const cut = opens && this.#scan.frames.length === 0 && this.#scan.cutAt === 0;
    const nothing = size === 0 ? 'the file is empty' : 'not a vfr trace';
    const what = cut ? 'cut within its opening, before the first event' : nothing;
    const next = 'Traces are made by `vfr import` and `vfr record`.';
    return new VfrError('unreadable', 'NOT_A_TRACE', what, next, { file: this.source.name });
  }

  #readBatches(): { batches: BatchInfo[]; end: EndMark | null } {
    const batches: BatchInfo[] = [];
    let end: EndMark | null = null;
    let seqNext = 0;
    for (const frame of this.#scan.frames) {
      const damage = this.#checkBody(frame);
      if (damage !== null) {
        this.#damage.push(damage);
        continue;
      }
      const { message } = frame;
      if (message.type !== 'batch') continue;
      const endText = message.metadata.get(END_KEY);
      if (endText !== undefined) {
        end = parseEnd(endText);
        continue;
      }
      const info = batchInfo(frame, message);
      const what = typeof info !== 'string' ? 'its seq goes back' : info;
      if (typeof info === 'string' || info.seqFirst < seqNext) {
        this.#damage.push({ offset: frame.offset, end: frame.end, what });
        continue;
      }
      batches.push(info);
      seqNext = info.seqFirst + info.rows;
    }
    return { batches, end };
  }

  /** Compares a frame's body with its CRC, and finds the columns that are damaged. */
  #checkBody(frame: Frame): Damage | null {
    const { source } = this;
    const { offset, bodyOffset, end, message, checked } = frame;
    if (bodyCrc(source, bodyOffset, end) === checked.bodyCrc) return null;
    if (message.type !== 'batch') {
      const column = message.type === 'dictionary' ? DICT_COLUMNS[message.id] : undefined;
      return { offset, end, what: `the dictionary of column ${column} does not match its CRC` };
    }
    const info = batchInfo(frame, message);
    const what = 'a batch does not match its CRC';
    if (typeof info === 'string') return { offset, end, what };
    const seq = [info.seqFirst, info.seqFirst + info.rows - 1] as const;
    const crcs = columnCrcs(message);
    if (crcs === null) return { offset, end, what, seq };
    const columns = COLUMNS.flatMap(({ name }, i): ColumnName[] => {
      const range = columnRange(message, i);
      const start = bodyOffset + range.offset;
      return bodyCrc(source, start, start + range.length) === crcs[i] ? [] : [name];
    });
    return { offset, end, what, seq, columns };
  }

  /** Gives damage that hides whole frames the range of seq that is missing there. */
  #placeDamage(): void {
    this.#damage.sort((a, b) => a.offset - b.offset);
    this.#damage.forEach((damage, i) => {
      if (damage.seq !== undefined) return;
      const before = this.batches.findLast((b) => b.frame.offset < damage.offset);
      const after = this.batches.find((b) => b.frame.offset > damage.offset);
      const first = before === undefined ? 0 : before.seqFirst + before.rows;
      const next = after?.seqFirst ?? this.end?.events ?? first;
      if (next > first) this.#damage[i] = { ...damage, seq: [first, next - 1] };
    });
  }

  *#dictionaryFrames(): Generator<{
    frame: Frame;
    message: DictionaryMessage;
    name: DictColumn;
  }> {
    for (const frame of this.#scan.frames) {
      const { message } = frame;
      const name = message.type === 'dictionary' ? DICT_COLUMNS[message.id] : undefined;
      if (message.type === 'dictionary' && name !== undefined) yield { frame, message, name };
    }
  }

  /** Dictionaries only grow, so the last readable one of a column holds all of its strings. */
  #readDictionaries(): Dictionaries {
    const last = new Map<DictColumn, { frame: Frame; message: DictionaryMessage }>();
    const sizes = new Map<DictColumn, number>();
    for (const { frame, message, name } of this.#dictionaryFrames()) {
      if (message.rows <= DICTIONARY_ROWS_MAX) sizes.set(name, message.rows);
      if (!this.#damagedAt.has(frame.offset)) last.set(name, { frame, message });
    }
    for (const name of STATS_COLUMNS) {
      const ids = this.batches.map((batch) => batch.stats.ids[name]?.at(-1) ?? -1);
      const needed = Math.min(DICTIONARY_ROWS_MAX, Math.max(-1, ...ids) + 1);
      sizes.set(name, Math.max(needed, sizes.get(name) ?? 0));
    }
    const read = DICT_COLUMNS.map((name) => {
      const found = last.get(name);
      const strings = found === undefined ? [] : this.#strings(found.frame, found.message);
      const missing = Math.max(0, (sizes.get(name) ?? 0) - strings.length);
      return [name, [...strings, ...Array<string>(missing).fill(DAMAGED_STRING)]] as const;
    });
    return Object.fromEntries(read) as unknown as Dictionaries;
  }

  #strings(frame: Frame, message: DictionaryMessage): readonly string[] {
    try {
      return readStrings(this.source.read(frame.bodyOffset, message.bodyLength), message);
    } catch (error) {
      const column = DICT_COLUMNS[message.id];
      const what = `the dictionary of column ${column}: ${(error as Error).message}`;
      this.#damage.push({ offset: frame.offset, end: frame.end, what });
      return [];
    }
  }
}

/** How every Arrow stream begins. */
const CONTINUED = Buffer.alloc(4, 0xff);

const UNKNOWN_OPENING = {
  version: FORMAT_VERSION,
  meta: { clock: 'unknown', writer: 'unknown', notes: {} },
};

const isBatchOfVfr = ({ message }: Frame) =>
  message.type === 'batch' && message.metadata.has(STATS_KEY);

/** What a batch's metadata says, or what is impossible about it. */
function batchInfo(frame: Frame, message: BatchMessage): BatchInfo | string {
  const { rows, nullCounts, regions, bodyLength, metadata } = message;
  if (!Number.isInteger(rows) || rows < 0 || rows > ROWS_MAX) return `${rows} rows out of range`;
  if (nullCounts.length !== COLUMNS.length) return 'another number of columns than the schema';
  if (regions.length !== BATCH_BUFFERS) return 'another number of buffers than the schema wants';
  let end = 0;
  for (const { offset, length } of regions) {
    if (offset !== end || length < 0) return 'a buffer does not follow the one before';
    end = Math.ceil((offset + length) / 8) * 8;
  }
  if (end !== bodyLength) return 'the buffers do not fill the body';
  const stats = parseStats(metadata.get(STATS_KEY));
  if (stats === null || stats.rows !== rows) return 'no valid statistics';
  return { rows, seqFirst: stats.seqFirst, stats, frame };
}

function columnCrcs({ metadata }: BatchMessage): number[] | null {
  const text = metadata.get(COLUMN_CRCS_KEY) ?? '';
  if (text.length !== COLUMNS.length * 8 || !/^[0-9a-f]*$/.test(text)) return null;
  return COLUMNS.map((_, i) => Number.parseInt(text.slice(i * 8, i * 8 + 8), 16));
}
