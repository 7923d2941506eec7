import type { Bdf, Dictionary } from '../../traces/index.js';
import type { MappingRule } from '../mapping/projection.js';
import type { FieldReader } from '../mapping/trace-record.js';

/**
 * Passes the records of some devices and those that belong to no device. The value and return
 * records of a call have no device: they are treated like their entry, which is remembered by
 * thread.
 */
export class DeviceFilter {
  /** Open calls by thread, each as its number times two, plus one when it is let through. */
  readonly #open = new Map<number, number[]>();

  /** @param devices Ids of the devices in the dictionary that the mapper uses. */
  constructor(private readonly devices: ReadonlySet<number>) {}

  wants(rule: MappingRule, tid: number, fields: FieldReader): boolean {
    const { role } = rule.probe;
    if (role === 'value' || role === 'return') return this.#follows(rule, tid, role === 'return');
    const device = rule.deviceOf?.(fields) ?? -1;
    const wanted = device < 0 || this.devices.has(device);
    const whole = rule.ret >= 0 && fields.has(rule.ret);
    if (role === 'entry' && !whole) this.#push(tid, rule.call * 2 + (wanted ? 1 : 0));
    return wanted;
  }

  #push(tid: number, open: number): void {
    const calls = this.#open.get(tid);
    if (calls) calls.push(open);
    else this.#open.set(tid, [open]);
  }

  /** Whether the innermost open call of this function was let through; without one, it is. */
  #follows(rule: MappingRule, tid: number, ends: boolean): boolean {
    const calls = this.#open.get(tid) ?? [];
    const index = calls.findLastIndex((open) => open >> 1 === rule.call);
    if (index < 0) return true;
    const wanted = calls[index]! % 2 === 1;
    // Calls inside of one that returned have returned too: their records were lost.
    if (ends) calls.length = index;
    if (ends && index === 0) this.#open.delete(tid);
    return wanted;
  }
}

/** The filter for these devices; undefined when all are wanted. */
export function deviceFilter(
  devices: readonly Bdf[],
  dictionary: Dictionary,
): DeviceFilter | undefined {
  if (devices.length === 0) return undefined;
  return new DeviceFilter(new Set(devices.map((device) => dictionary.id(device))));
}
