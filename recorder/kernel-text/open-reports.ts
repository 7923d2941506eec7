import { goesOn } from './continued-reports.js';
import type { KernelFact } from './kernel-fact.js';
import { messageOf } from './message-device.js';

/** A report that may continue with more messages. */
export interface OpenReport {
  /** Its messages so far, joined by newlines. */
  readonly text: string;
  /** False when the report accepts no more messages. */
  readonly isOpen: boolean;
}

/**
 * Other messages that may come between the lines of a report: each line is a printk of its own, and
 * other CPUs print at the same time. The longest reports have about 20 lines.
 */
const OTHERS_MAX = 16;
/** A report that is longer is not one. */
const REPORT_LENGTH_MAX = 4096;
const KINDS: ReadonlySet<string> = new Set(['fault.aer', 'fault.dma']);
/** Faults that may continue with more messages; most are complete. */
const UNFINISHED = new RegExp(
  String.raw`received|(?:PCIe|CXL) Bus Error|aer_\w*status|containment event|event: ` +
    String.raw`|context fault|global fault|fault (?:addr|index) \S+\s*$`,
);

interface Report {
  text: string;
  isOpen: boolean;
  /** The device that printed it: no device prints two reports at the same time. */
  readonly reporter: string;
  others: number;
}

/** Reassembles the messages of reports when other messages come in between. */
export class OpenReports {
  #open: Report[] = [];

  /** The report that `message` continues, including it; null when it continues none. */
  join(message: string): OpenReport | null {
    if (this.#open.length === 0) return null;
    for (const report of this.#open) {
      if (!goesOn(report.text, message)) continue;
      report.text += `\n${message}`;
      if (report.text.length > REPORT_LENGTH_MAX) this.#close(report);
      return report;
    }
    for (const report of this.#open) if (++report.others > OTHERS_MAX) this.#close(report);
    return null;
  }

  /** Opens a report with its first message; null when that is all of it. */
  begin(message: string, { kind }: KernelFact): OpenReport | null {
    if (KINDS.has(kind) ? !UNFINISHED.test(message) : !message.endsWith('Event logged ['))
      return null;
    const { device, text, body } = messageOf(message);
    // A port that received an error may print one of its own before the one it received.
    const what = body.includes(' Bus Error: ') ? 'error' : '';
    const reporter = `${device ?? text.slice(0, text.length - body.length)} ${what}`;
    const before = this.#open.find((report) => report.reporter === reporter);
    if (before !== undefined) this.#close(before);
    const report = { text: message, isOpen: true, reporter, others: 0 };
    this.#open = [report, ...this.#open];
    return report;
  }

  /** No more messages come. */
  end(): void {
    for (const report of this.#open) this.#close(report);
  }

  #close(report: Report): void {
    report.isOpen = false;
    this.#open = this.#open.filter((other) => other !== report);
  }
}
