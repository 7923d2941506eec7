/**
 * `journalctl -o verbose`: a line with the time and the cursor, and the fields below it, further
 * lines of a value under its first (systemd src/shared/logs-show.c, output_verbose).
 */
import type { EventAppender } from '../../../traces/index.js';
import { plainLine } from '../dmesg/log-prefix.js';
import { MessageEvents } from '../dmesg/message-events.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LINE_BYTES_MAX, LineReader } from '../lines.js';
import { FIELDS, type JournalFields, JournalMessages, logMeta } from './journal-entry.js';

const START = /^\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \S+ \[s=[0-9a-f]+;.*\]$/;
/** Microseconds of CLOCK_MONOTONIC in the cursor. */
const MONOTONIC = /;m=([0-9a-f]{1,13})[;\]]/;
const FIELD = /^ {4}([A-Z_][A-Z0-9_]{0,63})=(.*)$/s;

export const journalVerbose: Importer = {
  format: 'journal-verbose',
  describe: 'kernel log: journalctl -k -o verbose',
  clock: '`mono`',
  needs: 'stream',
  sample: 'journal/verbose.txt.zst',
  detect: (head) =>
    head
      .toString('latin1')
      .split('\n', 200)
      .some((line) => START.test(plainLine(line)))
      ? 0.96
      : 0,
  meta: logMeta,
  read: (input, events) => new VerboseReader(input, events).read(),
};

class VerboseReader {
  readonly #lines: LineReader;
  readonly #messages: MessageEvents;
  readonly #entries: JournalMessages;
  /** Null before the first entry, and after a line that belongs to no entry. */
  #fields: JournalFields | null = null;
  /** The field that the next line may go on with. */
  #last: string | null = null;
  #raw = '';

  constructor(input: Input, events: EventAppender) {
    this.#lines = new LineReader(input);
    this.#messages = new MessageEvents(events);
    this.#entries = new JournalMessages(this.#messages);
  }

  read(): ImportReport {
    const lines = this.#lines;
    let stopped: ImportReport['stopped'];
    while (lines.next()) {
      const line = plainLine(lines.text());
      if (lines.complete) this.#line(line);
      else {
        stopped = { offset: lines.offset, why: 'the last line has no end' };
        if (this.#fields !== null) this.#fields = {};
        this.#raw += `\n${line}`;
      }
    }
    this.#endEntry();
    const report = this.#messages.end();
    return stopped === undefined ? report : { ...report, stopped };
  }

  #line(line: string): void {
    if (START.test(line)) {
      this.#endEntry();
      const received = MONOTONIC.exec(line)?.[1];
      const time = received === undefined ? undefined : String(Number.parseInt(received, 16));
      this.#fields = { __MONOTONIC_TIMESTAMP: time };
      this.#raw = line;
      return;
    }
    if (line.trim() === '') return;
    const field = this.#fields === null ? null : FIELD.exec(line);
    if (this.#fields === null || this.#raw.length + line.length > LINE_BYTES_MAX) this.#other(line);
    else if (field !== null) this.#field(this.#fields, field[1], field[2], line);
    else if (!this.#goesOn(this.#fields, line)) this.#entries.other(line);
  }

  #field(fields: JournalFields, name: string, value: string, line: string): void {
    this.#raw += `\n${line}`;
    this.#last = name;
    if (FIELDS.has(name)) fields[name as keyof JournalFields] = value;
  }

  #goesOn(fields: JournalFields, line: string): boolean {
    const name = this.#last;
    const indent = ' '.repeat(5 + (name?.length ?? 0));
    if (name === null || !line.startsWith(indent)) return false;
    this.#raw += `\n${line}`;
    if (FIELDS.has(name)) {
      const key = name as keyof JournalFields;
      fields[key] += `\n${line.slice(indent.length)}`;
    }
    return true;
  }

  #other(line: string): void {
    this.#endEntry();
    this.#entries.other(line);
  }

  #endEntry(): void {
    if (this.#raw !== '') this.#entries.entry(this.#fields ?? {}, this.#raw);
    this.#fields = null;
    this.#last = null;
    this.#raw = '';
  }
}
