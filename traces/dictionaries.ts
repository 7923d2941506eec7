/**
 * The strings of a trace's dictionary columns. A dictionary is written again whenever it has grown.
 * A later copy is trusted only if it agrees with the one before on all ids that both have.
 */

import type { DictionaryMessage } from './arrow-message.js';
import type { ByteSource } from './byte-source.js';
import { type DictionaryBytes, dictionaryBytes, stringsOf } from './dictionary-batch.js';
import { DICT_COLUMNS, type DictColumn } from './event-schema.js';
import { DICTIONARY_ROWS_MAX } from './limits.js';
import type { Damage, Frame } from './scan-frames.js';

/** Replaces a string that existed only in a damaged part of the file. */
export const DAMAGED_STRING = '(damaged)';

export type Dictionaries = Readonly<Record<DictColumn, readonly string[]>>;

export interface ReadDictionaries {
  readonly dictionaries: Dictionaries;
  readonly damage: readonly Damage[];
  /** Columns that lack strings. */
  readonly missing: readonly DictColumn[];
}

/** A dictionary message. */
export interface DictionaryFrame {
  readonly frame: Frame;
  readonly message: DictionaryMessage;
  /** Whether its bytes are what was written. */
  readonly isWhole: boolean;
}

/**
 * Limit on decompressed bytes of dictionaries: this many per byte of the file, plus a constant.
 * Real dictionaries need a hundredth of it; without it a hostile file could keep a reader busy for
 * hours.
 */
const BYTES_PER_BYTE = 64;
const BYTES_FREE = 1 << 28;

/**
 * @param frames the dictionary messages, in order
 * @param needed number of strings that the batches need, by column, if known
 */
export function readDictionaries(
  source: ByteSource,
  frames: readonly DictionaryFrame[],
  needed: Readonly<Partial<Record<DictColumn, number>>>,
): ReadDictionaries {
  const reading = new Reading(source);
  for (const frame of frames) reading.read(frame);
  return reading.finish(needed);
}

/** The last trusted dictionary of a column. */
interface Believed {
  readonly frame: Frame;
  readonly message: DictionaryMessage;
  readonly bytes: DictionaryBytes;
}

class Reading {
  readonly #believed = new Map<DictColumn, Believed>();
  /** The largest number of strings that a damaged dictionary of a column claims. */
  readonly #claimed = new Map<DictColumn, number>();
  readonly #damage: Damage[] = [];
  #budget: number;

  constructor(private readonly source: ByteSource) {
    this.#budget = BYTES_FREE + BYTES_PER_BYTE * source.size;
  }

  read({ frame, message, isWhole }: DictionaryFrame): void {
    const name = DICT_COLUMNS[message.id];
    if (name === undefined) {
      this.#damaged(frame, `a dictionary of no column: ${message.id}`);
      return;
    }
    if (!isWhole && message.rows <= DICTIONARY_ROWS_MAX) {
      this.#claimed.set(name, Math.max(this.#claimed.get(name) ?? 0, message.rows));
    }
    const before = this.#believed.get(name);
    if (!isWhole || (before !== undefined && isCopy(before, frame, message))) return;
    try {
      const bytes = this.#read(frame, message);
      if (before !== undefined && !extend(bytes, before.bytes)) {
        throw new Error('it changes strings that were given before');
      }
      this.#believed.set(name, { frame, message, bytes });
    } catch (error) {
      this.#damaged(frame, `the dictionary of column ${name}: ${(error as Error).message}`);
    }
  }

  finish(needed: Readonly<Partial<Record<DictColumn, number>>>): ReadDictionaries {
    const missing: DictColumn[] = [];
    const read = DICT_COLUMNS.map((name) => {
      const believed = this.#believed.get(name);
      const strings = believed === undefined ? [] : stringsOf(believed.bytes);
      const wanted = Math.max(needed[name] ?? 0, this.#claimed.get(name) ?? 0);
      const lacking = Math.max(0, Math.min(DICTIONARY_ROWS_MAX, wanted) - strings.length);
      if (lacking > 0) missing.push(name);
      return [name, [...strings, ...Array<string>(lacking).fill(DAMAGED_STRING)]] as const;
    });
    const dictionaries = Object.fromEntries(read) as unknown as Dictionaries;
    return { dictionaries, damage: this.#damage, missing };
  }

  #read(frame: Frame, message: DictionaryMessage): DictionaryBytes {
    if (this.#budget < 0) throw new Error('there are more dictionaries than events can need');
    const bytes = dictionaryBytes(this.source.read(frame.bodyOffset, message.bodyLength), message);
    this.#budget -= bytes.offsets.byteLength + bytes.bytes.byteLength;
    return bytes;
  }

  #damaged({ offset, end }: Frame, what: string): void {
    this.#damage.push({ offset, end, what });
  }
}

/** Whether a message repeats the trusted one, as all messages before the end marker do. */
function isCopy(before: Believed, { crcs }: Frame, { rows, regions }: DictionaryMessage): boolean {
  if (before.frame.crcs.body !== crcs.body || before.message.rows !== rows) return false;
  return regions.every(({ offset, length }, i) => {
    const other = before.message.regions[i];
    return other?.offset === offset && other.length === length;
  });
}

function extend(later: DictionaryBytes, before: DictionaryBytes): boolean {
  const { rows } = before;
  if (later.rows < rows) return false;
  for (let i = 0; i <= rows; i++) if (later.offsets[i] !== before.offsets[i]) return false;
  const length = before.offsets[rows];
  return later.bytes.subarray(0, length).equals(before.bytes.subarray(0, length));
}
