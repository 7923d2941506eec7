/** What drivers without a model did, read off the recording. */
import { ERRNO } from '../../traces/index.js';
import type { NativeDrivers } from '../kernel/index.js';
import type { Calls } from './emitted.js';
import type { RecordedEvent } from './recording.js';

/** Where a thread is in the recording. */
interface Threads {
  calls(thread: number): Calls | null;
  /** The number of the event that it has to make next. */
  ahead(thread: number): number;
}

/** Answers to a write of sriov_numvfs that are the core's, and no driver's. */
const OF_CORE: ReadonlySet<number> = new Set([-ERRNO.EBUSY]);

export class RecordedDrivers implements NativeDrivers {
  constructor(
    private readonly events: readonly RecordedEvent[],
    private readonly next: Int32Array,
    private readonly threads: Threads,
  ) {}

  /** 0 when the recording does not have the end. */
  probe(thread: number): number {
    let probe = this.threads.calls(thread);
    const probes = ['pci_device_probe', 'really_probe'];
    while (probe !== null && !probes.includes(probe.call.name)) probe = probe.outer;
    // That of a mediated device is recorded by its caller alone, which negates its result.
    const sign = probe?.call.name === 'really_probe' ? -1 : 1;
    let at = this.threads.ahead(thread);
    for (; at < this.events.length; at = this.next[at]) {
      const e = this.events[at];
      // The driver's own function, where it is recorded, ends first.
      if (e.kind !== 'probe' || e.phase !== 'end') continue;
      if (e.device === probe?.call.device && e.driver === probe?.call.driver) {
        return sign * (e.ret ?? 0);
      }
    }
    return 0;
  }

  claim(thread: number): number {
    let at = this.threads.ahead(thread);
    if (this.events[at]?.name === 'device_unbind_cleanup') at = this.next[at];
    return this.#errorAt(at, 'really_probe');
  }

  vfsInProbe(thread: number): number {
    const e = this.events[this.threads.ahead(thread)];
    return e?.name === 'pci_enable_sriov' && e.phase === 'begin' ? e.value : 0;
  }

  disablesVfs(thread: number): boolean {
    return this.events[this.threads.ahead(thread)]?.name === 'pci_disable_sriov';
  }

  failure(thread: number): number {
    const name = this.threads.calls(thread)?.call.name;
    const error = name === undefined ? 0 : this.#errorAt(this.threads.ahead(thread), name);
    return name === 'sriov_numvfs' && OF_CORE.has(error) ? 0 : error;
  }

  /** The errno with which a call ends at an event; 0 when it does not. */
  #errorAt(at: number, call: string): number {
    const e = this.events[at];
    return e?.phase === 'end' && e.name === call ? Math.min(e.ret ?? 0, 0) : 0;
  }
}
