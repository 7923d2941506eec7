/** Saying of damage what it costs, and why it is there. */
import type { BatchInfo } from './batch-info.js';
import type { Unreadable } from './byte-source.js';
import type { Damage } from './scan-frames.js';

/**
 * Puts damage in the order of the file, names the bytes that cannot be read, and gives damage that
 * hides whole frames the range of seq that is missing there.
 * @param events how many events the end marker counts, or null
 */
export function placeDamage(
  damage: readonly Damage[],
  batches: readonly BatchInfo[],
  events: number | null,
  unreadable: readonly Unreadable[],
): Damage[] {
  const sorted = [...damage].sort((a, b) => a.offset - b.offset);
  const named = nameUnreadable(sorted, unreadable);
  let at = 0;
  return named.map((one) => {
    while (at < batches.length && batches[at].frame.offset < one.offset) at++;
    if (one.seq !== undefined) return one;
    const before = at === 0 ? null : batches[at - 1];
    const first = before === null ? 0 : before.seqFirst + before.rows;
    const next = at < batches.length ? batches[at].seqFirst : (events ?? first);
    return next > first ? { ...one, seq: [first, next - 1] } : one;
  });
}

/** Says of damage that the disk does not give the bytes, when that is why. */
function nameUnreadable(damage: readonly Damage[], unreadable: readonly Unreadable[]): Damage[] {
  let at = 0;
  return damage.map((one) => {
    while (at < unreadable.length && unreadable[at].end <= one.offset) at++;
    const bad = unreadable.at(at);
    if (bad === undefined || bad.offset >= one.end) return one;
    const what = `bytes ${bad.offset}..${bad.end - 1} cannot be read (${bad.error.what})`;
    return { ...one, what };
  });
}
