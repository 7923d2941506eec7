/**
 * Which events of a thread are part of what the procedures do. The IOMMU moves functions between
 * domains for VFIO, too, and a call may have begun before the recording did.
 */
import type { Phase } from '../../traces/index.js';

interface Fact {
  readonly name: string;
  readonly phase: Phase;
  readonly device: string | null;
}

interface Thread {
  /** Calls that are under way, outermost first. */
  readonly calls: Pick<Fact, 'name' | 'device'>[];
  /** What the IOMMU is still to do with the function that was added last. */
  readonly arriving: Map<string, string>;
}

/** Functions of the IOMMU that both binding and its other users call. */
const OF_ARRIVALS: ReadonlySet<string> = new Set([
  'add_device_to_group',
  'attach_device_to_domain',
]);

const RELEASE = 'device_release_driver_internal';

export class Scope {
  readonly #threads = new Map<number, Thread>();

  /** @returns null when the event belongs to binding; else what it is, for counting */
  foreign(tid: number, { name, phase, device }: Fact): string | null {
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      thread = { calls: [], arriving: new Map() };
      this.#threads.set(tid, thread);
    }
    const { calls } = thread;
    if (phase === 'begin') calls.push({ name, device });
    if (phase === 'end') {
      const at = calls.findLastIndex((call) => call.name === name);
      if (at < 0) return `${name} that began before the recording`;
      calls.length = at;
    }
    const { arriving } = thread;
    if (name === 'pci_device_add' && device !== null) {
      arriving.clear();
      for (const one of OF_ARRIVALS) arriving.set(one, device);
    }
    if (OF_ARRIVALS.has(name)) {
      const isOfArrival = arriving.get(name) === device;
      arriving.delete(name);
      return isOfArrival ? null : `${name} outside of an arrival`;
    }
    if (name !== 'remove_device_from_group') return null;
    // A driver without an IOMMU gives back the group that it made for its function.
    const isInRelease = calls.some((call) => call.name === RELEASE && call.device === device);
    return isInRelease ? `${name} of a driver` : null;
  }
}
