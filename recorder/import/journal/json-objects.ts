/**
 * Yields the innermost objects of a JSON text of any layout, and the text between them. Only one
 * object is held in memory. After damage the next object begins at the next brace.
 */
import { LINE_BYTES_MAX } from '../lines.js';

/** Text that may surround objects: brackets, commas, the name of an array. */
const GLUE = /^[\s\x1e,:[\]{}]*(?:"\w{1,64}"\s*:)?[\s,:[\]{}]*$/;
/** An object that was only opened: it holds an array of the objects that matter. */
const CONTAINER = /^\{\s*(?:"\w{1,64}"\s*:\s*\[?\s*)?$/;
const TOKEN = /["{}]/g;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;

export interface ObjectHandler {
  /** An object; its end may be missing when another one begins before. */
  object(text: string): void;
  /** Text outside of objects that is not JSON. */
  stray(text: string): void;
}

export class JsonObjects {
  /** The object that is not complete yet. */
  #held: string | null = null;

  constructor(private readonly taker: ObjectHandler) {}

  /** @param line the next line, without its newline */
  line(line: string): void {
    let at = 0;
    while (at < line.length) {
      at = this.#held === null ? this.#outside(line, at) : this.#inside(line, at, this.#held);
    }
    if (this.#held === null) return;
    this.#held += '\n';
    if (this.#held.length > LINE_BYTES_MAX) this.end();
  }

  /** Passes on the held text at the end of the input. */
  end(): void {
    if (this.#held !== null) this.#close(this.#held);
  }

  #outside(line: string, at: number): number {
    const start = line.indexOf('{', at);
    const between = start < 0 ? line.slice(at) : line.slice(at, start);
    if (!GLUE.test(between)) this.taker.stray(between);
    if (start < 0) return line.length;
    this.#held = '{';
    return start + 1;
  }

  #inside(line: string, from: number, held: string): number {
    let at = from;
    for (;;) {
      TOKEN.lastIndex = at;
      const token = TOKEN.exec(line);
      if (token === null) break;
      if (token[0] === '"') {
        STRING.lastIndex = token.index;
        // A string without an end: the line has lost it, and the next line starts afresh.
        if (!STRING.test(line)) break;
        at = STRING.lastIndex;
        continue;
      }
      const isEnd = token[0] === '}';
      this.#close(held + line.slice(from, token.index + (isEnd ? 1 : 0)));
      if (!isEnd) this.#held = '{';
      return token.index + 1;
    }
    this.#held = held + line.slice(from);
    return line.length;
  }

  #close(text: string): void {
    this.#held = null;
    if (!CONTAINER.test(text)) this.taker.object(text);
  }
}
