/**
 * Kernel logs in JSON of several lines: `dmesg -J` (util-linux), `journalctl -o json-pretty`, and
 * either of them as another program laid it out.
 */
import type { EventAppender } from '../../../traces/index.js';
import { MessageEvents } from '../dmesg/message-events.js';
import type { Importer, ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { LineReader } from '../lines.js';
import { type KernelMessage, logMeta } from './journal-entry.js';
import { journalMessage, jsonObject } from './json-entry.js';
import { JsonObjects } from './json-objects.js';

const DMESG = /"dmesg"\s*:\s*\[|\{\s*(?:"(?:fac|pri)"\s*:\s*[^,]{1,20},\s*)*"time"\s*:[\s\d.]+,/;
const JOURNAL = /\{\r?\n\s*"\w{1,64}"\s*:/;
const JOURNAL_FIELD = /"__(?:REALTIME|MONOTONIC)_TIMESTAMP"\s*:/;
const SECONDS = /^(\d{1,10})(?:\.(\d{1,9}))?$/;
/** A message within an object that is damaged elsewhere, as dmesg writes it. */
const SALVAGED = new RegExp(
  String.raw`"time"\s*:\s*([\d.]{1,20})\s*,(?:\s*"caller"\s*:\s*"\w*"\s*,)?` +
    String.raw`\s*"msg"\s*:\s*("(?:[^"\\\n]|\\.)*")`,
  'g',
);

export const kernelJson: Importer = {
  format: 'kernel-json',
  describe: 'kernel log: dmesg -J, journalctl -k -o json-pretty',
  clock: '`mono`',
  needs: 'stream',
  sample: 'journal/json-pretty.txt.zst',
  detect(head) {
    const text = head.toString('latin1');
    if (DMESG.test(text)) return 0.96;
    return JOURNAL.test(text) && JOURNAL_FIELD.test(text) ? 0.96 : 0;
  },
  meta: logMeta,
  read: (input, events) => new JsonReader(input, events).read(),
};

class JsonReader {
  readonly #lines: LineReader;
  readonly #messages: MessageEvents;
  readonly #objects = new JsonObjects({
    object: (text) => this.#object(text),
    stray: (text) => this.#messages.other(this.#time, text.trim()),
  });
  #time = 0n;

  constructor(input: Input, events: EventAppender) {
    this.#lines = new LineReader(input);
    this.#messages = new MessageEvents(events);
  }

  read(): ImportReport {
    while (this.#lines.next()) this.#objects.line(this.#lines.text());
    this.#objects.end();
    return this.#messages.end();
  }

  #object(text: string): void {
    const entry = jsonObject(text) ?? jsonObject(`${text.replace(/[\s,]+$/, '')}}`);
    const said = entry === null ? null : (dmesgMessage(entry) ?? journalMessage(entry));
    if (said !== null) this.#message(said);
    else if (entry !== null || !this.#salvage(text)) this.#messages.other(this.#time, text.trim());
  }

  /** Passes on the messages of a text that is no longer an object; false when there is none. */
  #salvage(text: string): boolean {
    let end = 0;
    for (const match of text.matchAll(SALVAGED)) {
      const message = jsonObject(`{"msg":${match[2]}}`)?.msg;
      const time = nanoseconds(match[1]);
      if (typeof message !== 'string' || time === null) continue;
      this.#message({ time, message });
      end = match.index + match[0].length;
    }
    const rest = text.slice(end).trim();
    if (end > 0 && !/^[},{\s]*$/.test(rest)) this.#messages.other(this.#time, rest);
    return end > 0;
  }

  #message({ time, message }: KernelMessage): void {
    this.#time = time;
    this.#messages.message(time, message);
  }
}

function nanoseconds(seconds: unknown): bigint | null {
  const match = SECONDS.exec(String(seconds));
  if (match === null) return null;
  return BigInt(match[1]) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

/** `"time"` is a number in JSON, which has as many digits as dmesg prints. */
function dmesgMessage({ time, msg }: Readonly<Record<string, unknown>>): KernelMessage | null {
  const at = typeof time === 'number' || typeof time === 'string' ? nanoseconds(time) : null;
  return at === null || typeof msg !== 'string' ? null : { time: at, message: msg };
}
