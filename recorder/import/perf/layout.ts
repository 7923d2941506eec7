/**
 * What stands before the event on a line of `perf script`: any of comm, tid, CPU and time, as the
 * fields were chosen with -F (tools/perf/builtin-script.c, perf_sample__fprintf_start).
 */
import type { TraceRecord } from '../../mapping/record.js';
import {
  CLOSE_BRACKET,
  COLON,
  isDigit,
  OPEN_BRACKET,
  SLASH,
  SPACE,
  skipDigits,
  skipSpaces,
  WORD,
  ZERO,
} from '../ftrace/ascii.js';
import { type Layout, Place } from '../ftrace/prefix.js';
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
const IDLE_NAMES = 'swapper';

function number(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let p = start; p < end; p++) value = value * 10 + bytes[p] - ZERO;
  return value;
}

/** Reads ` tid` or ` pid/tid`. @returns the place behind it, -1 if malformed */
function readTid(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  const start = skipSpaces(b, at, end);
  let p = skipDigits(b, start, end);
  if (p === start || p - start > DIGITS_MAX) return -1;
  record.tid = number(b, start, p);
  if (p < end && b[p] === SLASH) {
    const second = p + 1;
    p = skipDigits(b, second, end);
    if (p === second || p - second > DIGITS_MAX) return -1;
    record.tgid = record.tid;
    record.tid = number(b, second, p);
  }
  return p < end && b[p] === SPACE ? p : -1;
}

/** Reads ` [cpu]`. @returns the place behind it, -1 if malformed */
function readCpu(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  const start = skipSpaces(b, at, end);
  if (start >= end || b[start] !== OPEN_BRACKET) return -1;
  const p = skipDigits(b, start + 1, end);
  if (p === start + 1 || p - start > DIGITS_MAX || p >= end || b[p] !== CLOSE_BRACKET) return -1;
  record.cpu = number(b, start + 1, p);
  return p + 1;
}

/** Reads ` seconds.fraction:`. @returns the place behind it, -1 if malformed */
function readTimeColon(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  const start = skipSpaces(b, at, end);
  const p = readTime(b, start, end, record);
  return p > start && p < end && b[p] === COLON ? p + 1 : -1;
}

/** Whether an event's name, `name:` or `system:name:`, is here. */
function isEvent(b: Uint8Array, at: number, end: number): boolean {
  let p = at;
  while (p < end && WORD[b[p]] === 1) p++;
  return p > at && p < end && (b[p] === COLON || b[p] === SPACE) && !isDigit(b[at]);
}

class PerfLayout implements Layout {
  readonly repeats = false;
  readonly name: string;
  readonly #record: TraceRecord = emptyRecord();
  readonly #place = new Place();

  constructor(private readonly fields: Fields) {
    this.name = Object.entries(fields)
      .filter(([, value]) => value !== false && value !== 'none')
      .map(([field]) => field)
      .join(',');
  }

  starts(bytes: Buffer, at: number, end: number): boolean {
    return this.read(bytes, at, end, this.#record, this.#place);
  }

  read(bytes: Buffer, at: number, end: number, record: TraceRecord, place: Place): boolean {
    place.commStart = place.commEnd = at;
    const { comm } = this.fields;
    if (comm !== 'free') {
      if (comm === 'padded') place.commEnd = at + COMM_WIDTH;
      return this.#readFrom(bytes, place.commEnd, end, record, place);
    }
    // The shortest name that leaves something that can be read.
    const last = Math.min(at + COMM_WIDTH, end);
    for (let p = at + 1; p < last; p++) {
      place.commEnd = p;
      if (bytes[p] === SPACE && this.#readFrom(bytes, p, end, record, place)) return true;
    }
    return false;
  }

  #readFrom(b: Buffer, at: number, end: number, record: TraceRecord, place: Place): boolean {
    const { fields } = this;
    record.cpu = record.tid = record.tgid = -1;
    record.tsLow = record.tsHigh = 0;
    let p = at;
    if (fields.comm !== 'none' && (p >= end || b[p] !== SPACE)) return false;
    if (fields.tid) p = readTid(b, p, end, record);
    if (fields.cpu && p >= 0) p = readCpu(b, p, end, record);
    if (fields.time && p >= 0) p = readTimeColon(b, p, end, record);
    if (p < 0 || p >= end || b[p] !== SPACE) return false;
    place.body = skipSpaces(b, p, end);
    return isEvent(b, place.body, end);
  }
}

const CHOICES = [true, false];

/**
 * Every choice of fields that tells records from other lines; those with more fields come first.
 */
export const PERF_LAYOUTS: readonly Layout[] = (['padded', 'free', 'none'] as const).flatMap(
  (comm) =>
    CHOICES.flatMap((tid) =>
      CHOICES.flatMap((cpu) =>
        CHOICES.filter((time) => cpu || time).map(
          (time) => new PerfLayout({ comm, tid, cpu, time }),
        ),
      ),
    ),
);

/** perf calls the idle tasks by their comm; ftrace, and so vfr, by what they do. */
export const taskName = (comm: string): string => (comm === IDLE_NAMES ? '<idle>' : comm);
