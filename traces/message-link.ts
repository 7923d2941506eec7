/**
 * Ties the messages of a trace to it and to each other. Each carries the id of its trace, its
 * number, and the CRCs of the message before it, which in turn cover those before. So a message
 * that was left out, inserted, moved, duplicated or exchanged does not fit, even if its own CRCs
 * are right. This is not a signature: anybody who writes a new file can write one that fits.
 */
import { createHash } from 'node:crypto';

/** Key of the message's custom metadata entry that holds its link. */
export const LINK_KEY = 'vfr.link';
/** Placeholder for the link until the message is sealed. */
export const LINK_PLACEHOLDER = '!!!!!!!!!!!!!!!!-!!!!!!!!-!!!!!!!!-!!!!!!!!';

/** The CRC-32 values of a message: of prefix and metadata, and of the body. */
export interface Crcs {
  readonly head: number;
  readonly body: number;
}

export interface Link {
  /** The trace's id: 16 hexadecimal digits. */
  readonly id: string;
  /** Number of the message in the trace, from 0. */
  readonly number: number;
  /** The message before; zeros for the first. */
  readonly before: Crcs;
}

export const NOTHING_BEFORE: Crcs = { head: 0, body: 0 };

/** A number of 32 bits as eight hexadecimal digits. */
export const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

export const formatLink = ({ id, number, before }: Link): string =>
  `${id}-${hex8(number)}-${hex8(before.head)}-${hex8(before.body)}`;

const LINK = /^([0-9a-f]{16})-([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})$/;

/** The link in `text`, or null when `formatLink` cannot have written it. */
export function parseLink(text: string | undefined): Link | null {
  const match = LINK.exec(text ?? '');
  if (match === null) return null;
  const [number, head, body] = match.slice(2).map((digits) => Number.parseInt(digits, 16));
  return { id: match[1], number, before: { head, body } };
}

export const sameCrcs = (a: Crcs, b: Crcs): boolean => a.head === b.head && a.body === b.body;

/** The first 64 bits of a SHA-256, as 16 hexadecimal digits. */
const short = (hash: ReturnType<typeof createHash>): string => hash.digest('hex').slice(0, 16);

/**
 * A trace's id, a hash of its beginning: the same input gives the same bytes.
 * @param opening metadata and bodies of the messages up to the first batch, before they are sealed
 */
export function traceId(opening: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const bytes of opening) hash.update(bytes);
  return short(hash);
}

/** A hash of all messages before the end marker and of the end marker's counts. */
export class TraceDigest {
  readonly #hash = createHash('sha256');
  readonly #word = Buffer.alloc(8);

  add({ head, body }: Crcs): void {
    this.#word.writeUInt32LE(head, 0);
    this.#word.writeUInt32LE(body, 4);
    this.#hash.update(this.#word);
  }

  /** The hash so far. */
  finish(counts: { events: number; batches: number; lost: number }): string {
    const { events, batches, lost } = counts;
    return short(this.#hash.copy().update(`${events}/${batches}/${lost}`));
  }
}
