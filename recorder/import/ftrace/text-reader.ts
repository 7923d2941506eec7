/** Reads kernel trace text of any layout: records, over as many lines as they take, and what is between them. */
import type { EventAppender } from '../../../traces/index.js';
import { RecordMapper } from '../../mapping/mapper.js';
import type { TraceRecord } from '../../mapping/record.js';
import type { ImportReport } from '../importer.js';
import type { Input } from '../input.js';
import { Interner } from '../interner.js';
import {
  COLON,
  DASH,
  HASH,
  LESS,
  NEWLINE,
  OPEN,
  RETURN,
  SPACE,
  skipSpaces,
  startsWith,
  WORD,
} from './ascii.js';
import { EventTable, MARK_WRITER, type TextEvent } from './event-table.js';
import { Interlude } from './interlude.js';
import { type Layout, Place } from './prefix.js';
import { TextFields } from './text-fields.js';
import { TextWindow } from './text-window.js';

/** Longest record: the kernel prints one into a buffer of two pages (TRACE_SEQ_SIZE). */
const RECORD_BYTES_MAX = 1 << 14;
/** What is written to trace_marker_raw: `# id buf: bytes`. */
const RAW_MARK = /^# [0-9a-f]+ buf:/;
const RAW_MARK_LOOK = 32;
const UNKNOWN_TASK = '<...>';

export class TextReader {
  readonly #window: TextWindow;
  readonly #mapper: RecordMapper;
  readonly #events: EventTable;
  readonly #fields = new TextFields();
  readonly #place = new Place();
  readonly #record: TraceRecord = {
    cpu: -1,
    tid: -1,
    tgid: -1,
    task: -1,
    tsLow: 0,
    tsHigh: 0,
  };
  readonly #tasks: Interner<number>;
  readonly #interlude: Interlude;
  /** Records that are counted without becoming events: calls of the function tracers. */
  #functions = 0;
  /** Where the fields of the current record begin. */
  #body = 0;

  constructor(
    input: Input,
    events: EventAppender,
    private readonly layout: Layout | null,
  ) {
    this.#window = new TextWindow(input);
    this.#mapper = new RecordMapper(events);
    this.#events = new EventTable(this.#mapper);
    this.#interlude = new Interlude(this.#mapper);
    this.#tasks = new Interner((comm) => {
      const name = comm.trimStart();
      return name === UNKNOWN_TASK || name === '' ? -1 : events.dictionaries.task.id(name);
    });
  }

  read(): ImportReport {
    while (this.#window.reach()) {
      if (!this.#readRecord()) this.#readOther();
    }
    this.#mapper.finish();
    const report = this.#mapper.report();
    const skipped = { ...this.#interlude.counts() };
    if (this.#functions > 0) skipped.function = this.#functions;
    return { ...report, records: { ...report.records, ...skipped } };
  }

  /** Reads the record that starts here; false when none does. */
  #readRecord(): boolean {
    const { bytes, at, end } = this.#window;
    const { layout } = this;
    if (layout === null || !layout.starts(bytes, at, end)) return false;
    const place = this.#place;
    if (!layout.read(bytes, at, end, this.#record, place)) return false;
    const lineEnd = this.#window.lineEnd(place.body);
    const event = this.#event(bytes, place.body, lineEnd);
    if (event === null) return false;
    this.#interlude.beforeRecord(this.#record);
    if (event === 'function') {
      this.#functions++;
      this.#window.goBehind(lineEnd);
      return true;
    }
    this.#record.task =
      place.commEnd > place.commStart ? this.#tasks.get(bytes, place.commStart, place.commEnd) : -1;
    const recordEnd = this.#readFields(event, lineEnd);
    this.#mapper.record(event.rule, this.#record, this.#fields);
    this.#window.goBehind(recordEnd);
    return true;
  }

  /** Finds the event by its name, and where its fields begin; null when there is no name. */
  #event(bytes: Buffer, start: number, end: number): TextEvent | 'function' | null {
    let p = start;
    while (p < end && WORD[bytes[p]] === 1) p++;
    const colon = p < end && bytes[p] === COLON;
    if (
      colon &&
      p > start &&
      (p + 1 === end || bytes[p + 1] === SPACE || bytes[p + 1] === RETURN)
    ) {
      this.#body = p + 1;
      if (p + 1 < end) this.#body = skipSpaces(bytes, p + 1, end);
      return this.#events.find(bytes, start, p);
    }
    return p === start ? this.#unnamed(bytes, start, end) : this.#special(bytes, start, p, end);
  }

  /** Stack traces and raw marks, which ftrace prints without the event's name. */
  #unnamed(bytes: Buffer, start: number, end: number): TextEvent | null {
    this.#body = start;
    if (start < end && bytes[start] === HASH) {
      const text = bytes.toString('latin1', start, Math.min(start + RAW_MARK_LOOK, end));
      return RAW_MARK.test(text) ? this.#events.named('raw_data', 'raw_data') : null;
    }
    if (start >= end || bytes[start] !== LESS) return null;
    for (const [shown, event] of STACKS) {
      if (!startsWith(bytes, start, end, shown)) continue;
      this.#body = start + shown.length;
      return this.#events.named(event, shown);
    }
    return null;
  }

  /** System calls, `sys_NAME(...)` and `sys_NAME -> 0x0`, and the function tracer's calls. */
  #special(bytes: Buffer, start: number, p: number, end: number): TextEvent | 'function' | null {
    if (startsWith(bytes, start, p, 'sys_')) {
      const entry = p < end && bytes[p] === OPEN;
      if (!entry && !startsWith(bytes, p, end, ' -> ')) return null;
      const name = bytes.toString('latin1', start + 4, p);
      this.#body = entry ? p : p + 1;
      return this.#events.named(`sys_${entry ? 'enter' : 'exit'}_${name}`, `sys_${name}`);
    }
    // The function that wrote a mark, with its address (sym-offset, sym-addr).
    if (startsWith(bytes, start, end, `${MARK_WRITER}+0x`)) {
      const colon = bytes.indexOf(': ', p);
      if (colon < 0 || colon >= end) return null;
      this.#body = colon + 2;
      return this.#events.find(bytes, start, start + MARK_WRITER.length);
    }
    // Symbols may have a suffix of the compiler: `vfio_lock_acct.part.0 <-vfio_pin_pages_remote`.
    let q = p;
    while (q < end && bytes[q] !== SPACE) q++;
    return q + 2 < end && bytes[q + 1] === LESS && bytes[q + 2] === DASH ? 'function' : null;
  }

  /** Reads the fields, and as many further lines as belong to them. @returns the record's end */
  #readFields(event: TextEvent, lineEnd: number): number {
    const { bytes, end } = this.#window;
    let recordEnd = lineEnd;
    this.#fields.read(bytes, this.#body, recordEnd, event);
    while (recordEnd + 1 < end && recordEnd - this.#body < RECORD_BYTES_MAX) {
      const next = recordEnd + 1;
      if (this.#startsRecord(next, end, this.#fields.open)) break;
      const continued = this.#continuation(event, next, recordEnd);
      if (continued < 0) break;
      recordEnd = continued;
    }
    return recordEnd;
  }

  /** Whether a record starts at `next`. Inside of a string, its task's name must be on that line. */
  #startsRecord(next: number, end: number, open: boolean): boolean {
    const { bytes } = this.#window;
    if (this.layout === null || !this.layout.starts(bytes, next, end)) return false;
    if (!open) return true;
    const { cpu, tid, tgid, tsLow, tsHigh } = this.#record;
    const { commStart, commEnd, body } = this.#place;
    const starts = this.layout.read(bytes, next, end, this.#record, this.#place);
    const newline = bytes.indexOf(NEWLINE, next);
    const whole = newline < 0 || newline >= this.#place.commEnd;
    Object.assign(this.#record, { cpu, tid, tgid, tsLow, tsHigh });
    Object.assign(this.#place, { commStart, commEnd, body });
    return starts && whole;
  }

  /** Tries the lines from `next` on as a part of the record. @returns their end, -1 if they are not */
  #continuation(event: TextEvent, next: number, recordEnd: number): number {
    const { bytes, end } = this.#window;
    if (this.#interlude.is(bytes, next, end, event.grammar === 'text')) return -1;
    const lineEnd = this.#window.lineEnd(next);
    const { open, quoted, found } = this.#fields;
    this.#fields.read(bytes, this.#body, lineEnd, event);
    if (open || event.grammar === 'text') return lineEnd;
    // A string may only have seemed to end; without strings, a field must have been missing.
    const grown = this.#fields.found > found;
    if (grown || (quoted && !this.#fields.open && this.#fields.settled)) return lineEnd;
    this.#fields.read(bytes, this.#body, recordEnd, event);
    return -1;
  }

  /** Reads a line that is no record. */
  #readOther(): void {
    const { bytes, at } = this.#window;
    const lineEnd = this.#window.lineEnd(at);
    this.#interlude.read(bytes, at, lineEnd);
    this.#window.goBehind(lineEnd);
  }
}

const STACKS = [
  ['<stack trace>', 'kernel_stack'],
  ['<user stack trace>', 'user_stack'],
] as const;
