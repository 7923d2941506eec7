import {
  COLON,
  DASH,
  HASH,
  LESS,
  OPEN,
  RETURN,
  SPACE,
  skipSpaces,
  startsWith,
  WORD,
} from './ascii.js';
import { type EventTable, MARK_WRITER, type TextEvent } from './event-table.js';

/** The text of a write to trace_marker_raw: `# id buf: bytes`. */
const RAW_MARK = /^# [0-9a-f]+ buf:/;
const RAW_MARK_LOOK = 32;
const STACKS = [
  ['<stack trace>', 'kernel_stack'],
  ['<user stack trace>', 'user_stack'],
] as const;

/** What follows the writer's name before a mark; ` <-` would be a call of the function tracer. */
const MARK_PLACES = [
  `${MARK_WRITER}+0x`,
  ...[...'0123456789abcdef'].map((digit) => `${MARK_WRITER} <${digit}`),
];

/** Determines the event of a record, in all the ways in which ftrace prints it. */
export class EventNames {
  /** Where the fields of the event last found begin. */
  fields = 0;

  constructor(private readonly events: EventTable) {}

  /** The event whose text is in a range; null when there is none. */
  find(bytes: Buffer, start: number, end: number): TextEvent | 'function' | null {
    let p = start;
    while (p < end && WORD[bytes[p]] === 1) p++;
    if (p === start) return this.#unnamed(bytes, start, end);
    // perf shows the system too: `system:event: `.
    if (p + 1 < end && bytes[p] === COLON && WORD[bytes[p + 1]] === 1) {
      p++;
      while (p < end && WORD[bytes[p]] === 1) p++;
    }
    const colon = p < end && bytes[p] === COLON;
    if (!colon || (p + 1 < end && bytes[p + 1] !== SPACE && bytes[p + 1] !== RETURN)) {
      return this.#special(bytes, start, p, end);
    }
    this.fields = skipSpaces(bytes, p + 1, end);
    return this.events.find(bytes, start, p);
  }

  /** Stack traces and raw marks, which ftrace prints without the event's name. */
  #unnamed(bytes: Buffer, start: number, end: number): TextEvent | null {
    this.fields = start;
    if (start < end && bytes[start] === HASH) {
      const text = bytes.toString('latin1', start, Math.min(start + RAW_MARK_LOOK, end));
      return RAW_MARK.test(text) ? this.events.named('raw_data', 'raw_data') : null;
    }
    if (start >= end || bytes[start] !== LESS) return null;
    for (const [shown, event] of STACKS) {
      if (!startsWith(bytes, start, end, shown)) continue;
      this.fields = start + shown.length;
      return this.events.named(event, shown);
    }
    return null;
  }

  /** System calls, `sys_NAME(...)` and `sys_NAME -> 0x0`, and the function tracer's calls. */
  #special(bytes: Buffer, start: number, p: number, end: number): TextEvent | 'function' | null {
    if (startsWith(bytes, start, p, 'sys_')) {
      const entry = p < end && bytes[p] === OPEN;
      if (!entry && !startsWith(bytes, p, end, ' -> ')) return null;
      const name = bytes.toString('latin1', start + 4, p);
      this.fields = entry ? p : p + 1;
      return this.events.named(`sys_${entry ? 'enter' : 'exit'}_${name}`, `sys_${name}`);
    }
    // The function that wrote a mark, with its offset (sym-offset) or address (sym-addr).
    if (MARK_PLACES.some((place) => startsWith(bytes, start, end, place))) {
      const colon = bytes.indexOf(': ', p);
      if (colon < 0 || colon >= end) return null;
      this.fields = colon + 2;
      return this.events.find(bytes, start, start + MARK_WRITER.length);
    }
    // Symbols may have a suffix of the compiler: `vfio_lock_acct.part.0 <-vfio_pin_pages_remote`.
    let q = p;
    while (q < end && bytes[q] !== SPACE) q++;
    return q + 2 < end && bytes[q + 1] === LESS && bytes[q + 2] === DASH ? 'function' : null;
  }
}
