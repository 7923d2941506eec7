/**
 * Writes to `create` of a type and `remove` of a mediated device (create_store and remove_store,
 * kernel drivers/vfio/mdev/mdev_sysfs.c 6.12).
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const UUID_LENGTH = 36;

/**
 * The device that a write of `create` requests, with the name that the kernel will give it.
 * @param count bytes that were written: one arbitrary byte after the UUID is allowed
 * @returns null when the kernel refuses it with -EINVAL
 */
export function createdUuid(text: string, count: number): string | null {
  if (count !== UUID_LENGTH && count !== UUID_LENGTH + 1) return null;
  return UUID.exec(text)?.[0].toLowerCase() ?? null;
}

/** A number as kstrtoul parses it, in any base, with at most one newline after it. */
const NUMBER = /^\+?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\n?$/i;
const ULONG_MAX = 0xffff_ffff_ffff_ffffn;

/** What a write of `remove` asks for: nothing when it is zero. */
export function removeAsks(text: string): 'removal' | 'nothing' | 'invalid' {
  const digits = NUMBER.exec(text)?.[1];
  if (digits === undefined) return 'invalid';
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  if (value > ULONG_MAX) return 'invalid';
  return value === 0n ? 'nothing' : 'removal';
}
