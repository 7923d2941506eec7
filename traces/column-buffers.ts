/** The buffers of a column as the encoder needs them, and its validity bitmap. */

/** The Arrow buffers of the first `rows` rows of a column. */
export interface ColumnBuffers {
  readonly nullCount: number;
  /** Validity bitmap, empty when nothing is null (Arrow columnar format, "Validity bitmaps"). */
  readonly validity: Uint8Array;
  /** Offsets and data of variable columns, or the one buffer of values. */
  readonly buffers: readonly Uint8Array[];
}

export const NO_BYTES = new Uint8Array(0);

/** Whether a row is not null. @param validity as in `ColumnBuffers` */
export const isSet = (validity: Uint8Array, row: number): boolean =>
  validity.byteLength === 0 || ((validity[row >> 3] >> (row & 7)) & 1) === 1;

export const bytesOf = (array: ArrayBufferView, length: number) =>
  new Uint8Array(array.buffer, array.byteOffset, length);

/** How many bits are set in each byte. */
const BITS_SET = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte.toString(2).replaceAll('0', '').length,
);

/** A function of its own: inlined into others, the loop was compiled again for every batch. */
export function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) count += BITS_SET[bytes[i]];
  return count;
}

/**
 * Writes the validity bitmap of one column.
 * @param present one word per row, with a bit for each column that is not null
 * @param bit the column's bit
 * @param into as many bits as there are rows
 * @returns the number of rows that are not null
 */
export function writeValidity(
  present: Int32Array,
  rows: number,
  bit: number,
  into: Uint8Array,
): number {
  const whole = rows >> 3;
  packBits(present, bit, into, whole);
  if (whole < into.length) into[whole] = 0;
  for (let row = whole * 8; row < rows; row++) {
    into[whole] |= ((present[row] >>> bit) & 1) << (row & 7);
  }
  return countBits(into);
}

/** One bit of each of `8 * bytes` words. (A function of its own, as `countBits` is.) */
function packBits(words: Int32Array, bit: number, into: Uint8Array, bytes: number): void {
  for (let byte = 0, row = 0; byte < bytes; byte++, row += 8) {
    into[byte] =
      ((words[row] >>> bit) & 1) |
      (((words[row + 1] >>> bit) & 1) << 1) |
      (((words[row + 2] >>> bit) & 1) << 2) |
      (((words[row + 3] >>> bit) & 1) << 3) |
      (((words[row + 4] >>> bit) & 1) << 4) |
      (((words[row + 5] >>> bit) & 1) << 5) |
      (((words[row + 6] >>> bit) & 1) << 6) |
      (((words[row + 7] >>> bit) & 1) << 7);
  }
}
