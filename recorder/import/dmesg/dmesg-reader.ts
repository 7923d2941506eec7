import type { EventAppender } from '../../../traces/index.js';
import { isCertain } from '../../kernel-text/index.js';
import type { ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LINE_BYTES_MAX, LineReader } from '../lines.js';
import { type LogLine, MESSAGE_LINE_MAX, plainLine } from './log-prefix.js';
import { BARE, otherStyle, type Style } from './log-styles.js';
import { MessageEvents } from './message-events.js';
import { rejoined, type Wrap } from './wrapped-lines.js';

/** Kernel messages have at most about 1000 bytes; a longer text was not broken out of one. */
const REJOINED_MAX = 2048;

/**
 * Reads a kernel log line by line. Two things make several lines one message: further lines that
 * are indented, and a mailer or a terminal that broke it. So a message is complete only when the
 * next one begins.
 */
export class DmesgReader {
  readonly #lines: LineReader;
  readonly #messages: MessageEvents;
  #time = 0n;
  /** The message that was read last; the next lines may go on with it. */
  #message: string | null = null;
  /** Columns in front of its text. */
  #indent = 0;
  /** Length of the line above, as a mailer sees it. */
  #above = 0;

  constructor(
    input: Input,
    events: EventAppender,
    private readonly style: Style,
    private readonly wrap: Wrap | null,
  ) {
    this.#lines = new LineReader(input);
    this.#messages = new MessageEvents(events);
  }

  read(): ImportReport {
    const lines = this.#lines;
    let cut = false;
    while (lines.next()) {
      cut = !lines.complete;
      const text = plainLine(lines.text());
      if (text.trim() === '') continue;
      if (cut || text.length > MESSAGE_LINE_MAX) this.#other(text);
      else this.#line(text);
      this.#above = text.length;
    }
    this.#endMessage();
    const report = this.#messages.end();
    const stopped = { offset: lines.offset, why: 'the last line has no end' };
    return cut ? { ...report, stopped } : report;
  }

  #line(text: string): void {
    const line = this.style.parse(text);
    if (line !== null && !(this.style === BARE && this.#isRest(text))) this.#start(line, text);
    else if (this.#goesOnUnder(text)) this.#messages.goesOn();
    else this.#unstamped(text);
  }

  /** A line that is not of the style of the others. */
  #unstamped(text: string): void {
    const other = otherStyle(text, this.style);
    if (other !== null) {
      this.#start(other, text);
      return;
    }
    const whole = this.#rejoined(text);
    if (whole !== null) {
      this.#message = whole;
      this.#messages.goesOn();
    } else if (isCertain(text)) {
      this.#start({ time: null, message: text }, text);
    } else {
      this.#other(text);
    }
  }

  /** Whether a line that could be a message is the rest of the one above, which is no whole one. */
  #isRest(text: string): boolean {
    return this.#rejoined(text) !== null;
  }

  #rejoined(text: string): string | null {
    if (this.#message === null || this.#message.length + text.length > REJOINED_MAX) return null;
    return rejoined(this.#message, text, this.#above, this.wrap);
  }

  #start(line: LogLine, text: string): void {
    this.#endMessage();
    const { time, step } = line;
    if (step !== undefined) this.#time = later(this.#time + step, time ?? 0n);
    else if (time !== null) this.#time = time;
    this.#message = line.message;
    this.#indent = this.style.indent ?? text.length - line.message.length;
  }

  /**
   * Whether a line continues the message above it. dmesg and the journal indent such lines by the
   * width of the columns before the message (util-linux dmesg.c, systemd logs-show.c).
   */
  #goesOnUnder(text: string): boolean {
    const blanks = ' '.repeat(this.#indent);
    if (this.#message === null || blanks === '' || !text.startsWith(blanks)) return false;
    if (this.#message.length + text.length > LINE_BYTES_MAX) return false;
    this.#message += `\n${text.slice(blanks.length)}`;
    return true;
  }

  #endMessage(): void {
    if (this.#message !== null) this.#messages.message(this.#time, this.#message);
    this.#message = null;
  }

  /** A line that is not a message and does not continue the one above it. */
  #other(text: string): void {
    this.#endMessage();
    this.#messages.other(this.#time, text);
  }
}

const later = (a: bigint, b: bigint) => (a > b ? a : b);
