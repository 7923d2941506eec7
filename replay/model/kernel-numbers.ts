/** Numbers in texts that are written to sysfs (kernel lib/kstrtox.c 6.1). */

const NUMBER = /^\+?(?:0x([0-9a-f]+)|(0[0-7]*)|([1-9][0-9]*))\n?$/i;
const ULONG_MAX = 0xffff_ffff_ffff_ffffn;

/**
 * `kstrtoul` with base 0: decimal, hexadecimal with 0x, octal with a leading 0, one newline.
 * @returns null for what is no number, and for one that is too large: the attributes refuse both
 * alike (kernel drivers/pci/pci-sysfs.c and drivers/pci/iov.c since 5.16)
 */
export function parseUlong(text: string): bigint | null {
  const found = NUMBER.exec(text);
  if (found === null) return null;
  const [, hex, octal, decimal] = found;
  const value = BigInt(hex ? `0x${hex}` : octal ? `0o${octal}` : decimal);
  return value > ULONG_MAX ? null : value;
}
