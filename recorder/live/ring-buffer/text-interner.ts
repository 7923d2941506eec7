import type { Dictionary } from '../../../traces/index.js';

interface Entry {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly next: Entry | undefined;
}

const decoder = new TextDecoder('utf-8');

/** Finds the dictionary id of a text by its bytes, so that a known text is not decoded again. */
export class TextInterner {
  readonly #entries = new Map<number, Entry>();

  constructor(readonly dictionary: Dictionary) {}

  id(bytes: Uint8Array, start: number, end: number): number {
    // FNV-1a: names differ in their last bytes, which all reach the whole hash.
    let hash = 0x811c9dc5;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
    const first = this.#entries.get(hash);
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (equal(entry.bytes, bytes, start, end)) return entry.id;
    }
    const copy = bytes.slice(start, end);
    const id = this.dictionary.id(decoder.decode(copy));
    this.#entries.set(hash, { bytes: copy, id, next: first });
    return id;
  }
}

function equal(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}
