/**
 * Reads the lines between records: headers, reports of lost events, and lines that are not
 * understood.
 */
import type { RecordMapper } from '../../mapping/record-mapper.js';
import type { TraceRecord } from '../../mapping/trace-record.js';
import { lossCount } from '../loss-count.js';
import { HASH, NEWLINE, RETURN, SPACE, startsWith, TAB } from './ascii.js';

const ENTRIES = /^# entries-in-buffer\/entries-written: (-?\d+)\/(-?\d+)\b/;
const LOST = /^CPU:(\d{1,10}) \[(?:LOST (?:(\S+) )?EVENTS|(?:(\S+) )?EVENTS DROPPED)\]\s*$/;
/** `trace-cmd report` begins with how many CPUs there are. */
const CPUS = /^(?:cpus=\d+|version = \d+|CPU \d+ is empty)\s*$/;
const GRAPH_LINE = /^\s*(?:[\d.]+ \| {2,})?(?:\d+\)|-{10,}).*[|>-]/;
/** A frame of a call chain of perf: `\tffffffff8b19e641 symbol+0x1 (module)`. */
const FRAME = /^(?:\t *[0-9a-f]{1,16}|\s+[0-9a-f]{4,16}) \S/;
const TRACER = /^# tracer: (\w+)/;
const HISTOGRAM = '# event histogram';
/** The most bytes of a line to examine to determine what it is. */
const LINE_LOOK = 128;

/** Sections in which every line that is not a record is a sample, and is counted as one. */
type Section = 'function_graph' | 'hist' | null;

export class NonRecordLines {
  #section: Section = null;
  /** Events that the header says are missing from the text; reported before the first record. */
  #missing: number | null = 0;
  readonly #counts = new Map<string, number>();

  constructor(private readonly mapper: RecordMapper) {}

  /** Records of sections that do not become events, by their kind. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** Reports the losses stated in the header, with the time of the first record after it. */
  beforeRecord(record: TraceRecord): void {
    if (this.#missing === 0) return;
    const { tsLow, tsHigh } = record;
    const nowhere = { cpu: -1, tid: -1, tgid: -1, task: -1, tsLow, tsHigh };
    this.mapper.lost(-1, this.#missing, nowhere);
    this.#missing = 0;
  }

  /**
   * Whether a line certainly does not belong to a record.
   * @param inText the record before it is a text, which may have blank lines and lines with `#`
   */
  is(bytes: Buffer, start: number, end: number, inText: boolean): boolean {
    if (inText && bytes[start] === HASH) {
      return startsWith(bytes, start, end, '# tracer: ') || startsWith(bytes, start, end, '#####');
    }
    if (bytes[start] === HASH) return true;
    if (bytes[start] === NEWLINE || bytes[start] === RETURN) return !inText;
    if (bytes[start] === TAB && !inText) return FRAME.test(look(bytes, start, end));
    return startsWith(bytes, start, end, 'CPU:') && LOST.test(look(bytes, start, end));
  }

  /** Reads a line: a header, a loss, a sample of a section, or something that is not understood. */
  read(bytes: Buffer, start: number, end: number): void {
    if (isBlank(bytes, start, end)) return;
    const head = look(bytes, start, end);
    if (head.startsWith('#')) {
      if (this.#header(head)) return;
    } else if (head.startsWith('CPU:') && this.#lost(head)) {
      return;
    } else if (CPUS.test(head)) {
      return;
    } else if (FRAME.test(head)) {
      this.#count('callchain');
      return;
    } else if (this.#section === 'hist' || GRAPH_LINE.test(head)) {
      this.#count(this.#section ?? 'function_graph');
      return;
    }
    this.mapper.unparsed(bytes.toString('utf8', start, end));
  }

  #header(line: string): boolean {
    const entries = ENTRIES.exec(line);
    if (entries !== null) {
      this.#missing = missing(entries[1], entries[2]);
      return true;
    }
    const tracer = TRACER.exec(line);
    if (tracer !== null) this.#section = tracer[1] === 'function_graph' ? 'function_graph' : null;
    if (line.startsWith(HISTOGRAM)) this.#section = 'hist';
    return true;
  }

  #lost(line: string): boolean {
    const match = LOST.exec(line);
    if (match === null) return false;
    this.mapper.lost(Number(match[1]), lossCount(match[2] ?? match[3]));
    return true;
  }

  #count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }
}

/** How many of the events that were written are not there; null when one is no number of events. */
function missing(there: string, written: string): number | null {
  if (written === '0' || there === written) return 0;
  const [inBuffer, inAll] = [there === '0' ? 0 : lossCount(there), lossCount(written)];
  return inBuffer === null || inAll === null ? null : Math.max(0, inAll - inBuffer);
}

function look(bytes: Buffer, start: number, end: number): string {
  const stop = bytes.indexOf(NEWLINE, start);
  const lineEnd = stop < 0 || stop > end ? end : stop;
  return bytes.toString('latin1', start, Math.min(lineEnd, start + LINE_LOOK));
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let p = start; p < end; p++) if (bytes[p] !== SPACE && bytes[p] !== RETURN) return false;
  return true;
}
