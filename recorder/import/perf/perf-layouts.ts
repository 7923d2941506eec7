/**
 * The prefix of an event on a line of `perf script`: any of comm, tid, CPU and time, as the fields
 * were chosen with -F (tools/perf/builtin-script.c, perf_sample__fprintf_start).
 */
import type { TraceRecord } from '../../mapping/trace-record.js';
import {
  CLOSE_BRACKET,
  COLON,
  DASH,
  isDigit,
  OPEN_BRACKET,
  SLASH,
  SPACE,
  skipDigits,
  skipSpaces,
  skipWord,
  WORD,
  ZERO,
} from '../ftrace/ascii.js';
import { type Layout, PrefixSpans } from '../ftrace/prefix-layouts.js';
import { emptyRecord, readTime } from '../ftrace/record-time.js';

/** Which fields there are. Only with call chains is the task's name not padded. */
interface Fields {
  readonly comm: 'padded' | 'free' | 'none';
  readonly tid: boolean;
  readonly cpu: boolean;
  readonly time: boolean;
}

const COMM_WIDTH = 16;
const DIGITS_MAX = 10;
/** How far into a line a record is searched for. */
const FIND_LOOK = 1 << 12;
const IDLE_NAMES = 'swapper';
const UNNAMED = /^:-?\d+$/;

function number(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let p = start; p < end; p++) value = value * 10 + bytes[p] - ZERO;
  return value;
}

/** The end of a thread id at `at`, which is -1 for a task that had ended; -1 if malformed. */
function idEnd(b: Uint8Array, at: number, end: number): number {
  const start = b[at] === DASH ? at + 1 : at;
  const p = skipDigits(b, start, end);
  return p === start || p - start > DIGITS_MAX ? -1 : p;
}

const idAt = (b: Uint8Array, start: number, end: number): number =>
  b[start] === DASH ? -1 : number(b, start, end);

/**
 * Reads ` tid` or ` pid/tid`.
 * @returns the index after it, -1 if malformed
 */
function readTid(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  const start = skipSpaces(b, at, end);
  let p = idEnd(b, start, end);
  if (p < 0) return -1;
  record.tid = idAt(b, start, p);
  if (p < end && b[p] === SLASH) {
    const second = p + 1;
    p = idEnd(b, second, end);
    if (p < 0) return -1;
    record.tgid = record.tid;
    record.tid = idAt(b, second, p);
  }
  return p < end && b[p] === SPACE ? p : -1;
}

/**
 * Reads ` [cpu]`.
 * @returns the index after it, -1 if malformed
 */
function readCpu(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  const start = skipSpaces(b, at, end);
  if (start >= end || b[start] !== OPEN_BRACKET) return -1;
  const p = skipDigits(b, start + 1, end);
  if (p === start + 1 || p - start > DIGITS_MAX || p >= end || b[p] !== CLOSE_BRACKET) return -1;
  record.cpu = number(b, start + 1, p);
  return p + 1;
}

/**
 * Reads ` seconds.fraction:`, after what `-F misc` adds: ` K`, ` U`, ` H`, ` G`, ` g`, ` M`.
 * @returns the index after it, -1 if malformed
 */
function readTimeColon(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  let start = skipSpaces(b, at, end);
  if (start < end && isLetter(b[start])) start = skipSpaces(b, skipWord(b, start, end), end);
  const p = readTime(b, start, end, record);
  return p > start && p < end && b[p] === COLON ? p + 1 : -1;
}

/** Skips the number before the event that `-F period` adds. */
function skipPeriod(b: Uint8Array, at: number, end: number): number {
  const p = skipDigits(b, at, end);
  return p < end && b[p] === SPACE ? skipSpaces(b, p, end) : at;
}

const isLetter = (byte: number) => WORD[byte] === 1 && !isDigit(byte);

/** Whether an event's name, `name:` or `system:name:`, is here. */
function isEvent(b: Uint8Array, at: number, end: number): boolean {
  let p = at;
  while (p < end && WORD[b[p]] === 1) p++;
  return p > at && p < end && (b[p] === COLON || b[p] === SPACE) && !isDigit(b[at]);
}

/** Whether a byte can start the part after a task's name. */
const startsOrigin = (byte: number) => isDigit(byte) || byte === DASH || byte === OPEN_BRACKET;

/** Whether `system:event: ` is here, as perf prints tracepoints and probes. */
function isNamedEvent(b: Uint8Array, at: number, end: number): boolean {
  let p = skipName(b, at, end);
  if (p === at || b[p] !== COLON) return false;
  const event = p + 1;
  p = skipName(b, event, end);
  return p > event && p + 1 < end && b[p] === COLON && b[p + 1] === SPACE;
}

function skipName(b: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && WORD[b[p]] === 1) p++;
  return p;
}

class PerfLayout implements Layout {
  readonly repeats = false;
  readonly name: string;
  readonly #record: TraceRecord = emptyRecord();
  readonly #place = new PrefixSpans();

  constructor(private readonly fields: Fields) {
    this.name = Object.entries(fields)
      .filter(([, value]) => value !== false && value !== 'none')
      .map(([field]) => field)
      .join(',');
  }

  starts(bytes: Buffer, at: number, end: number): boolean {
    return this.read(bytes, at, end, this.#record, this.#place);
  }

  read(bytes: Buffer, at: number, end: number, record: TraceRecord, place: PrefixSpans): boolean {
    place.commStart = place.commEnd = at;
    const { comm } = this.fields;
    if (comm !== 'free') {
      if (comm === 'padded') place.commEnd = at + COMM_WIDTH;
      return this.#readFrom(bytes, place.commEnd, end, record, place);
    }
    if (at >= end || bytes[at] === SPACE) return false;
    // The shortest name that leaves something that can be read; digits are a thread id, no name.
    const last = Math.min(at + COMM_WIDTH, end);
    const first = this.fields.tid ? at + 1 : skipDigits(bytes, at, last) + 1;
    for (let p = first; p < last; p++) {
      place.commEnd = p;
      if (bytes[p] === SPACE && this.#readFrom(bytes, p, end, record, place)) return true;
    }
    return false;
  }

  find(b: Buffer, from: number, end: number, record: TraceRecord, place: PrefixSpans): boolean {
    const last = Math.min(end, from + FIND_LOOK);
    for (let p = from; p < last; p++) {
      if (b[p] !== SPACE || !startsOrigin(b[p + 1])) continue;
      if (!this.#readFrom(b, p, end, record, place)) continue;
      if (!isNamedEvent(b, place.body, end)) continue;
      place.commEnd = p;
      while (place.commEnd > from && b[place.commEnd - 1] === SPACE) place.commEnd--;
      place.commStart = this.#commStart(b, from, place.commEnd);
      return true;
    }
    return false;
  }

  /** Where the name before the numbers begins: it is padded, or one word. */
  #commStart(b: Buffer, from: number, commEnd: number): number {
    if (this.fields.comm === 'none') return commEnd;
    const first = Math.max(from, commEnd - COMM_WIDTH);
    if (this.fields.comm === 'padded') return first;
    let p = commEnd;
    while (p > first && b[p - 1] > SPACE) p--;
    return p;
  }

  #readFrom(b: Buffer, at: number, end: number, record: TraceRecord, place: PrefixSpans): boolean {
    const { fields } = this;
    record.cpu = record.tid = record.tgid = -1;
    record.tsLow = record.tsHigh = 0;
    let p = at;
    if (fields.comm !== 'none' && (p >= end || b[p] !== SPACE)) return false;
    if (fields.tid) p = readTid(b, p, end, record);
    if (fields.cpu && p >= 0) p = readCpu(b, p, end, record);
    if (fields.time && p >= 0) p = readTimeColon(b, p, end, record);
    if (p < 0 || p >= end || b[p] !== SPACE) return false;
    p = skipSpaces(b, p, end);
    place.body = p < end && isDigit(b[p]) ? skipPeriod(b, p, end) : p;
    return isEvent(b, place.body, end);
  }
}

const CHOICES = [true, false];

/**
 * Every choice of fields that distinguishes records from other lines; those with more fields come
 * first. Without thread ids a name may contain what looks like one, so these come last.
 */
export const PERF_LAYOUTS: readonly Layout[] = CHOICES.flatMap((tid) =>
  (['padded', 'free', 'none'] as const).flatMap((comm) =>
    CHOICES.flatMap((cpu) =>
      CHOICES.filter((time) => cpu || time).map((time) => new PerfLayout({ comm, tid, cpu, time })),
    ),
  ),
);

/**
 * perf calls the idle tasks by their comm; ftrace, and so vfr, by what they do. A task whose name
 * it does not know it calls by its number: `:6056`.
 */
export const taskName = (comm: string): string =>
  comm === IDLE_NAMES ? '<idle>' : UNNAMED.test(comm) ? '' : comm;
