/** What a column hands to the encoder, and how nulls are told apart from values. */

/** The Arrow buffers of the first `rows` rows of a column. */
export interface ColumnBuffers {
  readonly nullCount: number;
  /** Validity bitmap, empty when nothing is null (Arrow columnar format, "Validity bitmaps"). */
  readonly validity: Uint8Array;
  /** Offsets and data of variable columns, or the one buffer of values. */
  readonly buffers: readonly Uint8Array[];
}

export const NO_BYTES = new Uint8Array(0);

export const bytesOf = (array: ArrayBufferView, length: number) =>
  new Uint8Array(array.buffer, array.byteOffset, length);

/** How many bits are set in each byte. */
const BITS_SET = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte.toString(2).replaceAll('0', '').length,
);

/** A function of its own: inside of others, the loop was compiled anew for every batch. */
export function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) count += BITS_SET[bytes[i]];
  return count;
}

/**
 * Writes the validity bitmap of one column.
 * @param present per row, which columns are not null, as bits
 * @param bit the column's bit
 * @param into as many bits as there are rows
 * @returns how many rows are not null
 */
export function writeValidity(
  present: Int32Array,
  rows: number,
  bit: number,
  into: Uint8Array,
): number {
  const whole = rows & ~7;
  for (let row = 0; row < whole; row += 8) {
    into[row >> 3] =
      ((present[row] >>> bit) & 1) |
      (((present[row + 1] >>> bit) & 1) << 1) |
      (((present[row + 2] >>> bit) & 1) << 2) |
      (((present[row + 3] >>> bit) & 1) << 3) |
      (((present[row + 4] >>> bit) & 1) << 4) |
      (((present[row + 5] >>> bit) & 1) << 5) |
      (((present[row + 6] >>> bit) & 1) << 6) |
      (((present[row + 7] >>> bit) & 1) << 7);
  }
  if (whole < rows) into[whole >> 3] = 0;
  for (let row = whole; row < rows; row++) {
    into[row >> 3] |= ((present[row] >>> bit) & 1) << (row & 7);
  }
  return countBits(into);
}
