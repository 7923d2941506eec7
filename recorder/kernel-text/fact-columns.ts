import {
  CELL,
  type EventAppender,
  type EventRow,
  highWord,
  lowWord,
  type WordCell,
} from '../../traces/index.js';
import type { KernelFact } from './kernel-fact.js';
import { kernelText } from './kernel-text.js';
import { OpenReports } from './open-reports.js';
import { awaitsWords } from './smmu-messages.js';

/** Writes what the kernel's messages say into rows of one appender. */
export class KernelTextColumns {
  readonly #kinds = new Map<string, number>();
  /** Reports that messages of `next` may be parts of. */
  readonly #reports = new OpenReports();

  constructor(private readonly events: EventAppender) {}

  /**
   * Sets the kind, and every column that follows from the message; the caller sets time, phase and
   * text.
   * @param message all messages of a report, joined by newlines
   */
  fill(row: EventRow, message: string): KernelFact {
    const fact = kernelText(message);
    this.set(row, fact);
    return fact;
  }

  /**
   * The same for messages that are one event each, in order. One message of a report is what it
   * reports, and the others become a `log`, so that nothing counts twice.
   */
  next(row: EventRow, message: string): KernelFact {
    const report = this.#reports.join(message);
    const fact = report === null ? this.#first(message) : further(report.text, message);
    this.set(row, fact);
    return fact;
  }

  /** A message that continues no report; it may begin one. */
  #first(message: string): KernelFact {
    const fact = kernelText(message);
    this.#reports.begin(message, fact);
    return awaitsWords(message) ? { ...fact, kind: 'log' } : fact;
  }

  /** Sets the columns of a fact. */
  set(row: EventRow, fact: KernelFact): void {
    const { dictionaries } = this.events;
    row.set(CELL.kind, this.#kind(fact.kind));
    if (fact.name !== undefined) row.set(CELL.name, dictionaries.name.id(fact.name));
    if (fact.device !== undefined) row.set(CELL.device, dictionaries.device.id(fact.device));
    if (fact.driver !== undefined) row.set(CELL.driver, dictionaries.driver.id(fact.driver));
    if (fact.region !== undefined) row.set(CELL.region, fact.region);
    setBig(row, CELL.offset, fact.offset);
    setBig(row, CELL.length, fact.length);
    setBig(row, CELL.value, fact.value);
    setBig(row, CELL.ret, fact.ret);
  }

  #kind(kind: KernelFact['kind']): number {
    let id = this.#kinds.get(kind);
    if (id === undefined) {
      id = this.events.kind(kind);
      this.#kinds.set(kind, id);
    }
    return id;
  }
}

/** The last message of a report: the event if it is the one that the event waited for. */
function further(report: string, message: string): KernelFact {
  const before = report.slice(0, -message.length - 1);
  if (awaitsWords(before) && !awaitsWords(report)) return kernelText(report);
  return { ...kernelText(message), kind: 'log' };
}

function setBig(row: EventRow, cell: WordCell, value: bigint | undefined): void {
  if (value === undefined) return;
  row.setWords(cell, lowWord(value), highWord(value));
}
