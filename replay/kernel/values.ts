/**
 * State that is more than an integer, held in cells: a table numbers values by their content, and
 * the cell holds the number. Equal values have one number, so undoing and hashing need to know
 * nothing of them.
 */
import { assert } from '../../traces/index.js';

const PRIME = 0x0100_0193;

const mixed = (hash: number, word: number): number => Math.imul(hash ^ word, PRIME);

function ofText(hash: number, text: string): number {
  let h = mixed(hash, text.length);
  for (let i = 0; i < text.length; i++) h = mixed(h, text.charCodeAt(i));
  return h;
}

/** A number of 32 bits for the content of plain data. */
function hashOf(value: unknown, hash: number): number {
  if (value instanceof Uint8Array) return value.reduce(mixed, mixed(hash, value.length));
  if (value instanceof Map) return hashOf([...value], mixed(hash, 3));
  if (typeof value !== 'object' || value === null) {
    return ofText(ofText(hash, typeof value), String(value));
  }
  let h = mixed(hash, Array.isArray(value) ? 1 : 2);
  for (const [name, member] of Object.entries(value)) h = hashOf(member, ofText(h, name));
  return h;
}

function areEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Map || b instanceof Map) {
    return a instanceof Map && b instanceof Map && areEqual([...a], [...b]);
  }
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return false;
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  const members = Object.entries(a);
  if (members.length !== Object.keys(b).length || Array.isArray(a) !== Array.isArray(b)) {
    return false;
  }
  return members.every(([name, member]) =>
    areEqual(member, (b as Readonly<Record<string, unknown>>)[name]),
  );
}

/** A copy that can be changed. */
function draftOf<T>(value: T): T {
  if (value instanceof Uint8Array) return value.slice() as T;
  if (Array.isArray(value)) return value.map(draftOf) as T;
  if (value instanceof Map) return new Map(draftOf([...value])) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, draftOf(v)])) as T;
}

/** Nothing changes a value of the table. Bytes and entries of a map cannot be frozen. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  for (const member of value instanceof Map ? value.values() : Object.values(value)) frozen(member);
  return Object.freeze(value);
}

/**
 * Values by number. The number is the hash of the content; of two values with one hash, which are
 * rare, the one that comes second gets the next number that is free.
 */
export class ValueTable {
  readonly #values = new Map<number, unknown>();

  /** The number of a value, never 0. The table keeps the value and freezes it. */
  numberOf(value: unknown): number {
    let number = hashOf(value, 0x811c_9dc5) | 0;
    for (; ; number = (number + 1) | 0) {
      if (number === 0) continue;
      const known = this.#values.get(number);
      if (known === undefined) break;
      if (areEqual(known, value)) return number;
    }
    this.#values.set(number, frozen(value));
    return number;
  }

  /** The value of a number that {@link numberOf} returned. */
  at<T>(number: number): T {
    const value = this.#values.get(number);
    assert(value !== undefined, 'a number of a value comes from the table');
    return value as T;
  }

  /** A copy of the value that the caller may change, and then number again. */
  draft<T>(number: number): T {
    return draftOf(this.at<T>(number));
  }
}
