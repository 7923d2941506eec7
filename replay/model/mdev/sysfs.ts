/**
 * Writes to `create` of a type and `remove` of a mediated device (create_store and remove_store,
 * kernel drivers/vfio/mdev/mdev_sysfs.c 6.12).
 */

import { parseUlong } from '../kernel-numbers.js';

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

/** What a write of `remove` asks for: nothing when it is zero. */
export function removeAsks(text: string): 'removal' | 'nothing' | 'invalid' {
  const value = parseUlong(text);
  if (value === null) return 'invalid';
  return value === 0n ? 'nothing' : 'removal';
}
