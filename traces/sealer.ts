import type { EncodedMessage } from './arrow.js';
import { type Crcs, NOTHING_BEFORE, TraceDigest, traceId } from './message-link.js';
import { sealFrame } from './trace-frame.js';

/**
 * Makes frames of messages, each linked to the one before. It holds back the opening, because the
 * id of the trace is a hash of how it begins.
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

  /** Gives the trace its id and writes the messages held back; does nothing the second time. */
  open(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#id = traceId(held.flatMap(({ metadata, body }) => [metadata, body]));
    for (const message of held) this.#seal(message);
  }

  /** Returns the hash of everything written. Only the end marker may follow. */
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
