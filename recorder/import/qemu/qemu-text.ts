/**
 * The log that QEMU writes for `-trace`: `name arguments`, under `-msg timestamp=on` with
 * `tid@seconds.microseconds:` in front, or from QEMU 10.2 on with the time in ISO 8601; in a syslog
 * with what that puts before a line. Some events of QEMU up to 8 span two lines.
 */
import { BDF_PATTERN, type EventAppender } from '../../../traces/index.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LineReader } from '../lines.js';
import { failureIn } from './dma-operations.js';
import { countsOf, type EventType, QemuEmitter } from './qemu-emitter.js';
import { messageIn } from './qemu-messages.js';
import { METAS, Prefix, styleOf, type TimeStyle } from './qemu-prefix.js';
import { QemuSequence } from './qemu-sequence.js';

const BLANK = 0x20;
const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
const NAME_BYTES_MAX = 80;
/** The number of lines of the head to examine. */
const LINES_MAX = 200;

/** After a time that only QEMU writes, any name counts; otherwise, only names of its events. */
const NAME = /^[a-z][a-z0-9_]* /;
const PLAIN =
  /^(?:vfio|pci_cfg|pci_update_mappings|pci_pm|iommufd|vtd|amdvi|sriov|msix)_[a-z0-9_]*(?: |$)/;
/**
 * Lines that no other program writes: an event of VFIO or iommufd with arguments as QEMU prints
 * them.
 */
const SURE = new RegExp(
  String.raw`^(?:vfio|iommufd)_[a-z0-9_]+ .*` +
    String.raw`(?:${BDF_PATTERN}|0x[0-9a-f]+|iommufd=\d)`,
);
/** How QEMU begins its messages: with the name that it was started by. */
const FROM_QEMU = /(?:^|[ :])(?:kvm|qemu(?:-kvm|-system-\w+)?): /i;

export const qemuText: Importer = {
  format: 'qemu-log',
  describe: 'QEMU -trace log text (backend log or syslog), with or without -msg timestamp=on',
  clock: '`realtime` with `-msg timestamp=on`, otherwise `none`',
  needs: 'stream',
  sample: 'qemu/nested-linux.log.zst',

  detect(head) {
    const lines = linesOf(head).filter((line) => line.trim() !== '');
    const events = lines.filter((line) => eventStyle(line) !== null);
    if (events.length * 2 > lines.length) return 0.9;
    // QEMU logs to stderr, among its other messages and those of the program that started it.
    if (lines.some(isSure)) return 0.25;
    return events.length > 0 ? 0.15 : 0;
  },

  // Counts such a line also when it is indented and its surroundings are not.
  certain: (head) => linesOf(head).filter((line) => isSure(line.trimStart())).length,

  meta: (input) => METAS[timeStyle(input)],
  read: (input, events) => new TextReader(input, events).read(),
};

const linesOf = (head: Buffer): string[] => head.toString('latin1').split(/\r?\n/, LINES_MAX);

/**
 * The form of the time of a line that is an event or a message about a device, otherwise null.
 * Indented lines do not count: the indentation was removed before.
 */
function eventStyle(line: string): TimeStyle | null {
  const { style, rest } = styleOf(line);
  const isEvent = style === 'stamped' ? NAME.test(rest) || PLAIN.test(rest) : PLAIN.test(rest);
  return isEvent || isMessage(rest) ? style : null;
}

const isMessage = (text: string): boolean =>
  failureIn(text) !== null || (FROM_QEMU.test(text) && messageIn(text) !== null);

/** Whether only QEMU writes such a line. */
function isSure(line: string): boolean {
  const { rest } = styleOf(line);
  return SURE.test(rest) || isMessage(rest);
}

/** The form of the input's times: that of the first line that is an event. */
function timeStyle(input: Input): TimeStyle {
  for (const line of linesOf(input.head)) {
    const style = eventStyle(line.trimStart());
    if (style !== null) return style;
  }
  return 'none';
}

class TextReader {
  readonly #lines: LineReader;
  readonly #emitter: QemuEmitter;
  readonly #sequence: QemuSequence;
  readonly #prefix: Prefix;
  /** First line of an event that continues on the next line. */
  #held: Buffer | null = null;

  constructor(input: Input, events: EventAppender) {
    this.#lines = new LineReader(input);
    this.#emitter = new QemuEmitter(events);
    this.#sequence = new QemuSequence(this.#emitter);
    this.#prefix = new Prefix(this.#emitter.cursor, this.#sequence.moment, timeStyle(input));
  }

  read(): ImportReport {
    const lines = this.#lines;
    while (lines.next()) {
      const { bytes, start } = lines;
      const end = bytes[lines.end - 1] === CARRIAGE_RETURN ? lines.end - 1 : lines.end;
      if (!lines.complete) break;
      if (this.#held !== null && this.#isJoined(bytes, start, end)) continue;
      if (end > start) this.#line(bytes, start, end, true);
    }
    this.#flushHeld();
    const cut = lines.bytes.byteLength > 0 && !lines.complete;
    if (cut) this.#sequence.line(lines.bytes.subarray(lines.start, lines.end));
    this.#sequence.finish();
    return {
      records: countsOf(this.#emitter.types),
      unparsed: this.#sequence.unparsed,
      lost: 0,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  /**
   * Joins a line to the one before if the two together match a form of the event that the first one
   * names; false otherwise.
   */
  #isJoined(bytes: Buffer, start: number, end: number): boolean {
    const held = this.#held ?? Buffer.alloc(0);
    const { cursor } = this.#emitter;
    if (bytes[start] === BLANK) {
      const text = bytes.toString('latin1', start, end).trimStart();
      const both = Buffer.concat([held, Buffer.from(`\n  ${text}`, 'latin1')]);
      cursor.set(both, 0, both.byteLength);
      const type = this.#name(both, 0);
      if (type !== null && this.#emitter.matches(type)) {
        this.#held = null;
        this.#line(both, 0, both.byteLength, false);
        return true;
      }
    }
    this.#flushHeld();
    return false;
  }

  #flushHeld(): void {
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#line(held, 0, held.byteLength, false);
  }

  /** @param mayGoOn whether the next line may belong to it */
  #line(bytes: Buffer, start: number, end: number, mayGoOn: boolean): void {
    const { cursor } = this.#emitter;
    cursor.set(bytes, start, end);
    const type = this.#name(bytes, start);
    if (type === null) this.#sequence.line(bytes.subarray(start, end));
    else if (mayGoOn && type.isOfTwoLines && bytes[end - 1] === COLON)
      this.#held = Buffer.from(bytes.subarray(start, end));
    else this.#sequence.event(type, bytes);
  }

  /** Reads the part before the arguments of an event; null when the line is not an event. */
  #name(bytes: Buffer, start: number): EventType | null {
    const { cursor } = this.#emitter;
    this.#prefix.read(start);
    const name = cursor.at;
    const last = Math.min(cursor.end, name + NAME_BYTES_MAX);
    let at = name;
    while (at < last && bytes[at] !== BLANK) at++;
    const isName = at > name && (at === cursor.end || bytes[at] === BLANK);
    const type = isName ? this.#emitter.type(bytes, name, at) : null;
    if (type === null) return null;
    cursor.at = at;
    cursor.blanks();
    return type;
  }
}
