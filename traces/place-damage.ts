/** Determines what damage costs, and its cause. */
import type { BatchInfo } from './batch-info.js';
import type { Unreadable } from './byte-source.js';
import type { Damage } from './scan-frames.js';

/**
 * Sorts damage in file order, marks unreadable bytes, and adds the range of missing seqs to damage
 * that hides whole frames.
 * @param events number of events that the end marker counts, or null
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

/** Marks damage that is caused by bytes which the disk fails to read. */
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
