/**
 * SQL of a little-endian number in the hexadecimal text of a struct; null where the text is null.
 * @param hex SQL of the text, two digits a byte
 * @param at in bytes
 */
export function structWord(hex: string, at: number, bytes: number): string {
  const digits = Array.from(
    { length: bytes },
    (_, i) => `${hex}[${(at + i) * 2 + 1}:${(at + i) * 2 + 2}]`,
  );
  return `CAST('0x' || ${digits.reverse().join(' || ')} AS UBIGINT)`;
}
