/**
 * Which events of a thread are part of what the procedures do. The IOMMU moves functions and maps
 * pages for native drivers, too, and a call may have begun before the recording did.
 */
import type { Phase } from '../../traces/index.js';
import { isUuid } from '../model/mdev/index.js';

interface Fact {
  readonly name: string;
  readonly kind: string;
  readonly phase: Phase;
  readonly device: string | null;
  readonly pid: number;
  /** It is an event of VFIO. */
  readonly isVfio: boolean;
}

interface Thread {
  /** Calls that are under way, outermost first. */
  readonly calls: (Pick<Fact, 'name' | 'device' | 'isVfio'> & {
    /** What it is, if it does not belong to binding or VFIO. */
    readonly foreign: string | null;
  })[];
  /** What the IOMMU is still to do with the function that was added last. */
  readonly arriving: Map<string, string>;
  /** The device that VFIO is disabling. */
  disabling: string | null;
  /** The last event was one of a file that is being closed. */
  isClosing: boolean;
}

/** Functions of the IOMMU that both binding and its other users call. */
const OF_ARRIVALS: ReadonlySet<string> = new Set([
  'add_device_to_group',
  'attach_device_to_domain',
]);

const RELEASE = 'device_release_driver_internal';
/** Kinds of events that closing a file of VFIO makes. */
const OF_CLOSING: ReadonlySet<string> = new Set([
  ...['device.close', 'irq.set', 'iommu.attach', 'dma.detach', 'dma.unmap'],
  ...['file.close', 'group.close'],
]);

/** Native drivers map pages and change power states, too. */
export const OF_OTHERS = 'of others';

export class Scope {
  readonly #threads = new Map<number, Thread>();
  /** Processes that made a call on a file of VFIO. */
  readonly #users = new Set<number>();

  /** @returns null when the event belongs to binding or to VFIO; else what it is, for counting */
  foreign(tid: number, fact: Fact): string | null {
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      thread = { calls: [], arriving: new Map(), disabling: null, isClosing: false };
      this.#threads.set(tid, thread);
    }
    const { calls } = thread;
    const { name, kind, phase, device, pid, isVfio } = fact;
    let foreign: string | null;
    if (phase === 'end') {
      const at = calls.findLastIndex((call) => call.name === name);
      if (at < 0) return `${name} that began before the recording`;
      foreign = calls[at].foreign;
      calls.length = at;
    } else foreign = this.#isForeign(thread, fact);
    if (phase === 'begin') calls.push({ name, device, isVfio, foreign });
    if (foreign !== null) return foreign;
    if (kind === 'ioctl') this.#users.add(pid);
    thread.isClosing = OF_CLOSING.has(kind);
    if (name === 'vfio_pci_core_disable') thread.disabling = device;
    return null;
  }

  #isForeign(thread: Thread, fact: Fact): string | null {
    const { name, kind, device, pid, isVfio } = fact;
    const { calls, arriving } = thread;
    // Its group is its own, and comes and goes with it.
    if (device !== null && isUuid(device)) return null;
    if (name === 'pci_device_add' && device !== null) {
      arriving.clear();
      for (const one of OF_ARRIVALS) arriving.set(one, device);
    }
    if (OF_ARRIVALS.has(name)) {
      const isOfArrival = arriving.get(name) === device;
      arriving.delete(name);
      const isInVfio = calls.some((call) => call.isVfio || call.name === RELEASE);
      const isOfUser = isInVfio || this.#users.has(pid);
      if (isOfArrival || (isOfUser && name === 'attach_device_to_domain')) return null;
      return `${name} outside of an arrival`;
    }
    if (name === 'remove_device_from_group') {
      // A driver without an IOMMU gives back the group that it made for its function.
      const isInRelease = calls.some((call) => call.name === RELEASE && call.device === device);
      return isInRelease ? `${name} of a driver` : null;
    }
    if (!isVfio) return null;
    const isWithin = calls.some((call) => call.isVfio);
    switch (kind) {
      case 'power': {
        const isOfClose = thread.disabling !== null && thread.disabling === device;
        if (isOfClose) thread.disabling = null;
        return isWithin || isOfClose ? null : OF_OTHERS;
      }
      case 'dma.map':
        return isWithin ? null : OF_OTHERS;
      case 'dma.unmap':
        return isWithin || (thread.isClosing && this.#users.has(pid)) ? null : OF_OTHERS;
      default:
        return null;
    }
  }
}
