/** Whether the lock of a function keeps its override from being written. */
import type { RecordedEvent } from './recording.js';

/**
 * Whether a write of driver_override ended while another thread held the lock of the function:
 * kernels of 7.1, and stable ones that took over its spinlock, have no `driver_set_override`.
 */
export function overrideIsFree(events: readonly RecordedEvent[]): boolean {
  if (events.some(({ name }) => name === 'driver_set_override')) return false;
  /** Calls of `__driver_probe_device`, which are made with the lock, by function. */
  const probing = new Map<string, RecordedEvent>();
  /** What was under way when a thread began to write. */
  const writes = new Map<number, RecordedEvent | undefined>();
  for (const e of events) {
    const { name, phase, device, tid } = e;
    if (device === null) continue;
    if (name === '__driver_probe_device') {
      if (phase === 'begin') probing.set(device, e);
      else probing.delete(device);
    } else if (name === 'driver_override') {
      const held = probing.get(device);
      if (phase === 'end' && held !== undefined && writes.get(tid) === held) return true;
      writes.set(tid, held);
    }
  }
  return false;
}
