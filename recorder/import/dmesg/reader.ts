import { CELL, type EventAppender, EventRow, highWord, lowWord } from '../../../traces/index.js';
import {
  isCertain,
  type KernelFact,
  KernelTextColumns,
  kernelText,
  type OpenReport,
  OpenReports,
} from '../../kernel-text/index.js';
import type { ImportReport } from '../importer.js';
import type { Input } from '../input.js';
import { LINE_BYTES_MAX, LineReader } from '../lines.js';
import { type LogLine, MESSAGE_LINE_MAX, plainLine } from './prefix.js';
import { BARE, otherStyle, type Style } from './styles.js';
import { rejoined, type Wrap } from './wrap.js';

/**
 * The kernel's messages have at most about 1000 bytes; what is longer was not broken out of one.
 */
const REJOINED_MAX = 2048;

/** What is not written yet, because a report before it may go on. */
interface Pending {
  readonly time: bigint;
  readonly text: string;
  /** Null for a line that is no message. */
  readonly fact: KernelFact | null;
  /** The report that the message began. */
  readonly report: OpenReport | null;
}

/**
 * Reads a kernel log line by line. Three things make several lines one event: a message of several
 * lines, whose further ones are indented; a message that a mailer or a terminal broke; a report
 * that the kernel prints as several messages. So a message is complete only when the next one
 * begins, and a report only when so many others came that nothing goes on with it.
 */
export class DmesgReader {
  readonly #lines: LineReader;
  readonly #columns: KernelTextColumns;
  readonly #row = new EventRow();
  readonly #point: number;
  readonly #log: number;
  #time = 0n;
  /** Reports of which more messages may come. */
  readonly #reports = new OpenReports();
  /** Open reports, and what was read after them; empty most of the time. */
  #pending: Pending[] = [];
  /** The message that was read last; the next lines may go on with it. */
  #message: string | null = null;
  /** Columns in front of its text. */
  #indent = 0;
  /** Length of the line above, as a mailer sees it. */
  #above = 0;
  #events = 0;
  #continued = 0;
  #unparsed = 0;
  #lost = 0;

  constructor(
    input: Input,
    private readonly events: EventAppender,
    private readonly style: Style,
    private readonly wrap: Wrap | null,
  ) {
    this.#lines = new LineReader(input);
    this.#columns = new KernelTextColumns(events);
    this.#point = events.phase('point');
    this.#log = events.kind('log');
    events.source('dmesg');
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
    this.#end();
    return {
      records: {
        message: this.#events,
        ...(this.#continued > 0 && { continued: this.#continued }),
      },
      unparsed: this.#unparsed,
      lost: this.#lost,
      ...(cut && { stopped: { offset: lines.offset, why: 'the last line has no end' } }),
    };
  }

  #line(text: string): void {
    const line = this.style.parse(text);
    if (line !== null && !(this.style === BARE && this.#isRest(text))) this.#start(line, text);
    else if (this.#goesOnUnder(text)) this.#continued++;
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
      this.#continued++;
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
   * Further lines of a message stand under its first: dmesg and the journal put as many blanks
   * before them as their columns are wide (util-linux dmesg.c, systemd logs-show.c).
   */
  #goesOnUnder(text: string): boolean {
    const blanks = ' '.repeat(this.#indent);
    if (this.#message === null || blanks === '' || !text.startsWith(blanks)) return false;
    if (this.#message.length + text.length > LINE_BYTES_MAX) return false;
    this.#message += `\n${text.slice(blanks.length)}`;
    return true;
  }

  /** The message is complete: it is a part of a report, or begins one, or is all of an event. */
  #endMessage(): void {
    const message = this.#message;
    if (message === null) return;
    this.#message = null;
    if (this.#reports.join(message) !== null) {
      this.#continued++;
      return;
    }
    const fact = kernelText(message);
    const report = this.#reports.begin(message, fact);
    if (report === null && this.#pending.length === 0) this.#write(this.#time, message, fact);
    else {
      this.#pending.push({ time: this.#time, text: message, fact, report });
      this.#writePending();
    }
  }

  /** Writes what nothing can be added to any more, in its order. */
  #writePending(): void {
    let count = 0;
    for (const { time, text, fact, report } of this.#pending) {
      if (report?.isOpen === true) break;
      count++;
      const whole = report?.text ?? text;
      this.#write(time, whole, whole === text ? fact : kernelText(whole));
    }
    if (count > 0) this.#pending = this.#pending.slice(count);
  }

  #end(): void {
    this.#endMessage();
    this.#reports.end();
    this.#writePending();
  }

  /** @param fact null for what is no message */
  #write(time: bigint, text: string, fact: KernelFact | null): void {
    this.#open(time);
    if (fact === null) {
      this.#row.set(CELL.kind, this.#log);
    } else {
      this.#events++;
      this.#columns.set(this.#row, fact);
      if (fact.kind === 'lost') this.#lost += Number(fact.value);
    }
    this.events.text(text);
    this.events.append(this.#row);
  }

  /** A line that is no message and does not go on with the one above it. */
  #other(text: string): void {
    this.#endMessage();
    this.#unparsed++;
    this.#pending.push({ time: this.#time, text, fact: null, report: null });
    this.#writePending();
  }

  #open(time: bigint): void {
    this.#row.clear();
    this.#row.set(CELL.phase, this.#point);
    this.#row.timeWords(lowWord(time), highWord(time));
  }
}

const later = (a: bigint, b: bigint) => (a > b ? a : b);
