import type { BatchMessage } from './arrow-message.js';
import { Batch, type BatchBody } from './batch.js';
import { type BatchInfo, batchInfo, checkBody, columnCrcs } from './batch-info.js';
import { STATS_COLUMNS, STATS_KEY } from './batch-stats.js';
import { type ByteSource, openSource } from './byte-source.js';
import type { ColumnMemory } from './column-memory.js';
import {
  DAMAGED_STRING,
  type Dictionaries,
  type DictionaryFrame,
  type ReadDictionaries,
  readDictionaries,
} from './dictionaries.js';
import { OVERFLOW } from './dictionary.js';
import type { EndMark } from './end-mark.js';
import { VfrError } from './errors.js';
import {
  COLUMNS,
  DICT_COLUMNS,
  type DictColumn,
  FORMAT_VERSION,
  type TraceMeta,
} from './event-schema.js';
import { PHASES } from './kinds.js';
import { type Loss, type LossById, sumLosses, totalLost } from './loss-counts.js';
import { type Chain, digestMatches, endMarkIn, followChain } from './message-chain.js';
import { placeDamage } from './place-damage.js';
import { readOn } from './read-past-bad-disk.js';
import { type Damage, type Frame, isEndMarker, type Scan, scan } from './scan-frames.js';
import { type Filter, type Selection, select } from './select-events.js';
import { parseMeta } from './trace-meta.js';

/**
 * Whether a trace is whole: `complete` only when nothing is cut, damaged or missing and no source
 * lost an event.
 */
export interface Completeness {
  readonly complete: boolean;
  readonly truncated: boolean;
  readonly damaged: number;
  /** Events that sources reported as lost; null when the end marker with their sum is missing. */
  readonly lost: number | null;
}

/**
 * When the bytes of batches are compared with their CRCs: when the trace is opened, or `later`, by
 * `verified`. Everything else is always verified by opening.
 */
export type Checks = 'now' | 'later';

/**
 * Reads a trace batch by batch. Opening it verifies every byte against its CRC, and that every
 * message belongs to this trace and is in its place. Damaged parts are left out and listed in
 * `damage`; the rest can be read. Columns are decompressed on demand.
 */
export class TraceReader {
  readonly meta: TraceMeta;
  readonly version: number;
  readonly batches: readonly BatchInfo[];
  readonly end: EndMark | null;
  /** All strings of the dictionary columns; the ids of every batch are indexes into these. */
  readonly dictionaries: Dictionaries;
  /** Dictionary columns that lack strings; missing ones read `(damaged)`. */
  readonly stringsMissing: readonly DictColumn[];
  readonly #scan: Scan;
  readonly #chain: Chain;
  #damage: Damage[];
  /** Batches that were not compared with their CRCs yet. */
  #unverified: readonly Frame[] = [];

  /** @throws VfrError when the file cannot be read or is not a trace */
  static open(file: string): TraceReader {
    return new TraceReader(readOn(openSource(file)));
  }

  constructor(
    readonly source: ByteSource,
    checks: Checks = 'now',
  ) {
    this.#scan = scan(source);
    this.#chain = followChain(this.#scan, source.size);
    const { version, meta } = this.#readSchema();
    this.version = version;
    this.meta = meta;
    this.#damage = [...this.#chain.damage];
    const { batches, dictionaryFrames, end } = this.#readFrames(checks);
    this.batches = batches;
    this.end = this.#believed(end);
    const { dictionaries, missing } = this.#readDictionaries(dictionaryFrames);
    this.dictionaries = dictionaries;
    this.stringsMissing = missing;
    const { unreadable = [] } = source;
    this.#damage = placeDamage(this.#damage, batches, this.end?.events ?? null, unreadable);
  }

  /** The trace's id; null in a trace of format version 1, which has none. */
  get id(): string | null {
    return this.#chain.id;
  }

  /**
   * Whether messages are tied to the trace and to each other, so that everything read without
   * damage is what was written. In version 1 they are not, and a batch of another trace may go
   * unnoticed.
   */
  get isLinked(): boolean {
    return this.#chain.id !== null;
  }

  /** Damaged byte ranges, in file order. */
  get damage(): readonly Damage[] {
    return this.#damage;
  }

  /** Every frame with valid metadata, for tools that inspect the file itself. */
  get layout(): Pick<Scan, 'frames'> {
    return this.#scan;
  }

  /** Number of readable events. */
  get events(): number {
    return this.batches.reduce((sum, b) => sum + b.rows, 0);
  }

  /** The seq after the last readable event: more than `events` where a part of them is missing. */
  get seqEnd(): number {
    const last = this.batches.at(-1);
    return last === undefined ? 0 : last.seqFirst + last.rows;
  }

  /** Byte offset at which the file was cut, or null. */
  get cutAt(): number | null {
    const { cutAt } = this.#chain;
    return cutAt ?? (this.end === null ? this.endsAt : null);
  }

  /** Whether the message with the metadata of the trace exists. */
  get hasOpening(): boolean {
    return this.#chain.frames.some((frame) => frame.message.type === 'schema');
  }

  /** Byte offset after the last message of the trace, or 0 when there is none. */
  get endsAt(): number {
    return this.#chain.frames.at(-1)?.end ?? 0;
  }

  /** Columns with names that did not fit into the dictionary and read `(dictionary full)`. */
  get dictionariesFull(): readonly DictColumn[] {
    return DICT_COLUMNS.filter((column) => this.dictionaries[column].includes(OVERFLOW));
  }

  /** Events that the end marker counts but that cannot be read. */
  get missing(): number {
    return this.end === null ? 0 : Math.max(0, this.end.events - this.events);
  }

  get completeness(): Completeness {
    const truncated = this.cutAt !== null;
    const damaged = this.damage.length;
    const lost = this.end?.lost ?? null;
    // A `lost` event may have no number, or be about a column; it counts in any case.
    const lossy = lost !== 0 || this.batches.some((batch) => batch.stats.losses.length > 0);
    return {
      complete:
        !truncated &&
        damaged === 0 &&
        this.missing === 0 &&
        !lossy &&
        this.dictionariesFull.length === 0,
      truncated,
      damaged,
      lost,
    };
  }

  /** Events that the readable batches report as lost, by source and CPU. */
  get losses(): readonly Loss[] {
    const named = ({ source, ...rest }: LossById) => ({
      ...rest,
      source: this.dictionaries.source[source] ?? DAMAGED_STRING,
    });
    return sumLosses(this.batches.flatMap((batch) => batch.stats.losses.map(named)));
  }

  /**
   * Opens one batch; reads nothing before a column is requested.
   * @param memory scratch memory for decompressed columns, for callers that release the batch
   * before they open the next
   */
  batch({ frame, rows, seqFirst }: BatchInfo, memory?: ColumnMemory): Batch {
    return new Batch({ ...this.#body(frame), rows, seqFirst, memory });
  }

  /** Reads the batches in order, one in memory at a time. */
  *read(): Generator<Batch> {
    for (const info of this.batches) yield this.batch(info);
  }

  /**
   * Yields the events that pass a filter; skips batches that cannot contain one without reading
   * them.
   */
  select(filter: Filter): Generator<Selection> {
    return select(this, filter);
  }

  /** Batches with only some damaged columns, from which the others can be saved. */
  impairedBatches(): BatchInfo[] {
    const damaged = this.#damage.filter(({ columns }) => columns !== undefined);
    let at = 0;
    return this.#chain.frames.flatMap((frame) => {
      while (at < damaged.length && damaged[at].offset < frame.offset) at++;
      if (frame.message.type !== 'batch' || damaged[at]?.offset !== frame.offset) return [];
      const info = batchInfo(frame, frame.message);
      return typeof info === 'string' ? [] : [info];
    });
  }

  /** Whether every byte was compared with its CRC. */
  get isVerified(): boolean {
    return this.#unverified.length === 0;
  }

  /**
   * Compares the batches of a trace that was opened with later checks with their CRCs, one at a
   * time. Yields the part that is done, from 0 to 1; returns whether all are what was written. If
   * one is not, the trace has to be opened again with all checks, which leaves it out.
   */
  *verified(): Generator<number, boolean> {
    const frames = this.#unverified;
    for (const [i, frame] of frames.entries()) {
      if (checkBody(this.source, frame) !== null) return false;
      yield (i + 1) / frames.length;
    }
    this.#unverified = [];
    return true;
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
    const { frames } = this.#chain;
    const message = frames.find((f) => f.message.type === 'schema')?.message;
    // The batches can be read even if the opening is damaged.
    if (message === undefined && frames.some(isBatchOfVfr)) {
      return { ...UNKNOWN_OPENING, version: this.isLinked ? FORMAT_VERSION : 1 };
    }
    const parsed = message?.type === 'schema' ? parseMeta(message.metadata) : null;
    if (message?.type !== 'schema' || parsed === null) throw this.#notATrace();
    if (parsed.version > FORMAT_VERSION) {
      const own = `this vfr reads up to ${FORMAT_VERSION}`;
      const what = `the trace has format version ${parsed.version}, ${own}`;
      throw new VfrError('TRACE_TOO_NEW', what, 'Use a newer vfr.', {
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
    const { size, name, unreadable } = this.source;
    if (unreadable !== undefined && unreadable.length > 0) return unreadable[0].error;
    const opens = size > 0 && CONTINUED.equals(this.source.read(0, CONTINUED.byteLength));
    const cut = opens && this.#scan.frames.length === 0 && this.#scan.cutAt === 0;
    const nothing = size === 0 ? 'the file is empty' : 'not a vfr trace';
    const what = cut ? 'cut within its opening, before the first event' : nothing;
    const next = 'Traces are made by `vfr import` and `vfr record`.';
    return new VfrError('NOT_A_TRACE', what, next, { file: name });
  }

  #readFrames(checks: Checks) {
    const batches: BatchInfo[] = [];
    const dictionaryFrames: DictionaryFrame[] = [];
    let end: Frame | null = null;
    let seqNext = 0;
    const unverified: Frame[] = [];
    for (const frame of this.#chain.frames) {
      const { message } = frame;
      const isLater = checks === 'later' && message.type === 'batch' && !isEndMarker(frame);
      if (isLater) unverified.push(frame);
      const damage = isLater ? null : checkBody(this.source, frame);
      if (damage !== null) this.#damage.push(damage);
      if (message.type === 'dictionary') {
        dictionaryFrames.push({ frame, message, isWhole: damage === null });
      }
      if (damage !== null || message.type !== 'batch') continue;
      if (isEndMarker(frame)) {
        end = frame;
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
    this.#unverified = unverified;
    return { batches, dictionaryFrames, end };
  }

  /** The content of the end marker, unless it is impossible. */
  #believed(frame: Frame | null): EndMark | null {
    if (frame === null) return null;
    const mark = endMarkIn(frame);
    const what = this.#whyNot(mark);
    if (what === null) return mark;
    this.#damage.push({ offset: frame.offset, end: frame.end, what: `the end marker ${what}` });
    return null;
  }

  #whyNot(mark: EndMark | null): string | null {
    if (mark === null) return 'does not say what it should';
    if (mark.events < this.events || mark.batches < this.batches.length) {
      const counts = `${mark.events} events in ${mark.batches} batches`;
      return `counts ${counts}, and there are ${this.events} in ${this.batches.length}`;
    }
    const last = this.batches.at(-1);
    if (last !== undefined && mark.events < last.seqFirst + last.rows) {
      return `counts ${mark.events} events, and one has seq ${last.seqFirst + last.rows - 1}`;
    }
    const lost = totalLost(this.batches.flatMap(({ stats }) => stats.losses));
    if (mark.lost < lost) return `counts ${mark.lost} lost events, but batches report ${lost}`;
    if (!this.isLinked || this.#damage.length > 0) return null;
    return digestMatches(this.#chain.frames, mark) ? null : 'does not sum up this trace';
  }

  #readDictionaries(frames: readonly DictionaryFrame[]): ReadDictionaries {
    const read = readDictionaries(this.source, frames, this.#stringsNeeded());
    for (const one of read.damage) this.#damage.push(one);
    const [first] = this.batches;
    for (const name of read.missing) {
      const offset = first?.frame.offset ?? 0;
      const what = `strings of column ${name} are nowhere in the file, and read ${DAMAGED_STRING}`;
      this.#damage.push({ offset, end: offset, what });
    }
    return read;
  }

  /** Number of strings that the batches need, by column: ids count from 0. */
  #stringsNeeded(): Partial<Record<DictColumn, number>> {
    const needed: Partial<Record<DictColumn, number>> = {};
    for (const { rows, stats } of this.batches) {
      if (rows > 0) needed.phase = PHASES.length;
      for (const name of STATS_COLUMNS) {
        const last = stats.ids[name]?.at(-1) ?? -1;
        needed[name] = Math.max(needed[name] ?? 0, last + 1);
      }
    }
    return needed;
  }
}

/** The first bytes of every Arrow stream. */
const CONTINUED = Buffer.alloc(4, 0xff);

const UNKNOWN_OPENING = {
  version: FORMAT_VERSION,
  meta: { clock: 'unknown', writer: 'unknown', notes: {} },
};

const isBatchOfVfr = ({ message }: Frame) =>
  message.type === 'batch' && message.metadata.has(STATS_KEY);
