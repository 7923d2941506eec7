import {
  CELL,
  type EventAppender,
  type EventRow,
  highWord,
  lowWord,
} from '../../../traces/index.js';
import {
  type KernelFact,
  KernelTextColumns,
  kernelText,
  type OpenReport,
  OpenReports,
} from '../../kernel-text/index.js';
import type { ImportReport } from '../importer.js';

/** A line that is held back because an earlier report may continue. */
interface Pending {
  readonly time: bigint;
  readonly text: string;
  /** Null for a line that is not a message. */
  readonly fact: KernelFact | null;
  /** The report that the message began. */
  readonly report: OpenReport | null;
}

/**
 * Turns the messages of a kernel log into events, in order. The messages of one report become one
 * event. A report is complete once enough other messages have followed that none can continue it.
 */
export class MessageEvents {
  readonly #columns: KernelTextColumns;
  readonly #row: EventRow;
  readonly #point: number;
  readonly #log: number;
  /** Reports that may continue. */
  readonly #reports = new OpenReports();
  /** Open reports, and what was read after them; empty most of the time. */
  #pending: Pending[] = [];
  #events = 0;
  #continued = 0;
  #unparsed = 0;
  #lost = 0;

  constructor(private readonly events: EventAppender) {
    this.#columns = new KernelTextColumns(events);
    this.#point = events.phase('point');
    this.#log = events.kind('log');
    this.#row = events.row('dmesg');
  }

  /** A complete message: it is a part of a report, or begins one, or is all of an event. */
  message(time: bigint, message: string): void {
    if (this.#reports.join(message) !== null) {
      this.#continued++;
      return;
    }
    const fact = kernelText(message);
    const report = this.#reports.begin(message, fact);
    if (report === null && this.#pending.length === 0) this.#write(time, message, fact);
    else {
      this.#pending.push({ time, text: message, fact, report });
      this.#writePending();
    }
  }

  /** Appends an event for a line that is not a message, and counts it as not understood. */
  other(time: bigint, text: string): void {
    this.#unparsed++;
    this.#pending.push({ time, text, fact: null, report: null });
    this.#writePending();
  }

  /** A line that became a part of a message. */
  goesOn(): void {
    this.#continued++;
  }

  /** No more messages come. */
  end(): ImportReport {
    this.#reports.end();
    this.#writePending();
    return {
      records: {
        message: this.#events,
        ...(this.#continued > 0 && { continued: this.#continued }),
      },
      unparsed: this.#unparsed,
      lost: this.#lost,
    };
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

  /** @param fact null if the line is not a message */
  #write(time: bigint, text: string, fact: KernelFact | null): void {
    this.#row.clear();
    this.#row.set(CELL.phase, this.#point);
    this.#row.timeWords(lowWord(time), highWord(time));
    if (fact === null) {
      this.#row.set(CELL.kind, this.#log);
    } else {
      this.#events++;
      this.#columns.set(this.#row, fact);
      if (fact.kind === 'lost') this.#lost += Number(fact.value);
    }
    this.#row.text(text);
    this.events.append(this.#row);
  }
}
