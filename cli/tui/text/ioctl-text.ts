/** The struct of an ioctl, member by member. */
import { IOCTLS } from '../../../replay/index.js';
import type { EventRef } from '../model/event-store.js';
import { hex } from './event-values.js';

/** Members that say nothing by themselves. */
const SIZES = new Set(['argsz', 'size']);

/** As `iova=0x1000 size=0x2000`; empty when the struct was not recorded. */
export function ioctlArgument(name: string, { batch, row }: EventRef): string {
  const facts = IOCTLS[name];
  const data = batch.isNull('data') ? null : batch.column('data').at(row);
  if (facts === undefined || data === null) return '';
  const parts: string[] = [];
  for (const [member, [offset, bytes]] of Object.entries(facts.members)) {
    if (SIZES.has(member) || offset + bytes > data.length) continue;
    const value =
      bytes === 8 ? data.readBigUInt64LE(offset) : BigInt(data.readUIntLE(offset, bytes));
    parts.push(`${member}=${value < 10n ? value : hex(value)}`);
  }
  return parts.join(' ');
}
