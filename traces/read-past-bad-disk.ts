/**
 * Continues to read after parts of a file that the disk can no longer read. Such parts read as
 * zeros. They then do not match their CRC and are a damaged range like any other.
 */

import type { ByteSource, Unreadable } from './byte-source.js';
import type { VfrError } from './errors.js';

/** Errors that mean damaged data on a disk or file system, and nothing else. */
const LOST: ReadonlySet<string> = new Set([
  'FILE_EIO',
  'FILE_ENODATA',
  'FILE_EBADMSG',
  'FILE_EUCLEAN',
  'FILE_EREMOTEIO',
  'FILE_EILSEQ',
]);

/** The system reads, and fails to read, whole pages. */
const PAGE_BYTES = 4096;
/**
 * A failing disk takes seconds for each try. After this many tries a failed range is no longer
 * split.
 */
const TRIES_MAX = 1 << 16;

/** The same bytes, with zeros for those that the disk has lost. */
export const readOn = (source: ByteSource): ByteSource => new ReadOnSource(source);

class ReadOnSource implements ByteSource {
  /** In order, without overlap. */
  readonly unreadable: Unreadable[] = [];
  #tries = 0;

  constructor(private readonly source: ByteSource) {}

  get name(): string {
    return this.source.name;
  }

  get size(): number {
    return this.source.size;
  }

  get fd(): number | undefined {
    return this.source.fd;
  }

  read(offset: number, length: number, into?: Buffer): Buffer {
    const end = Math.min(offset + length, this.size);
    const isKnown = this.unreadable.some((bad) => bad.offset < end && bad.end > offset);
    if (!isKnown) {
      try {
        return this.source.read(offset, length, into);
      } catch (error) {
        if (!isLost(error)) throw error;
        if (++this.#tries > TRIES_MAX) this.#lose(offset, end, error);
      }
    }
    return this.#inParts(offset, Math.max(offset, end));
  }

  close(): void {
    this.source.close();
  }

  /** Reads page by page; pages known to be lost are not tried again. */
  #inParts(offset: number, end: number): Buffer {
    const bytes = Buffer.alloc(end - offset);
    for (let at = offset; at < end; ) {
      const known = this.unreadable.find((bad) => bad.offset <= at && at < bad.end);
      const page = Math.floor(at / PAGE_BYTES) * PAGE_BYTES;
      const stop = Math.min(known?.end ?? page + PAGE_BYTES, end);
      if (known === undefined) this.#page(page, bytes.subarray(at - offset, stop - offset), at);
      at = stop;
    }
    return bytes;
  }

  /** @param page start of the page that contains `offset` */
  #page(page: number, into: Buffer, offset: number): void {
    try {
      into.set(this.source.read(offset, into.length));
    } catch (error) {
      if (!isLost(error)) throw error;
      this.#tries++;
      this.#lose(page, Math.min(page + PAGE_BYTES, this.size), error);
    }
  }

  #lose(offset: number, end: number, error: VfrError): void {
    this.unreadable.push({ offset, end, error });
    this.unreadable.sort((a, b) => a.offset - b.offset);
    for (let i = this.unreadable.length - 1; i > 0; i--) {
      const [before, after] = [this.unreadable[i - 1], this.unreadable[i]];
      if (before.end < after.offset) continue;
      const joined = { ...before, end: Math.max(before.end, after.end) };
      this.unreadable.splice(i - 1, 2, joined);
    }
  }
}

const isLost = (error: unknown): error is VfrError =>
  LOST.has((error as Partial<VfrError>).code ?? '');
