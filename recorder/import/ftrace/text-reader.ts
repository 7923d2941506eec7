/**
 * Reads kernel trace text of any layout: records, over as many lines as they take, and what stands
 * between them.
 */
import type { EventAppender } from '../../../traces/index.js';
import { RecordMapper } from '../../mapping/mapper.js';
import type { ImportReport } from '../importer.js';
import type { Input } from '../input.js';
import { HASH, NEWLINE, QUOTE } from './ascii.js';
import { EventNames } from './event-name.js';
import { EventTable, type TextEvent } from './event-table.js';
import { Interlude } from './interlude.js';
import { OriginReader } from './origin.js';
import type { Layout } from './prefix.js';
import { TextFields } from './text-fields.js';
import { TextWindow } from './text-window.js';

/** Longest record: the kernel prints one into a buffer of two pages (TRACE_SEQ_SIZE). */
const RECORD_BYTES_MAX = 1 << 14;

/** A record is taken apart again for each of its lines, but not for ever. */
const TRIES_MAX = 256;
const LOST_RECORD = /^PERF_RECORD_LOST(?:_SAMPLES)? lost (\d{1,15})\s*$/;

export interface TextOptions {
  /** What a task is to be called. */
  readonly taskName?: (comm: string) => string;
  /** The end of what the event printed, when something else stands behind it on the line. */
  readonly trim?: (bytes: Buffer, start: number, end: number) => number;
}

export class TextReader {
  readonly #window: TextWindow;
  readonly #mapper: RecordMapper;
  readonly #names: EventNames;
  readonly #fields = new TextFields();
  readonly #interlude: Interlude;
  readonly #origin: OriginReader | null;
  /** Records that are counted without becoming events: calls of the function tracer. */
  #functions = 0;
  /** Where the last line begins when it has no end. */
  #cutAt: number | null = null;
  /** How often the current record was taken apart with one more line. */
  #tries = 0;
  /** The event of the record before. */
  #previous: TextEvent | null = null;

  constructor(
    input: Input,
    events: EventAppender,
    layout: Layout | null,
    private readonly options: TextOptions = {},
  ) {
    this.#window = new TextWindow(input);
    this.#mapper = new RecordMapper(events);
    this.#names = new EventNames(new EventTable(this.#mapper));
    this.#interlude = new Interlude(this.#mapper);
    const { task } = events.dictionaries;
    this.#origin =
      layout === null ? null : new OriginReader(this.#window, layout, task, options.taskName);
  }

  read(): ImportReport {
    const origin = this.#origin;
    while (this.#window.reach()) {
      if (origin === null || this.#atEmptyComment() || !origin.read()) this.#readOther();
      else if (!this.#readRecord(origin)) this.#readUnknown(origin);
    }
    this.#mapper.finish();
    const report = this.#mapper.report();
    const skipped = this.#interlude.counts();
    if (this.#functions > 0) skipped.function = this.#functions;
    const stopped = this.#stopped();
    return {
      ...report,
      records: { ...report.records, ...skipped },
      ...(stopped === null ? {} : { stopped }),
    };
  }

  /** A line of the header that is just `#`, which could begin a name with a line end in it. */
  #atEmptyComment(): boolean {
    const { bytes, at, end } = this.#window;
    return bytes[at] === HASH && at + 1 < end && bytes[at + 1] === NEWLINE;
  }

  /** Where and why reading stopped before the end of the input, when it did. */
  #stopped(): NonNullable<ImportReport['stopped']> | null {
    const offset = this.#cutAt;
    return offset === null ? null : { offset, why: 'the last line has no end' };
  }

  /** Reads the record whose origin was read; false when there is no event behind it. */
  #readRecord(origin: OriginReader): boolean {
    this.#interlude.beforeRecord(origin.record);
    const expected = this.#previous?.next ?? null;
    if (expected !== null && this.#readAgain(origin, expected)) return true;
    const { bytes } = this.#window;
    const { body } = origin.place;
    const lineEnd = this.#window.lineEnd(body);
    const event = this.#names.find(bytes, body, lineEnd);
    if (event === null) return this.#readLoss(origin, lineEnd);
    if (event === 'function') {
      this.#functions++;
      this.#window.goBehind(lineEnd);
      return true;
    }
    const fieldsAt = this.#names.fields;
    const recordEnd = this.#readFields(origin, event, fieldsAt, lineEnd);
    // Half a number reads like a number, so the last line is believed only with its line end.
    if (this.#window.isCut(recordEnd)) {
      this.#readCut(origin, recordEnd);
      return true;
    }
    if (this.#previous !== null) this.#previous.next = event;
    this.#previous = event;
    const { repeatsUntil } = this.#fields;
    if (repeatsUntil >= 0 && this.options.trim === undefined)
      event.expect(this.#window.view, body, fieldsAt, repeatsUntil);
    this.#mapper.record(event.rule, origin.record, this.#fields);
    this.#window.goBehind(recordEnd);
    return true;
  }

  /**
   * Reads a record that is on one line and like the one of its event before; false if it is not.
   */
  #readAgain(origin: OriginReader, event: TextEvent): boolean {
    const { bytes, view, end } = this.#window;
    const { body } = origin.place;
    if (!event.head.isAt(view, body, end)) return false;
    const valueAt = body + event.head.length;
    const fieldsAt = body + event.fieldsOffset;
    const lineEnd = this.#fields.readAgain(bytes, view, fieldsAt, valueAt, end, event);
    if (lineEnd < 0) return false;
    if (lineEnd + 1 < end && !origin.startsAt(lineEnd + 1, false)) return false;
    this.#previous = event;
    this.#mapper.record(event.rule, origin.record, this.#fields);
    this.#window.at = lineEnd + 1;
    return true;
  }

  /** Reads the fields, and as many further lines as belong to them. @returns the record's end */
  #readFields(origin: OriginReader, event: TextEvent, fieldsAt: number, lineEnd: number): number {
    const { bytes, end } = this.#window;
    let recordEnd = lineEnd;
    this.#tries = 0;
    this.#fields.read(bytes, fieldsAt, this.#textEnd(fieldsAt, recordEnd), event);
    while (recordEnd + 1 < end && recordEnd - fieldsAt < RECORD_BYTES_MAX) {
      if (origin.startsAt(recordEnd + 1, this.#fields.open)) break;
      const continued = this.#continuation(origin, event, fieldsAt, recordEnd);
      if (continued < 0) break;
      recordEnd = continued;
    }
    if (recordEnd > lineEnd && this.#fields.open) {
      this.#fields.read(bytes, fieldsAt, this.#textEnd(fieldsAt, recordEnd), event);
    }
    return recordEnd;
  }

  /** Tries the next line as a part of the record. @returns its end, -1 if it is not */
  #continuation(
    origin: OriginReader,
    event: TextEvent,
    fieldsAt: number,
    recordEnd: number,
  ): number {
    const { bytes, end } = this.#window;
    const next = recordEnd + 1;
    const { open, quoted, found } = this.#fields;
    if (this.#interlude.is(bytes, next, end, open || event.grammar === 'text')) return -1;
    const lineEnd = this.#window.lineEnd(next);
    // Without a quote, the line cannot end the string that it is in.
    if (open && !hasQuote(bytes, next, lineEnd)) return lineEnd;
    if (event.grammar !== 'text' && ++this.#tries > TRIES_MAX) return -1;
    if (event.isRaw && !open && found >= event.wanted) return -1;
    this.#fields.read(bytes, fieldsAt, this.#textEnd(fieldsAt, lineEnd), event);
    if (open || event.grammar === 'text') return lineEnd;
    // A string may only have seemed to end; without strings, a field must have been missing.
    const grown = this.#fields.found > found;
    if (grown || (quoted && !this.#fields.open && this.#fields.settled)) return lineEnd;
    // A string without quotes may go on for lines before the field that is missing.
    const bare = !quoted && found < event.wanted;
    for (let at = lineEnd; bare && at + 1 < end && ++this.#tries <= TRIES_MAX; ) {
      if (at - fieldsAt > RECORD_BYTES_MAX || origin.startsAt(at + 1, false)) break;
      at = this.#window.lineEnd(at + 1);
      this.#fields.read(bytes, fieldsAt, this.#textEnd(fieldsAt, at), event);
      if (this.#fields.found > found) return at;
    }
    this.#fields.read(bytes, fieldsAt, this.#textEnd(fieldsAt, recordEnd), event);
    return -1;
  }

  /** `PERF_RECORD_LOST lost 117` (perf script --show-lost-events); false when it is not that. */
  #readLoss({ record, place }: OriginReader, lineEnd: number): boolean {
    const match = LOST_RECORD.exec(this.#window.bytes.toString('latin1', place.body, lineEnd));
    if (match === null) return false;
    this.#mapper.lost(record.cpu, Number(match[1]), record);
    this.#window.goBehind(lineEnd);
    return true;
  }

  /** Reads a record of no event, such as `UNKNOWN TYPE 4`: where it comes from is known. */
  #readUnknown({ record }: OriginReader): void {
    const { bytes, at } = this.#window;
    const lineEnd = this.#window.lineEnd(at);
    const hasOrigin = record.cpu >= 0 || record.tid >= 0;
    if (!hasOrigin) this.#readOther();
    else if (this.#window.isCut(lineEnd)) this.#readCut({ record }, lineEnd);
    else {
      this.#mapper.unparsed(bytes.toString('utf8', at, lineEnd), record);
      this.#window.goBehind(lineEnd);
    }
  }

  #textEnd(start: number, end: number): number {
    return this.options.trim?.(this.#window.bytes, start, end) ?? end;
  }

  #readCut({ record }: Pick<OriginReader, 'record'>, end: number): void {
    const { bytes, at } = this.#window;
    this.#cutAt = this.#window.offset(at);
    this.#mapper.unparsed(bytes.toString('utf8', at, end), record);
    this.#window.at = end;
  }

  /** Reads a line that is no record. */
  #readOther(): void {
    const { bytes, at } = this.#window;
    const lineEnd = this.#window.lineEnd(at);
    if (this.#window.isCut(lineEnd)) this.#cutAt ??= this.#window.offset(at);
    this.#interlude.read(bytes, at, lineEnd);
    this.#window.goBehind(lineEnd);
  }
}

function hasQuote(bytes: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (bytes[p] === QUOTE) return true;
  return false;
}
