import { goesOn } from './continued-reports.js';
import type { KernelFact } from './kernel-fact.js';
import { messageOf } from './message-device.js';

/** A report of which more messages may come. */
export interface OpenReport {
  /** Its messages so far, joined by newlines. */
  readonly text: string;
  /** False when no more messages are taken for its own. */
  readonly isOpen: boolean;
}

/**
 * Messages of others that may stand within a report: each line of it is a printk of its own, and
 * other CPUs print meanwhile. The longest reports have about 20 lines.
 */
const OTHERS_MAX = 16;
/** A report that is longer is not one. */
const REPORT_LENGTH_MAX = 4096;
const KINDS: ReadonlySet<string> = new Set(['fault.aer', 'fault.dma']);
/** Faults of which more messages may come: most are whole. */
const UNFINISHED = new RegExp(
  String.raw`received|PCIe Bus Error|aer_status|containment event|event: |context fault` +
    String.raw`|global fault|fault (?:addr|index) \S+\s*$`,
);

interface Report {
  text: string;
  isOpen: boolean;
  /** Who printed it: nobody prints two reports at once. */
  readonly reporter: string;
  others: number;
}

/** Puts the messages of reports together again when messages of others stand between them. */
export class OpenReports {
  #open: Report[] = [];

  /** The report that `message` is a further part of, with it; null when it is of none. */
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
    const what = body.includes('PCIe Bus Error') ? 'error' : '';
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
