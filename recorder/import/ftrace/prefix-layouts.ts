/**
 * The prefix of an event on a line of kernel trace text: task, CPU, flags and time, in the layouts
 * of ftrace (kernel/trace/trace_output.c, trace_print_context and trace_print_lat_context) and
 * `trace-cmd report`. Task names are padded to a fixed width and may contain anything, even a
 * newline. So a record is recognised by the dash at its fixed place.
 */
import type { TraceRecord } from '../../mapping/trace-record.js';
import {
  CLOSE,
  CLOSE_BRACKET,
  COLON,
  DASH,
  HASH,
  HEX,
  isDigit,
  LESS,
  OPEN,
  OPEN_BRACKET,
  SPACE,
  skipDigits,
  skipSpaces,
  skipWord,
  WORD,
  ZERO,
} from './ascii.js';
import { emptyRecord, readTime, setTicks, setTime } from './record-time.js';

/** Where the parts of a record are that are not numbers. */
export class PrefixSpans {
  /** The task's name, with the spaces that pad it. */
  commStart = 0;
  commEnd = 0;
  /** End of the part with task, thread and CPU. */
  whoEnd = 0;
  /** Where the event begins. */
  body = 0;
}

/** One layout of the text before the event. */
export interface Layout {
  readonly name: string;
  /** A cheap test of whether a record may start at `at`. */
  starts(bytes: Buffer, at: number, end: number): boolean;
  /** Reads the prefix; false when there is none. */
  read(bytes: Buffer, at: number, end: number, record: TraceRecord, place: PrefixSpans): boolean;
  /**
   * Finds the first record in a part of a line, whatever precedes it: a console's time, a damaged
   * byte, a record that lost its line end. Only certain matches count; the name begins at
   * `place.commStart`.
   * @param end the end of the line
   */
  find?(bytes: Buffer, from: number, end: number, record: TraceRecord, place: PrefixSpans): boolean;
  /** Whether the bytes before `whoEnd` can be compared with those of the record before. */
  readonly repeats: boolean;
}

const COMM_WIDTH = 16;
const COMM_WIDTH_SHORT = 8;
/** Of a thread id, a CPU. */
const DIGITS_MAX = 10;
/** Longest flags: 5 or 6 characters in the kernels so far. */
const FLAGS_MAX = 8;

function number(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let p = start; p < end; p++) value = value * 10 + bytes[p] - ZERO;
  return value;
}

const dashAt = (bytes: Uint8Array, at: number, end: number) =>
  at + 1 < end && bytes[at] === DASH && isDigit(bytes[at + 1]);

/**
 * Reads ` (tgid)` or ` (-------)` if it is there.
 * @returns the index after it, -1 if malformed
 */
function readTgid(bytes: Uint8Array, at: number, end: number, record: TraceRecord): number {
  record.tgid = -1;
  let p = skipSpaces(bytes, at, end);
  if (p >= end || bytes[p] !== OPEN) return p;
  p = skipSpaces(bytes, p + 1, end);
  const stop = skipDigits(bytes, p, end);
  if (stop > p) record.tgid = number(bytes, p, stop);
  p = stop;
  while (p < end && bytes[p] === DASH) p++;
  if (p >= end || bytes[p] !== CLOSE) return -1;
  return skipSpaces(bytes, p + 1, end);
}

/**
 * Reads `[cpu]`.
 * @returns the index after it, -1 if malformed
 */
function readCpu(bytes: Uint8Array, at: number, end: number, record: TraceRecord): number {
  if (at >= end || bytes[at] !== OPEN_BRACKET) return -1;
  const stop = skipDigits(bytes, at + 1, end);
  if (stop === at + 1 || stop - at > DIGITS_MAX || stop >= end) return -1;
  if (bytes[stop] !== CLOSE_BRACKET) return -1;
  record.cpu = number(bytes, at + 1, stop);
  return stop + 1;
}

/**
 * Reads a time and the colon after it.
 * @returns the index of the event, -1 if malformed
 */
function readTimeAndColon(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  const p = readTime(b, at, end, record);
  if (p === at || p >= end || b[p] !== COLON) return -1;
  const body = skipSpaces(b, p + 1, end);
  return body === p + 1 && body < end && b[body] >= SPACE ? -1 : skipDelta(b, body, end);
}

/** `trace-cmd report --ts-diff` puts `(+microseconds)` before the event. */
function skipDelta(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end || bytes[at] !== OPEN || bytes[at + 1] !== 0x2b) return at;
  const p = skipDigits(bytes, at + 2, end);
  return p < end && bytes[p] === CLOSE ? skipSpaces(bytes, p + 1, end) : at;
}

/** From the thread id on: `-pid  (tgid) [cpu] flags time: `, flags and tgid only if recorded. */
function readFromPid(
  b: Buffer,
  dash: number,
  end: number,
  record: TraceRecord,
  place: PrefixSpans,
): number {
  let p = skipDigits(b, dash + 1, end);
  if (p === dash + 1 || p - dash > DIGITS_MAX || p >= end || b[p] !== SPACE) return -1;
  record.tid = number(b, dash + 1, p);
  p = readTgid(b, p, end, record);
  if (p < 0) return -1;
  p = readCpu(b, p, end, record);
  if (p < 0) return -1;
  place.whoEnd = p;
  return readFlagsAndTime(b, p, end, record);
}

/**
 * Reads ` flags time: `, where the flags are optional.
 * @returns the index of the event, -1 if malformed
 */
export function readFlagsAndTime(b: Buffer, at: number, end: number, record: TraceRecord): number {
  const p = skipSpaces(b, at, end);
  const body = readTimeAndColon(b, p, end, record);
  if (body >= 0) return body;
  const stop = skipWord(b, p, end);
  if (stop - p > FLAGS_MAX) return -1;
  return readTimeAndColon(b, skipSpaces(b, stop, end), end, record);
}

/** A record from its thread id to its event: `-190     (    190) [001] .....    32.095819: x`. */
const FROM_PID =
  /-\d{1,10} +(?:\((?: *\d+|-+)\) +)?\[\d{1,9}\] +(?:[^\s:]{1,8} +)?\d+(?:\.\d{1,9})?: +\S/g;
/** How far into a line a record is searched for. */
const FIND_LOOK = 1 << 12;

/** Finds a record by the text from its thread id on; `startOf` returns where its name begins. */
const finder =
  (startOf: (bytes: Buffer, from: number, dash: number) => number): NonNullable<Layout['find']> =>
  (bytes, from, end, record, place) => {
    const text = bytes.toString('latin1', from, Math.min(end, from + FIND_LOOK));
    FROM_PID.lastIndex = 0;
    for (let match = FROM_PID.exec(text); match !== null; match = FROM_PID.exec(text)) {
      const dash = from + match.index;
      place.commStart = startOf(bytes, from, dash);
      place.commEnd = dash;
      place.body = readFromPid(bytes, dash, end, record, place);
      if (place.body >= 0) return true;
    }
    return false;
  };

/** Where a name that is padded to its width begins; after bytes were lost, where the line does. */
const paddedStart = (_bytes: Buffer, from: number, dash: number) =>
  Math.max(from, dash - COMM_WIDTH);

/** Where the word before the dash begins. */
function wordStart(bytes: Buffer, from: number, dash: number): number {
  let p = dash;
  while (p > Math.max(from, dash - COMM_WIDTH) && bytes[p - 1] > SPACE) p--;
  return p;
}

/** `            comm-pid     (tgid) [cpu] flags  seconds.micros: ` */
const NORMAL: Layout = {
  name: 'normal',
  repeats: true,
  starts: (bytes, at, end) => dashAt(bytes, at + COMM_WIDTH, end),
  find: finder(paddedStart),
  read(bytes, at, end, record, place) {
    const dash = at + COMM_WIDTH;
    if (!dashAt(bytes, dash, end)) return false;
    place.commStart = at;
    place.commEnd = dash;
    place.body = readFromPid(bytes, dash, end, record, place);
    return place.body >= 0;
  },
};

/** `    comm-pid     0d.h1. 1296178us+: `; trace-cmd prints seconds instead. */
const LATENCY: Layout = {
  name: 'latency',
  repeats: false,
  starts: (bytes, at, end) => dashAt(bytes, at + COMM_WIDTH_SHORT, end),
  find: findLatency,
  read(b, at, end, record, place) {
    const dash = at + COMM_WIDTH_SHORT;
    if (!dashAt(b, dash, end)) return false;
    place.commStart = at;
    place.commEnd = dash;
    let p = skipDigits(b, dash + 1, end);
    if (p - dash > DIGITS_MAX || p >= end || b[p] !== SPACE) return false;
    record.tid = number(b, dash + 1, p);
    record.tgid = -1;
    const cpu = skipSpaces(b, p, end);
    p = skipDigits(b, cpu, end);
    if (p === cpu || p - cpu > DIGITS_MAX) return false;
    record.cpu = number(b, cpu, p);
    const flags = p;
    p = skipWord(b, p, end);
    if (p - flags > FLAGS_MAX) return false;
    place.body = readLatencyTime(b, skipSpaces(b, p, end), end, record);
    return place.body >= 0;
  },
};

/** A record of `latency-format` from its thread id on: `-190     1d.h1. 1296178us+: x`. */
const LATENCY_FROM_PID = /-\d{1,10} +\d{1,10}[^\s\d:]\S{2,7} +(?:\d+us.|\d+\.\d{1,9}): +\S/g;

/** Finds such a record by giving what `read` wants: the eight columns before the dash. */
function findLatency(
  b: Buffer,
  from: number,
  end: number,
  record: TraceRecord,
  place: PrefixSpans,
): boolean {
  const text = b.toString('latin1', from, Math.min(end, from + FIND_LOOK));
  for (const { index } of text.matchAll(LATENCY_FROM_PID)) {
    if (!LATENCY.read(b, from + index - COMM_WIDTH_SHORT, end, record, place)) continue;
    place.commStart = Math.max(from, place.commStart);
    return true;
  }
  return false;
}

const LETTER_U = 0x75;
const LETTER_S = 0x73;
const US_PER_S = 1_000_000;

/** `1296178us+: ` or `13.131986: `. @returns the place of the event, -1 if malformed */
function readLatencyTime(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  const p = skipDigits(b, at, end);
  if (p === at || p + 3 >= end || b[p] !== LETTER_U) return readTimeAndColon(b, at, end, record);
  if (b[p + 1] !== LETTER_S || b[p + 3] !== COLON) return -1;
  const micros = number(b, at, p);
  setTime(record, Math.floor(micros / US_PER_S), (micros % US_PER_S) * 1000);
  return skipSpaces(b, p + 4, end);
}

/** For tests of whether something can be read. */
const scratchRecord: TraceRecord = emptyRecord();
const scratchPlace = new PrefixSpans();

/** `            comm     pid   0 9 00000001 00000000 [0098d68e] 1296.172ms (+0.006ms): ` */
const VERBOSE: Layout = {
  name: 'verbose',
  repeats: false,
  starts: (bytes, at, end) => VERBOSE.read(bytes, at, end, scratchRecord, scratchPlace),
  read(b, at, end, record, place) {
    if (at + COMM_WIDTH >= end || b[at + COMM_WIDTH] !== SPACE) return false;
    place.commStart = at;
    place.commEnd = at + COMM_WIDTH;
    const tid = skipSpaces(b, place.commEnd, end);
    let p = skipDigits(b, tid, end);
    const cpu = skipSpaces(b, p, end);
    if (p === tid || p - tid > DIGITS_MAX) return false;
    record.tid = number(b, tid, p);
    record.tgid = -1;
    p = skipDigits(b, cpu, end);
    if (p === cpu || p - cpu > DIGITS_MAX) return false;
    record.cpu = number(b, cpu, p);
    for (let column = 0; column < 3; column++) {
      p = skipSpaces(b, p, end);
      p = skipHex(b, p, end);
    }
    place.body = readVerboseTime(b, skipSpaces(b, p, end), end, record);
    return place.body >= 0;
  },
};

function skipHex(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && HEX[bytes[p]] < 16) p++;
  return p;
}

/**
 * `[microseconds in hex] ms (+ms): `; the first number is the time, and the others repeat it.
 * Clocks that do not count seconds print `[number in hex] number (+number): `.
 */
function readVerboseTime(b: Uint8Array, at: number, end: number, record: TraceRecord): number {
  if (at >= end || b[at] !== OPEN_BRACKET) return -1;
  const stop = skipHex(b, at + 1, end);
  if (stop >= end || b[stop] !== CLOSE_BRACKET) return -1;
  let time = 0;
  for (let p = at + 1; p < stop; p++) time = time * 16 + HEX[b[p]];
  let p = skipDigits(b, skipSpaces(b, stop + 1, end), end);
  if (p < end && b[p] === SPACE) setTicks(record, time);
  else setTime(record, Math.floor(time / US_PER_S), (time % US_PER_S) * 1000);
  while (p + 1 < end && b[p] >= SPACE && !(b[p] === CLOSE && b[p + 1] === COLON)) p++;
  return p + 1 < end && b[p] === CLOSE ? skipSpaces(b, p + 2, end) : -1;
}

/** Nothing before the event (`nocontext-info`). */
const BARE: Layout = {
  name: 'bare',
  repeats: false,
  starts(bytes, at, end) {
    let p = at;
    while (p < end && WORD[bytes[p]] === 1) p++;
    if (p === at) return p < end && (bytes[p] === LESS || bytes[p] === HASH);
    if (p + 1 >= end) return false;
    if (bytes[p] === COLON) return bytes[p + 1] === SPACE;
    return bytes.toString('latin1', at, Math.min(at + 4, end)) === 'sys_';
  },
  read(_bytes, at, _end, record, place) {
    record.cpu = record.tid = record.tgid = -1;
    record.tsLow = record.tsHigh = 0;
    place.commStart = place.commEnd = place.body = at;
    return true;
  },
};

/** As `normal` without the padding, as in text that was pasted into an issue. */
const PASTED: Layout = {
  name: 'pasted',
  repeats: true,
  starts: (bytes, at, end) => findDash(bytes, at, end) >= 0,
  find: finder(wordStart),
  read(bytes, at, end, record, place) {
    for (let dash = findDash(bytes, at, end); dash >= 0; ) {
      place.commStart = at;
      place.commEnd = dash;
      place.body = readFromPid(bytes, dash, end, record, place);
      if (place.body >= 0) return true;
      dash = findDash(bytes, at, end, dash + 1);
    }
    return false;
  },
};

/** A dash before a digit where the end of a task's name may be. */
function findDash(bytes: Uint8Array, at: number, end: number, from = at + 1): number {
  const last = Math.min(skipSpaces(bytes, at, end) + COMM_WIDTH, end - 1);
  for (let p = from; p < last; p++) if (dashAt(bytes, p, end)) return p;
  return -1;
}

/** Every layout of ftrace's own, the most specific first. */
export const LAYOUTS: readonly Layout[] = [NORMAL, LATENCY, VERBOSE, PASTED, BARE];
