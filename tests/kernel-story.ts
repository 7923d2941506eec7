/**
 * Recordings told as stories: what a kernel does, call by call, as a recorder would have seen it.
 * Verbs are added to `KernelStory`; a test of one driver or user derives from it.
 */
import { type ReplayOptions, type ReplayResult, replay } from '../replay/index.js';
import type { TraceReader } from '../traces/index.js';
import { type EventRow, type TraceOptions, traceOf } from './build-trace.js';

/** Of whom a store is: a device's attribute, a driver's, or the bus's. */
export interface StoreOf {
  readonly device?: string;
  readonly driver?: string;
  readonly tid?: number;
}

const STEP_NS = 1000n;
const GPU_IDS = { vendor: '0x10de', device: '0x2684', class: '0x030000' };

export class KernelStory {
  readonly rows: EventRow[] = [];
  #now = 0n;
  #cpu: number | null = null;

  /** @param release of the kernel that is recorded */
  constructor(readonly release = '6.1.0') {}

  /** Appends an event a microsecond after the last. @returns its place */
  #append(row: EventRow): number {
    this.#now += STEP_NS;
    const cpu = this.#cpu === null ? {} : { cpu: this.#cpu };
    return this.rows.push({ ts: this.#now, ...cpu, ...row }) - 1;
  }

  /** Lets time pass before the next event. */
  after(ns: bigint): this {
    this.#now += ns;
    return this;
  }

  /** The events that follow are of this CPU. */
  on(cpu: number): this {
    this.#cpu = cpu;
    return this;
  }

  point(row: EventRow): this {
    this.#append(row);
    return this;
  }

  /** @returns the span, which `end` takes */
  begin(row: EventRow): number {
    return this.#append({ ...row, phase: 'begin' });
  }

  /** Ends a call; the end repeats the begin's columns, but not what the begin alone can show. */
  end(span: number, ret: number): this {
    const { ts: _, cpu: __, text: ___, data: ____, ...row } = this.rows[span];
    this.#append({ ...row, phase: 'end', span, ret: BigInt(ret) });
    return this;
  }

  /** A whole call, and what happens in it. */
  call(row: EventRow, ret = 0, inside: () => void = () => {}): this {
    const span = this.begin(row);
    inside();
    return this.end(span, ret);
  }

  /** What the snapshot says of a function. */
  device(
    device: string,
    facts: Readonly<Record<string, unknown>> = {},
    more: Pick<EventRow, 'data'> = {},
  ): this {
    const text = JSON.stringify({ driver: null, driver_override: null, ...GPU_IDS, ...facts });
    const { driver } = facts;
    const row: EventRow = { kind: 'snapshot', name: 'start', device, text, ...more };
    return this.point(typeof driver === 'string' ? { ...row, driver } : row);
  }

  /** A write to a sysfs attribute, and what happens in it. */
  store(
    name: string,
    text: string,
    ret: number,
    of: StoreOf = {},
    inside: () => void = () => {},
  ): this {
    const length = BigInt(text.length);
    const row = { path: 'sysfs', name, text, length, tid: 1, ...of } as const;
    return this.call({ kind: 'sysfs.write', ...row }, ret, inside);
  }

  /**
   * A driver is tried for a device.
   * @param own what its own probe function returns
   * @param ret what `__driver_probe_device` returns
   */
  attempt(driver: string, device: string, own: number, ret: number, tid = 1): this {
    const row = { device, driver, tid };
    const probe = (name: string, result: number, inside?: () => void) =>
      this.call({ kind: 'probe', name, ...row }, result, inside);
    return this.call({ kind: 'match', name: '__driver_probe_device', ...row }, ret, () =>
      probe('really_probe', -own, () => {
        probe('pci_device_probe', own, () => probe(`${driver}_probe`, own));
        if (own === 0) this.point({ kind: 'bind', name: 'driver_bound', ...row });
        else this.point({ kind: 'unbind', name: 'device_unbind_cleanup', ...row });
      }),
    );
  }

  /** A bind by hand. @param attached what `device_driver_attach` returns */
  bind(driver: string, device: string, ret: number, attached: number, own: number): this {
    return this.store('bind', device, ret, { device, driver }, () =>
      this.call(
        { kind: 'bind', name: 'device_driver_attach', device, driver, tid: 1 },
        attached,
        () => this.attempt(driver, device, own, -own),
      ),
    );
  }

  /** A write to drivers_probe, in which these drivers are tried in vain. */
  probeAll(order: readonly string[], device: string): this {
    return this.store('drivers_probe', device, device.length, { device }, () => {
      for (const driver of order) this.attempt(driver, device, -19, 19);
    });
  }

  /** A device loses its driver. */
  unbind(device: string, driver: string, tid = 1): this {
    const row = { kind: 'unbind', device, driver, tid } as const;
    return this.call({ ...row, name: 'device_release_driver_internal' }, 0, () => {
      this.point({ ...row, name: 'pci_device_remove' });
      this.point({ ...row, name: 'device_unbind_cleanup' });
    });
  }

  /** A driver joins the bus. */
  register(driver: string): this {
    return this.point({ kind: 'driver.register', name: 'driver_register', driver, tid: 1 });
  }

  /** A driver leaves the bus. */
  unregister(driver: string): this {
    return this.point({ kind: 'driver.unregister', name: 'driver_unregister', driver, tid: 1 });
  }

  /** The recorder notices that events are gone. @param cpu that lost them, when it is known */
  lose(count: number, cpu?: number): this {
    const row: EventRow = { kind: 'lost', name: '', value: BigInt(count) };
    return this.point(cpu === undefined ? row : { ...row, cpu });
  }

  trace(options: TraceOptions = {}): TraceReader {
    return traceOf(this.rows, { meta: { kernel: this.release }, ...options });
  }

  replay(options: ReplayOptions = {}): ReplayResult {
    return replay(this.trace().read(), { kernel: this.release, ...options });
  }

  /** What replay holds against the story, as `function: expected | actual`. */
  get divergences(): readonly string[] {
    return this.replay().divergences.map((d) => `${d.name}: ${d.expected} | ${d.actual}`);
  }
}
