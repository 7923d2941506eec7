/** Little-endian numbers of 1, 2 or 4 bytes in the bytes of a configuration space. */
export type Width = 1 | 2 | 4;

/** The unsigned number at an offset. */
export function peek(bytes: Uint8Array, at: number, width: Width): number {
  let value = 0;
  for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[at + i];
  return value;
}

/** Stores the low bytes of a number. */
export function poke(bytes: Uint8Array, at: number, width: Width, value: number): void {
  for (let i = 0; i < width; i++) bytes[at + i] = (value >>> (8 * i)) & 0xff;
}

/** The low bytes of a number that is exact, such as one of 8 bytes below 2^53. */
export const littleEndian = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

/** A number of the given width with all bits set. */
export const ones = (width: Width): number => (width === 4 ? 0xffffffff : (1 << (8 * width)) - 1);

/** Bits of `inside` where `mask` is set, of `outside` elsewhere. */
export const merge = (mask: number, inside: number, outside: number): number =>
  ((inside & mask) | (outside & ~mask)) >>> 0;
