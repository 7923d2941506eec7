/** Collects text before it is written: one write for many small pieces. */
import type { Sink } from '../../traces/index.js';

const CHUNK_CHARACTERS = 1 << 18;

export class TextSink {
  #parts: string[] = [];
  #size = 0;

  constructor(private readonly sink: Sink) {}

  write(text: string): void {
    this.#parts.push(text);
    this.#size += text.length;
    if (this.#size > CHUNK_CHARACTERS) this.finish();
  }

  /** Writes what is left. */
  finish(): void {
    if (this.#size > 0) this.sink.write(Buffer.from(this.#parts.join('')));
    this.#parts = [];
    this.#size = 0;
  }
}
