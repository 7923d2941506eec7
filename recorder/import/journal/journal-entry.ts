/** One entry of the journal, whichever way it was written out. */
import type { MessageEvents } from '../dmesg/message-events.js';
import type { InputMeta } from '../importer.js';
import type { Input } from '../input-stream.js';

/** The fields that matter of an entry (systemd.journal-fields(7)). */
export interface JournalFields {
  MESSAGE?: string | undefined;
  _TRANSPORT?: string | undefined;
  SYSLOG_IDENTIFIER?: string | undefined;
  /** Microseconds on CLOCK_MONOTONIC at which the kernel logged. */
  _SOURCE_MONOTONIC_TIMESTAMP?: string | undefined;
  /** The same, at which the journal received it. */
  __MONOTONIC_TIMESTAMP?: string | undefined;
}

export const FIELDS: ReadonlySet<string> = new Set<keyof JournalFields>([
  'MESSAGE',
  '_TRANSPORT',
  'SYSLOG_IDENTIFIER',
  '_SOURCE_MONOTONIC_TIMESTAMP',
  '__MONOTONIC_TIMESTAMP',
]);

/** A message and its time in nanoseconds on CLOCK_MONOTONIC. */
export interface KernelMessage {
  readonly time: bigint;
  readonly message: string;
}

/** The journal's daemon itself reports how many kernel messages it missed. */
const TRANSPORTS: ReadonlySet<string | undefined> = new Set(['kernel', 'driver']);
const MICROSECONDS = /^\d{1,16}$/;

/** Time and text of a kernel message; null for messages of other programs and damaged entries. */
export function kernelMessage(entry: Readonly<JournalFields>): KernelMessage | null {
  const time = entry._SOURCE_MONOTONIC_TIMESTAMP ?? entry.__MONOTONIC_TIMESTAMP;
  const { MESSAGE: message, _TRANSPORT: transport } = entry;
  if (message === undefined || !TRANSPORTS.has(transport)) return null;
  return time !== undefined && MICROSECONDS.test(time)
    ? { time: BigInt(time) * 1000n, message }
    : null;
}

const KERNEL = /Linux version (\S+)/;

/** What the head of such a log states: its times are those of the kernel's own clock. */
export function logMeta({ head }: Pick<Input, 'head'>): InputMeta {
  const kernel = KERNEL.exec(head.toString('latin1'))?.[1];
  return { clock: 'mono', ...(kernel !== undefined && { kernel }) };
}

/** Passes on the messages of entries. Anything else gets the time before it. */
export class JournalMessages {
  #time = 0n;

  constructor(readonly messages: MessageEvents) {}

  /** @param raw the entry as written, for one that is not a kernel message */
  entry(fields: Readonly<JournalFields>, raw: string): void {
    const said = kernelMessage(fields);
    if (said === null) {
      this.other(raw);
      return;
    }
    this.#time = said.time;
    this.messages.message(said.time, said.message);
  }

  other(text: string): void {
    this.messages.other(this.#time, text);
  }
}
