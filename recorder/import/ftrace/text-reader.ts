/**
 * Reads kernel trace text of any layout: records of one or more lines, and the lines between them.
 */
import type { EventAppender } from '../../../traces/index.js';
import type { RecordMapper } from '../../mapping/record-mapper.js';
import type { ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { lossCount } from '../loss-count.js';
import { HASH, NEWLINE, OPEN_BRACKET, QUOTE, startsWith, TAB } from './ascii.js';
import { EventNames } from './event-name.js';
import { EventTable, type TextEvent } from './event-table.js';
import { NonRecordLines } from './non-record-lines.js';
import type { Layout } from './prefix-layouts.js';
import { PrefixReader } from './record-prefix.js';
import { TextFields } from './text-fields.js';
import { TextWindow } from './text-window.js';

/** Longest record: the kernel prints one into a buffer of two pages (TRACE_SEQ_SIZE). */
const RECORD_BYTES_MAX = 1 << 14;

/** The most times that a record is parsed again with one more line. */
const TRIES_MAX = 256;
const LOST_RECORD = /^PERF_RECORD_LOST(?:_SAMPLES)? lost (\S+)\s*$/;
/** A loss that ftrace printed after an unfinished record. */
const LOST_BEHIND = /CPU:\d{1,10} \[(?:LOST [^\]]*EVENTS|[^\]]*EVENTS DROPPED)\]\r?$/;
const LOST_LOOK = 64;
/** A function of a stack, as ftrace prints it below the record. */
const FRAME = ' => ';
/** Parts of a record: a line that has one is a damaged record, not text of another one. */
const RESEMBLES = /\[\d{3,}\]|\d\.\d{6}:|: \(\w+\+0x/;

export interface TextOptions {
  /** What a task is to be called. */
  readonly taskName?: (comm: string) => string;
  /** The end of what the event printed, if the line continues after it. */
  readonly trim?: (bytes: Buffer, start: number, end: number) => number;
}

export class TextReader {
  readonly #window: TextWindow;
  readonly #mapper: RecordMapper;
  readonly #names: EventNames;
  readonly #fields = new TextFields();
  readonly #otherLines: NonRecordLines;
  readonly #origin: PrefixReader | null;
  /** Records that are counted without becoming events: calls of the function tracer. */
  #functions = 0;
  /** Where the last line begins when it has no end. */
  #cutAt: number | null = null;
  /** Lines that belong to the record before them. */
  #continued = 0;
  /** Whether the record before was a text, which may go on over further lines. */
  #inText = false;
  /** The event of the record before. */
  #previous: TextEvent | null = null;

  constructor(
    input: Input,
    mapper: RecordMapper,
    { dictionaries }: EventAppender,
    layout: Layout | null,
    private readonly options: TextOptions = {},
  ) {
    this.#window = new TextWindow(input);
    this.#mapper = mapper;
    this.#names = new EventNames(new EventTable(this.#mapper));
    this.#otherLines = new NonRecordLines(this.#mapper);
    const { task } = dictionaries;
    this.#origin =
      layout === null ? null : new PrefixReader(this.#window, layout, task, options.taskName);
  }

  read(): ImportReport {
    const origin = this.#origin;
    while (this.#window.reach()) {
      if (origin === null || this.#atEmptyComment()) this.#readOther();
      else if (!origin.read() && !this.#findRecord(origin)) this.#readOther();
      else if (!this.#readRecord(origin)) this.#readUnknown(origin);
    }
    this.#mapper.finish();
    const report = this.#mapper.report();
    const skipped = this.#otherLines.counts();
    if (this.#functions > 0) skipped.function = this.#functions;
    const stopped = this.#stopped();
    return {
      ...report,
      records: { ...report.records, ...skipped },
      ...(this.#continued === 0 ? {} : { continued: this.#continued }),
      ...(stopped === null ? {} : { stopped }),
    };
  }

  /**
   * Moves to the record within a line that begins with something else, if there is certainly one.
   */
  #findRecord(origin: PrefixReader): boolean {
    const { bytes, at } = this.#window;
    if (bytes[at] === HASH) return false;
    const lineEnd = this.#window.lineEnd(at);
    const start = origin.find(at, lineEnd);
    if (start < 0 || this.#names.find(bytes, origin.place.body, lineEnd) === null) return false;
    this.#window.at = start;
    return true;
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

  /** Reads the record whose prefix was read; false when no event follows. */
  #readRecord(origin: PrefixReader): boolean {
    this.#otherLines.beforeRecord(origin.record);
    this.#inText = false;
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
    this.#fields.learn();
    if (this.#previous !== null) this.#previous.next = event;
    this.#previous = event;
    const { repeatsUntil } = this.#fields;
    if (repeatsUntil >= 0 && this.options.trim === undefined)
      event.expect(this.#window.view, body, fieldsAt, repeatsUntil);
    this.#mapper.record(event.rule, origin.record, this.#fields);
    this.#inText = event.grammar === 'text';
    this.#window.goBehind(recordEnd);
    return true;
  }

  /**
   * Reads a record that is on one line and like the one of its event before; false if it is not.
   */
  #readAgain(origin: PrefixReader, event: TextEvent): boolean {
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

  /** Reads the fields, with the further lines that are certainly the record's. @returns its end */
  #readFields(origin: PrefixReader, event: TextEvent, fieldsAt: number, lineEnd: number): number {
    this.#readUntil(event, fieldsAt, lineEnd);
    if (event.grammar === 'stack') return this.#readStack(event, fieldsAt, lineEnd);
    if (event.grammar === 'text') return lineEnd;
    const end = this.#continuation(origin, event, fieldsAt, lineEnd);
    if (end >= 0) return end;
    // If another record begins on the same line, the record before lost its line end.
    const { isPlain, bracket, open } = this.#fields;
    if (isPlain && bracket < 0 && !open) return lineEnd;
    const next = this.#nextIn(origin, fieldsAt, lineEnd);
    if (next < lineEnd) this.#readUntil(event, fieldsAt, next);
    return next;
  }

  #readUntil(event: TextEvent, fieldsAt: number, end: number): void {
    this.#fields.read(this.#window.bytes, fieldsAt, this.#textEnd(fieldsAt, end), event);
  }

  /** Frames are recognised by their beginning. */
  #readStack(event: TextEvent, fieldsAt: number, lineEnd: number): number {
    const { bytes, end } = this.#window;
    let stackEnd = lineEnd;
    while (stackEnd + 1 < end && stackEnd - fieldsAt < RECORD_BYTES_MAX) {
      if (!startsWith(bytes, stackEnd + 1, end, FRAME)) break;
      stackEnd = this.#window.lineEnd(stackEnd + 1);
      this.#continued++;
    }
    this.#readUntil(event, fieldsAt, stackEnd);
    return stackEnd;
  }

  /**
   * Adds further lines to an incomplete record. They belong to it only if it is complete with them.
   * @returns the record's end; -1 when it has only its own line, and is then read as that
   */
  #continuation(origin: PrefixReader, event: TextEvent, fieldsAt: number, lineEnd: number): number {
    const isWhole = this.#wanting(event);
    if (isWhole === null) return -1;
    const { bytes, end } = this.#window;
    const fields = this.#fields;
    const isMeasured = event.measured !== null;
    const wasOpen = fields.open;
    let [last, tries, lines, short, shortLines] = [lineEnd, 0, 0, -1, 0];
    while (last + 1 < end && last - fieldsAt < RECORD_BYTES_MAX && tries < TRIES_MAX) {
      const next = last + 1;
      if (origin.startsAt(next, wasOpen)) break;
      last = this.#window.lineEnd(next);
      if (this.#isRecordIn(origin, next, last)) break;
      if (!isMeasured && this.#otherLines.is(bytes, next, end, wasOpen)) break;
      lines++;
      // Without a quote, the line cannot end the string that it is in.
      if (wasOpen && !hasQuote(bytes, next, last)) continue;
      tries++;
      this.#readUntil(event, fieldsAt, last);
      if (isWhole()) {
        this.#continued += lines;
        return last;
      }
      if (short < 0 && isMeasured && !fields.open && fields.isShort)
        [short, shortLines] = [last, lines];
    }
    if (tries > 0) this.#readUntil(event, fieldsAt, short < 0 ? lineEnd : short);
    this.#continued += shortLines;
    return short;
  }

  /**
   * The condition that a record read as one line must satisfy with further lines: its string has
   * the stated length; or it has ended, at a quote after which the record ends or continues with
   * fields; or it has the fields of its event. Null when the record is already complete.
   */
  #wanting({ measured }: TextEvent): (() => boolean) | null {
    const fields = this.#fields;
    if (measured !== null) return fields.isMeasured ? null : () => fields.isMeasured;
    if (fields.open) return () => !fields.open;
    return fields.isCut ? () => fields.isLikeBefore : null;
  }

  /** Whether a line that begins with something else has a record in it. */
  #isRecordIn(origin: PrefixReader, start: number, end: number): boolean {
    return hasBracket(this.#window.bytes, start, end) && origin.seek(start, end) >= 0;
  }

  /** Where another record, or a loss, begins in a part of a line; its end if there is none. */
  #nextIn(origin: PrefixReader, from: number, lineEnd: number): number {
    const { bytes } = this.#window;
    if (!hasBracket(bytes, from, lineEnd)) return lineEnd;
    const record = origin.seek(from, lineEnd);
    if (record >= from) return record;
    const look = Math.max(from, lineEnd - LOST_LOOK);
    const loss = bytes.toString('latin1', look, lineEnd).search(LOST_BEHIND);
    return loss < 0 ? lineEnd : look + loss;
  }

  /** `PERF_RECORD_LOST lost 117` (perf script --show-lost-events); false when it is not that. */
  #readLoss({ record, place }: PrefixReader, lineEnd: number): boolean {
    const match = LOST_RECORD.exec(this.#window.bytes.toString('latin1', place.body, lineEnd));
    if (match === null) return false;
    this.#mapper.lost(record.cpu, lossCount(match[1]), record);
    this.#window.goBehind(lineEnd);
    return true;
  }

  /** Reads a record of no event, such as `UNKNOWN TYPE 4`: where it comes from is known. */
  #readUnknown(origin: PrefixReader): void {
    const { record, place } = origin;
    const { bytes, at } = this.#window;
    const lineEnd = this.#window.lineEnd(at);
    const hasOrigin = record.cpu >= 0 || record.tid >= 0;
    if (!hasOrigin) this.#readOther();
    else if (this.#window.isCut(lineEnd)) this.#readCut(origin, lineEnd);
    else {
      const next = this.#nextIn(origin, place.body, lineEnd);
      this.#mapper.unparsed(bytes.toString('utf8', at, next), record);
      this.#window.goBehind(next);
    }
  }

  #textEnd(start: number, end: number): number {
    return this.options.trim?.(this.#window.bytes, start, end) ?? end;
  }

  #readCut({ record }: Pick<PrefixReader, 'record'>, end: number): void {
    const { bytes, at } = this.#window;
    this.#cutAt = this.#window.offset(at);
    this.#mapper.unparsed(bytes.toString('utf8', at, end), record);
    this.#window.at = end;
  }

  /** Reads a line that is not a record. */
  #readOther(): void {
    const { bytes, at } = this.#window;
    const lineEnd = this.#window.lineEnd(at);
    if (this.#window.isCut(lineEnd)) this.#cutAt ??= this.#window.offset(at);
    if (this.#isText(at, lineEnd)) {
      this.#continued++;
      this.#mapper.continued(bytes.toString('utf8', at, lineEnd));
    } else this.#otherLines.read(bytes, at, lineEnd);
    this.#window.goBehind(lineEnd);
  }

  /**
   * Whether a line may belong to the text before it. That is never certain: so it becomes an event
   * of its own, and the text before it stays what it was.
   */
  #isText(start: number, end: number): boolean {
    if (!this.#inText || start === end) return false;
    const { bytes } = this.#window;
    const isFrame = bytes[start] === TAB && this.#otherLines.is(bytes, start, end, false);
    this.#inText = !isFrame && !this.#otherLines.is(bytes, start, end, true);
    return this.#inText && !RESEMBLES.test(bytes.toString('latin1', start, end));
  }
}

function hasBracket(bytes: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (bytes[p] === OPEN_BRACKET) return true;
  return false;
}

function hasQuote(bytes: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (bytes[p] === QUOTE) return true;
  return false;
}
