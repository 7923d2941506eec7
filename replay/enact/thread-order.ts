/** How events of one thread follow each other, and what they show of a recording. */
import type { RecordedEvent } from './recording.js';

/** Whether a recording shows that a group which joins a container gets another domain. */
export function claimsShow(events: readonly RecordedEvent[]): boolean {
  const joining = new Set<number>();
  for (const { name, phase, kind, tid } of events) {
    if (name === 'VFIO_GROUP_SET_CONTAINER') {
      if (phase === 'begin') joining.add(tid);
      else joining.delete(tid);
    } else if (kind === 'iommu.attach' && joining.has(tid)) return true;
  }
  return false;
}

/** Number of the next event of the same thread, of each event. */
export function nextOfThread(events: readonly RecordedEvent[]): Int32Array {
  const next = new Int32Array(events.length).fill(events.length);
  const last = new Map<number, number>();
  for (const [i, { tid }] of events.entries()) {
    const before = last.get(tid);
    if (before !== undefined) next[before] = i;
    last.set(tid, i);
  }
  return next;
}

/** Number of the end of each begin; -1 without one. */
export function endsOf(events: readonly RecordedEvent[]): Int32Array {
  const ends = new Int32Array(events.length).fill(-1);
  const open = new Map<number, number[]>();
  for (const [i, { tid, phase, name }] of events.entries()) {
    const calls = open.get(tid) ?? [];
    open.set(tid, calls);
    if (phase === 'begin') calls.push(i);
    if (phase !== 'end') continue;
    const at = calls.findLastIndex((begin) => events[begin].name === name);
    if (at < 0) continue;
    ends[calls[at]] = i;
    calls.length = at;
  }
  return ends;
}
