/**
 * `journalctl -o export`: `FIELD=value` lines, or the field alone, the size of its value in eight
 * bytes and the value; an empty line ends an entry (systemd Journal Export Formats).
 */
import type { EventAppender } from '../../../traces/index.js';
import { ByteStream } from '../byte-stream.js';
import { MessageEvents } from '../dmesg/message-events.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LINE_BYTES_MAX } from '../lines.js';
import { FIELDS, type JournalFields, JournalMessages, logMeta } from './journal-entry.js';

const NEWLINE = 0x0a;
const SIZE_BYTES = 8;
const FIELD = /^([A-Z_][A-Z0-9_]{0,63})(?:=(.*))?$/s;
/** With what journalctl begins each entry. */
const FIRST = /^__(?:CURSOR|REALTIME_TIMESTAMP)$/;
const HEAD = /(?:^|\n)__(?:CURSOR|REALTIME_TIMESTAMP)=[^\n]*\n(?:[^\n]*\n){0,60}?MESSAGE[=\n]/;

export const journalExport: Importer = {
  format: 'journal-export',
  describe: 'kernel log: journalctl -k -o export',
  clock: '`mono`',
  needs: 'stream',
  sample: 'journal/export.txt.zst',
  detect: (head) => (HEAD.test(head.toString('latin1')) ? 0.96 : 0),
  meta: logMeta,
  read: (input, events) => new ExportReader(input, events).read(),
};

class ExportReader {
  readonly #stream: ByteStream;
  readonly #messages: MessageEvents;
  readonly #entries: JournalMessages;
  #fields: JournalFields = {};
  /** The entry as text, for one that is not of the kernel. */
  #raw: string[] = [];
  #rawLength = 0;

  constructor(input: Input, events: EventAppender) {
    this.#stream = new ByteStream(input);
    this.#messages = new MessageEvents(events);
    this.#entries = new JournalMessages(this.#messages);
  }

  read(): ImportReport {
    let stopped: ImportReport['stopped'];
    for (;;) {
      const { offset } = this.#stream;
      const line = this.#line();
      if (line === null) break;
      if (!line.complete) {
        // A field that is cut says less than it did, and so does its entry.
        this.#keep(line.text);
        this.#fields = {};
        stopped = { offset, why: 'the last line has no end' };
        break;
      }
      this.#field(line.text);
    }
    this.#endEntry();
    const report = this.#messages.end();
    return stopped === undefined ? report : { ...report, stopped };
  }

  #field(line: string): void {
    if (line === '' || line === '\r') {
      this.#endEntry();
      return;
    }
    const match = FIELD.exec(line);
    if (match === null) {
      this.#entries.other(line);
      return;
    }
    const [, name, text] = match;
    if (FIRST.test(name) && this.#raw.some((kept) => kept.startsWith(`${name}=`))) this.#endEntry();
    const value = text ?? this.#sized();
    if (value === null) {
      this.#entries.other(line);
      return;
    }
    this.#keep(`${name}=${value}`);
    if (FIELDS.has(name)) this.#fields[name as keyof JournalFields] = value.replace(/\r$/, '');
  }

  #keep(text: string): void {
    if (this.#rawLength + text.length > LINE_BYTES_MAX) this.#endEntry();
    this.#raw.push(text);
    this.#rawLength += text.length;
  }

  #endEntry(): void {
    if (this.#raw.length > 0) this.#entries.entry(this.#fields, this.#raw.join('\n'));
    this.#fields = {};
    this.#raw = [];
    this.#rawLength = 0;
  }

  /** The next line, in pieces when it is longer than a line may be; null at the end. */
  #line(): { readonly text: string; readonly complete: boolean } | null {
    const stream = this.#stream;
    let searched = 0;
    for (;;) {
      const held = stream.bytes.byteLength - stream.at;
      const end = stream.bytes.indexOf(NEWLINE, stream.at + searched);
      if (end >= 0 && end - stream.at <= LINE_BYTES_MAX) {
        const text = stream.bytes.toString('utf8', stream.at, end);
        stream.at = end + 1;
        return { text, complete: true };
      }
      searched = held;
      const isLast = held <= LINE_BYTES_MAX && !stream.need(held + 1);
      if (!isLast && held <= LINE_BYTES_MAX) continue;
      if (held === 0) return null;
      const length = Math.min(held, LINE_BYTES_MAX);
      const text = stream.bytes.toString('utf8', stream.at, stream.at + length);
      stream.at += length;
      return { text, complete: !isLast };
    }
  }

  /** The value preceded by its size; null, without consuming anything, when there is none. */
  #sized(): string | null {
    const stream = this.#stream;
    if (!stream.need(SIZE_BYTES)) return null;
    const size = stream.bytes.readBigUInt64LE(stream.at);
    if (size > BigInt(LINE_BYTES_MAX)) return null;
    const length = Number(size);
    if (!stream.need(SIZE_BYTES + length + 1)) return null;
    const start = stream.at + SIZE_BYTES;
    if (stream.bytes[start + length] !== NEWLINE) return null;
    stream.at = start + length + 1;
    return stream.bytes.toString('utf8', start, start + length);
  }
}
