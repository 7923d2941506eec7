/** How events of one thread follow each other, and what they show of a recording. */
import type { RecordedEvent } from './recording.js';

/** What a recording shows of users of VFIO. */
export interface Shown {
  /** A group that joins a container gets another domain. */
  readonly claims: boolean;
  /** What the IOMMU driver of a container serves. */
  readonly served: boolean;
  /** Pages that the IOMMU unmaps. */
  readonly unmaps: boolean;
  /** Files of character devices are opened. */
  readonly opening: boolean;
}

export const shownBy = (events: readonly RecordedEvent[]): Shown => ({
  claims: claimsShow(events),
  served: events.some(({ call }) => call === 'vfio_iommu_type1_ioctl'),
  unmaps: events.some(({ kind }) => kind === 'dma.unmap'),
  opening: events.some(({ call }) => call === 'vfio_device_fops_cdev_open'),
});

function claimsShow(events: readonly RecordedEvent[]): boolean {
  const joining = new Set<number>();
  for (const { name, phase, kind, tid } of events) {
    if (name === 'VFIO_GROUP_SET_CONTAINER') {
      if (phase === 'begin') joining.add(tid);
      else joining.delete(tid);
    } else if (kind === 'iommu.attach' && joining.has(tid)) return true;
  }
  return false;
}

/** Number of the next event of the same thread, or of the same process, of each event. */
export function nextOf(by: 'tid' | 'pid', events: readonly RecordedEvent[]): Int32Array {
  const next = new Int32Array(events.length).fill(events.length);
  const last = new Map<number, number>();
  for (const [i, e] of events.entries()) {
    const before = last.get(e[by]);
    if (before !== undefined) next[before] = i;
    last.set(e[by], i);
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
