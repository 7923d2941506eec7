import type { DictionaryMessage } from './arrow-message.js';
import { inflate } from './deflate.js';
import { DICTIONARY_BYTES_MAX, DICTIONARY_ROWS_MAX } from './limits.js';

/** Buffers of a UTF-8 column: validity, offsets, bytes. */
const BUFFERS = 3;

/** The strings of a dictionary in file form: string i is bytes[offsets[i]..[i + 1]). */
export interface DictionaryBytes {
  readonly rows: number;
  readonly offsets: Int32Array;
  readonly bytes: Buffer;
}

/**
 * The content of a dictionary message: one UTF-8 column without nulls.
 * @throws Error when the sizes are out of range or the offsets out of order
 */
export function dictionaryBytes(
  body: Buffer,
  { rows, regions }: DictionaryMessage,
): DictionaryBytes {
  const sizes = Number.isInteger(rows) && rows >= 0 && rows <= DICTIONARY_ROWS_MAX;
  if (!sizes || regions.length !== BUFFERS) throw new Error('sizes out of range');
  const part = (i: number, max: number) => {
    const { offset, length } = regions[i];
    if (offset < 0 || length < 0 || offset + length > body.byteLength) {
      throw new Error('a buffer lies outside the body');
    }
    return inflate(body.subarray(offset, offset + length), max);
  };
  const offsetBytes = part(1, (rows + 1) * 4);
  if (offsetBytes.byteLength !== (rows + 1) * 4) throw new Error('offsets cut short');
  const offsets = new Int32Array(offsetBytes.buffer);
  const bytes = Buffer.from(part(2, DICTIONARY_BYTES_MAX).buffer);
  for (let i = 0; i < rows; i++) {
    if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || offsets[i + 1] > bytes.byteLength) {
      throw new Error('offsets out of order');
    }
  }
  return { rows, offsets, bytes };
}

export const stringsOf = ({ rows, offsets, bytes }: DictionaryBytes): string[] =>
  Array.from({ length: rows }, (_, i) => bytes.toString('utf8', offsets[i], offsets[i + 1]));
