import { dictionaryColumn, inflate, SCHEMA_TYPES } from './arrow.js';
import { BATCH_BUFFERS, Batch } from './batch.js';
import { END_KEY, type EndMark, parseEnd } from './end.js';
import { VfrError } from './errors.js';
import { checkBody } from './frame.js';
import { parseMeta } from './meta.js';
import { type Damage, type Frame, type Scan, scan } from './scan.js';
import {
  COLUMNS,
  DICT_COLUMNS,
  type DictColumn,
  FORMAT_VERSION,
  type TraceMeta,
} from './schema.js';
import { type ByteSource, openSource } from './source.js';
import { type BatchStats, parseStats, STATS_KEY } from './stats.js';
import { type Seq, toSeq } from './units.js';

/** Rows of one batch; bounds what a hostile file can make the reader allocate. */
const ROWS_MAX = 1 << 20;
const DICTIONARY_BYTES_MAX = 1 << 26;
const DICTIONARY_ROWS_MAX = 1 << 22;

/** A batch that can be read: where it is and what its metadata says. */
export interface BatchInfo {
  readonly rows: number;
  readonly seqFirst: Seq;
  /** Null when the batch says nothing of itself; it can then not be skipped. */
  readonly stats: BatchStats | null;
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

/**
 * Reads a trace batch by batch. Every byte is checked before it is decoded; what is damaged is left
 * out and told by `damage`, and what is not damaged can be read.
 */
export class TraceReader {
  readonly meta: TraceMeta;
  readonly version: number;
  readonly batches: readonly BatchInfo[];
  readonly end: EndMark | null;
  readonly #scan: Scan;
  readonly #damage: Damage[];
  #dictionaries: Readonly<Record<DictColumn, readonly string[]>> | null = null;

  /** @throws VfrError when the file cannot be read or is not a trace */
  static open(file: string): TraceReader {
    return new TraceReader(openSource(file));
  }

  constructor(readonly source: ByteSource) {
    this.#scan = scan(source);
    this.#damage = [...this.#scan.damage];
    const { version, meta } = this.#readSchema();
    this.version = version;
    this.meta = meta;
    const { batches, end } = this.#readBatches();
    this.batches = batches;
    this.end = end;
  }

  /** Bytes that could not be read as frames, or that say something impossible. */
  get damage(): readonly Damage[] {
    return this.#damage;
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
    const complete = !truncated && damaged === 0 && lost === 0 && !missing;
    return { complete, truncated, damaged, lost };
  }

  /** All strings of the dictionary columns; ids of every batch are ids into these. */
  get dictionaries(): Readonly<Record<DictColumn, readonly string[]>> {
    this.#dictionaries ??= this.#readDictionaries();
    return this.#dictionaries;
  }

  /**
   * Reads and verifies the body of one batch.
   * @throws VfrError `BATCH_DAMAGED` when the bytes are not those that were written
   */
  batch(info: BatchInfo): Batch {
    const { frame, rows, seqFirst } = info;
    const body = this.#body(frame);
    if (frame.message.type !== 'batch') throw new TypeError('not a batch');
    const { nullCounts, regions } = frame.message;
    const { dictionaries } = this;
    const { name: file } = this.source;
    const { offset } = frame;
    return new Batch({ file, offset, rows, seqFirst, body, nullCounts, regions, dictionaries });
  }

  /** Reads the batches in order, one in memory at a time. */
  *read(): Generator<Batch> {
    for (const info of this.batches) yield this.batch(info);
  }

  close(): void {
    this.source.close();
  }

  #body(frame: Frame): Buffer {
    const body = this.source.read(frame.bodyOffset, frame.end - frame.bodyOffset);
    if (checkBody(body, frame.checked)) return body;
    throw new VfrError(
      'damaged',
      'BATCH_DAMAGED',
      'a batch does not match its CRC',
      'Run `vfr verify` to see what is damaged and `vfr repair` to save the rest.',
      { file: this.source.name, offset: frame.offset },
    );
  }

  #readSchema(): { version: number; meta: TraceMeta } {
    const message = this.#scan.frames.find((f) => f.message.type === 'schema')?.message;
    // A damaged opening does not cost the batches: they are of this version or they do not check.
    if (message === undefined && this.#scan.frames.some(isBatchOfVfr)) return UNKNOWN_OPENING;
    const parsed = message?.type === 'schema' ? parseMeta(message.metadata) : null;
    if (message?.type !== 'schema' || parsed === null) throw this.#notATrace();
    if (parsed.version > FORMAT_VERSION) {
      const what = `the trace has format version ${parsed.version}, this vfr reads up to ${FORMAT_VERSION}`;
      throw new VfrError('unreadable', 'TRACE_TOO_NEW', what, 'Use a newer vfr.', {
        file: this.source.name,
      });
    }
    const expected = SCHEMA_TYPES.every(
      (c, i) => message.columns[i]?.name === c.name && message.columns[i]?.type === c.type,
    );
    if (!expected || message.columns.length !== COLUMNS.length) throw this.#notATrace();
    return parsed;
  }

  #notATrace(): VfrError {
    const what = this.source.size === 0 ? 'the file is empty' : 'not a vfr trace';
    const next = 'Traces are made by `vfr import` and `vfr record`.';
    return new VfrError('unreadable', 'NOT_A_TRACE', what, next, { file: this.source.name });
  }

  #readBatches(): { batches: BatchInfo[]; end: EndMark | null } {
    const batches: BatchInfo[] = [];
    let end: EndMark | null = null;
    let seqNext = 0;
    for (const frame of this.#scan.frames) {
      const { message } = frame;
      if (message.type !== 'batch') continue;
      const endText = message.metadata.get(END_KEY);
      if (endText !== undefined) {
        end = parseEnd(endText);
        continue;
      }
      const problem = batchProblem(message);
      if (problem !== null) {
        this.#damage.push({ offset: frame.offset, end: frame.end, what: problem });
        continue;
      }
      const stats = parseStats(message.metadata.get(STATS_KEY));
      const seqFirst = stats?.seqFirst ?? toSeq(seqNext);
      batches.push({ rows: message.rows, seqFirst, stats, frame });
      seqNext = seqFirst + message.rows;
    }
    return { batches, end };
  }

  /** Dictionaries only grow, so the last readable one of a column holds all of its strings. */
  #readDictionaries(): Record<DictColumn, readonly string[]> {
    const none = DICT_COLUMNS.map((name) => [name, []] as const);
    const out = Object.fromEntries(none) as unknown as Record<DictColumn, readonly string[]>;
    const found = new Set<DictColumn>();
    for (const frame of [...this.#scan.frames].reverse()) {
      if (frame.message.type !== 'dictionary') continue;
      const name = dictionaryColumn(frame.message.id);
      if (name === undefined || found.has(name)) continue;
      try {
        out[name] = readStrings(this.#body(frame), frame);
        found.add(name);
      } catch (error) {
        const what = `dictionary of column ${name}: ${(error as Error).message}`;
        this.#damage.push({ offset: frame.offset, end: frame.end, what });
      }
    }
    return out;
  }
}

const UNKNOWN_OPENING = {
  version: FORMAT_VERSION,
  meta: { clock: 'unknown', writer: 'unknown', notes: {} },
};

const isBatchOfVfr = ({ message }: Frame) =>
  message.type === 'batch' && message.metadata.has(STATS_KEY);

/** What is impossible about a batch's metadata, or null. */
function batchProblem(message: Extract<Frame['message'], { type: 'batch' }>): string | null {
  const { rows, nullCounts, regions, bodyLength } = message;
  if (!Number.isInteger(rows) || rows < 0 || rows > ROWS_MAX) return `${rows} rows out of range`;
  if (nullCounts.length !== COLUMNS.length) return 'another number of columns than the schema';
  if (regions.length !== BATCH_BUFFERS) return 'another number of buffers than the schema wants';
  const outside = regions.some(
    (r) => r.offset < 0 || r.length < 0 || r.offset + r.length > bodyLength,
  );
  return outside ? 'a buffer lies outside the body' : null;
}

/** The strings of a dictionary batch: one UTF-8 column without nulls. */
function readStrings(body: Buffer, frame: Frame): string[] {
  if (frame.message.type !== 'dictionary') throw new TypeError('not a dictionary');
  const { rows, regions } = frame.message;
  if (!Number.isInteger(rows) || rows < 0 || rows > DICTIONARY_ROWS_MAX || regions.length !== 3) {
    throw new Error('sizes out of range');
  }
  const part = (i: number, max: number) =>
    inflate(body.subarray(regions[i].offset, regions[i].offset + regions[i].length), max);
  const offsetBytes = part(1, (rows + 1) * 4);
  if (offsetBytes.byteLength !== (rows + 1) * 4) throw new Error('offsets cut short');
  const offsets = new Int32Array(offsetBytes.buffer);
  const bytes = Buffer.from(part(2, DICTIONARY_BYTES_MAX).buffer);
  const strings: string[] = [];
  for (let i = 0; i < rows; i++) {
    if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || offsets[i + 1] > bytes.byteLength) {
      throw new Error('offsets out of order');
    }
    strings.push(bytes.toString('utf8', offsets[i], offsets[i + 1]));
  }
  return strings;
}
