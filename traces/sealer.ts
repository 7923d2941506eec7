import type { EncodedMessage } from './arrow.js';
import { type Crcs, NOTHING_BEFORE, TraceDigest, traceId } from './message-link.js';
import { sealFrame } from './trace-frame.js';

/**
 * Makes frames of messages, each linked to the one before. The opening is held back until it is
 * known how the trace begins, because that makes its id.
 */
export class FrameSealer {
  #held: EncodedMessage[] | null = [];
  #id = '';
  #number = 0;
  #before: Crcs = NOTHING_BEFORE;
  readonly #digest = new TraceDigest();

  constructor(private readonly toSink: (frame: Uint8Array) => void) {}

  /** Writes a message, or holds it until `open`. */
  write(message: EncodedMessage): void {
    if (this.#held !== null) this.#held.push(message);
    else this.#seal(message);
  }

  /** Gives the trace its id and writes what was held back; nothing when that was done before. */
  open(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#id = traceId(held.flatMap(({ metadata, body }) => [metadata, body]));
    for (const message of held) this.#seal(message);
  }

  /** Sums up all that was written; nothing but the end marker may follow. */
  digest(counts: { events: number; batches: number; lost: number }): string {
    return this.#digest.finish(counts);
  }

  #seal({ metadata, body }: EncodedMessage): void {
    const link = { id: this.#id, number: this.#number, before: this.#before };
    const { bytes, crcs } = sealFrame(metadata, body, link);
    this.toSink(bytes);
    this.#number++;
    this.#before = crcs;
    this.#digest.add(crcs);
  }
}
