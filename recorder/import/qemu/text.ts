/**
 * The log that QEMU writes for `-trace`: `name arguments`, under `-msg timestamp=on` with
 * `tid@seconds.microseconds:` in front, or from QEMU 10.2 on with the time in ISO 8601. Some events
 * of QEMU up to 8 span two lines.
 */
import type { EventAppender } from '../../../traces/index.js';
import { Interner } from '../../words/interner.js';
import { SECONDS_MAX } from '../cursor.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input.js';
import { LineReader } from '../lines.js';
import { countsOf, QemuEmitter } from './emitter.js';

const BLANK = 0x20;
const CARRIAGE_RETURN = 0x0d;
const AT = 0x40;
const COLON = 0x3a;
const TID_MAX = 0xffff_ffff;
const NAME_BYTES_MAX = 80;

const STAMPED = /^(?:\d+@\d+\.\d+:|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z )[a-z][a-z0-9_]* /;
/** Length of `2026-11-21T08:57:33`, and where its `T` stands. */
const ISO_BYTES = 19;
const ISO_T = 10;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
const DOT = 0x2e;
const PLAIN = /^(?:vfio|pci_cfg|iommufd|vtd|pci_update_mappings|msix)_[a-z0-9_]* /;

export const qemuText: Importer = {
  format: 'qemu-log',
  describe: 'QEMU -trace log text, with or without -msg timestamp=on',

  detect(head) {
    const lines = head
      .toString('latin1')
      .split('\n', 200)
      .filter((line) => line !== '');
    const hits = lines.filter((line) => STAMPED.test(line) || PLAIN.test(line)).length;
    return hits * 2 > lines.length ? 0.9 : hits > 0 ? 0.15 : 0;
  },

  meta(input) {
    const hasTimes = STAMPED.test(firstEvent(input));
    return hasTimes ? { clock: 'realtime', wallOffsetNs: 0n } : { clock: 'none' };
  },

  read: (input, events) => new TextReader(input, events).read(),
};

/** The first line that looks like an event, or the empty string. */
function firstEvent(input: Input): string {
  const lines = input.head.toString('latin1').split('\n');
  return lines.find((line) => STAMPED.test(line) || PLAIN.test(line)) ?? '';
}

class TextReader {
  readonly #lines: LineReader;
  readonly #emitter: QemuEmitter;
  /** First line of an event that goes on in the next line. */
  #held: Buffer | null = null;
  #unparsed = 0;
  /** Seconds since 1970 of a time in ISO 8601 without fraction, in UTC; NaN when it is none. */
  readonly #seconds = new Interner((time) => Date.parse(`${time}Z`) / 1000);

  constructor(input: Input, events: EventAppender) {
    this.#lines = new LineReader(input);
    this.#emitter = new QemuEmitter(events);
  }

  read(): ImportReport {
    const lines = this.#lines;
    while (lines.next()) {
      const { bytes, start } = lines;
      const end = bytes[lines.end - 1] === CARRIAGE_RETURN ? lines.end - 1 : lines.end;
      if (!lines.complete) break;
      if (this.#held !== null && this.#joined(bytes, start, end)) continue;
      if (end > start && bytes[end - 1] === COLON) {
        this.#held = Buffer.from(bytes.subarray(start, end));
      } else if (end > start) this.#line(bytes, start, end);
    }
    this.#flushHeld();
    const cut = lines.bytes.byteLength > 0 && !lines.complete;
    if (cut) this.#other(lines.bytes, lines.start, lines.end);
    return {
      records: countsOf(this.#emitter.types),
      unparsed: this.#unparsed,
      lost: 0,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  /** Joins an indented line to the line before it; false when the line stands for itself. */
  #joined(bytes: Buffer, start: number, end: number): boolean {
    const held = this.#held;
    if (held === null) return false;
    if (bytes[start] !== BLANK) {
      this.#flushHeld();
      return false;
    }
    this.#held = null;
    const both = Buffer.concat([held, Buffer.from('\n'), bytes.subarray(start, end)]);
    this.#line(both, 0, both.byteLength);
    return true;
  }

  #flushHeld(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#line(held, 0, held.byteLength);
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const emitter = this.#emitter;
    const { cursor } = emitter;
    cursor.set(bytes, start, end);
    if (!this.#prefix()) {
      emitter.tid = -1;
      cursor.at = start;
      if (bytes[start + ISO_T] === LETTER_T && !this.#isoPrefix()) cursor.at = start;
    }
    const name = cursor.at;
    const last = Math.min(end, name + NAME_BYTES_MAX);
    let at = name;
    while (at < last && bytes[at] !== BLANK) at++;
    const isName = at > name && (at === end || bytes[at] === BLANK);
    const type = isName ? emitter.type(bytes, name, at) : null;
    if (type === null) {
      this.#other(bytes, start, end);
      return;
    }
    cursor.at = at;
    cursor.blanks();
    if (!emitter.emit(type, bytes)) this.#unparsed++;
  }

  /** Takes `tid@seconds.microseconds:`; false when the line has no such prefix. */
  #prefix(): boolean {
    const emitter = this.#emitter;
    const { cursor } = emitter;
    if (!cursor.decimal() || cursor.value > TID_MAX) return false;
    const tid = cursor.low;
    if (!cursor.byte(AT) || !cursor.time() || !cursor.byte(COLON)) return false;
    emitter.tid = tid;
    emitter.seconds = cursor.seconds;
    emitter.nanoseconds = cursor.nanoseconds;
    return true;
  }

  /** Takes `2026-11-21T08:57:33.123456Z `; false when the line has no such prefix. */
  #isoPrefix(): boolean {
    const emitter = this.#emitter;
    const { cursor } = emitter;
    if (cursor.end - cursor.at < ISO_BYTES) return false;
    const seconds = this.#seconds.get(cursor.bytes, cursor.at, cursor.at + ISO_BYTES);
    cursor.at += ISO_BYTES;
    const nanoseconds = cursor.byte(DOT) ? cursor.fraction() : 0;
    if (!(seconds >= 0 && seconds < SECONDS_MAX) || nanoseconds < 0) return false;
    if (!cursor.byte(LETTER_Z) || !cursor.byte(BLANK)) return false;
    emitter.seconds = seconds;
    emitter.nanoseconds = nanoseconds;
    return true;
  }

  #other(bytes: Buffer, start: number, end: number): void {
    this.#unparsed++;
    this.#emitter.emitOther(null, bytes.toString('utf8', start, end), null);
  }
}
