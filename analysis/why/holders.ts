/** The holders of devices and groups, and the calls that wait for them. */
import { ERRNO, type EventCursor } from '../../replay/index.js';

/** What a call waited for. */
export interface Wait {
  readonly device: string;
  /** The event with which the holder began to hold it; null if that is not recorded. */
  readonly holder: number | null;
  readonly what: 'user' | 'lock';
  /** Requests to the user to release it: the first and the last, and how many. */
  readonly requests: { readonly first: number; last: number; count: number } | null;
}

/** A probe or a release, which holds the lock of its device. */
interface Holder {
  readonly seq: number;
  readonly tid: number;
  end: number | null;
}

const REQUEST = 'vfio_pci_core_request';

export class Holders {
  /** By the begin of the call that waited. */
  readonly waits = new Map<number, Wait>();
  /** Openings of a group that another user's opening made fail. */
  readonly refused = new Map<number, number>();
  readonly #users = new Map<string, number>();
  readonly #groups = new Map<number, number>();
  readonly #locks = new Map<string, Holder>();

  /** @param calls that are under way on the thread of the event, the innermost last */
  see(e: EventCursor, calls: readonly { readonly seq: number }[]): void {
    if (e.kind === 'group.open' || e.kind === 'group.close') this.#seeGroup(e);
    const { device } = e;
    if (device === null) return;
    switch (e.kind) {
      case 'device.open':
        if (e.phase === 'end' && e.ret === 0) this.#users.set(device, e.seq);
        break;
      case 'device.close':
        this.#users.delete(device);
        break;
      case 'device.request':
        if (e.name === REQUEST) for (const { seq } of calls) this.#request(seq, device, e.seq);
        break;
      case 'match':
      case 'unbind':
        this.#seeLock(device, e, calls);
        break;
    }
  }

  #seeGroup(e: EventCursor): void {
    if (!e.hasValue) return;
    const group = e.value;
    if (e.kind === 'group.close') this.#groups.delete(group);
    else if (e.phase === 'end' && e.ret === 0) this.#groups.set(group, e.seq);
    else if (e.phase === 'end' && e.ret === -ERRNO.EBUSY) {
      const holder = this.#groups.get(group);
      if (holder !== undefined) this.refused.set(e.seq, holder);
    }
  }

  #request(call: number, device: string, seq: number): void {
    const known = this.waits.get(call)?.requests;
    if (known != null) {
      known.last = seq;
      known.count++;
      return;
    }
    const holder = this.#users.get(device) ?? null;
    const requests = { first: seq, last: seq, count: 1 };
    this.waits.set(call, { device, holder, what: 'user', requests });
  }

  /** The lock is had from the attempt on, or from the call of the driver's remove on. */
  #seeLock(device: string, e: EventCursor, calls: readonly { readonly seq: number }[]): void {
    const lock = this.#locks.get(device);
    if (e.phase === 'end') {
      if (lock?.seq === e.span) lock.end = e.seq;
      return;
    }
    if (e.kind === 'unbind' && e.name !== 'pci_device_remove') return;
    const around = calls.at(e.phase === 'begin' ? -2 : -1);
    if (lock !== undefined && lock.tid !== e.tid && around !== undefined) {
      const ended = lock.end ?? Number.POSITIVE_INFINITY;
      const waited = lock.seq < e.seq && ended > around.seq && !this.waits.has(around.seq);
      const wait: Wait = { device, holder: lock.seq, what: 'lock', requests: null };
      if (waited) this.waits.set(around.seq, wait);
    }
    const seq = e.phase === 'point' ? (around?.seq ?? e.seq) : e.seq;
    this.#locks.set(device, { seq, tid: e.tid, end: null });
  }
}
