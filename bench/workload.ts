/** Events for benchmarks: a reader of configuration space, two events per access, as recorded. */
import {
  CELL,
  type EventAppender,
  type EventRow,
  type Seq,
  type Sink,
  type TraceMeta,
  TraceWriter,
} from '../traces/index.js';

export const META: TraceMeta = { clock: 'mono', writer: 'bench', notes: {} };

/** Values of a configuration space: mostly zero, like real ones. */
const VALUES = Uint32Array.from({ length: 1024 }, (_, i) =>
  i % 5 === 0 ? Math.imul(i + 1, 0x9e37_79b1) >>> 0 : 0,
);

/** Fills one row, as an importer does: what all accesses have in common is set once. */
export class Workload {
  readonly #events: EventAppender;
  readonly #row: EventRow;
  readonly #begin: number;
  readonly #end: number;
  readonly #devices: readonly number[];

  constructor(events: EventAppender) {
    this.#events = events;
    const { device, task, path, name } = events.dictionaries;
    this.#row = events.row('tracefs');
    this.#begin = events.phase('begin');
    this.#end = events.phase('end');
    this.#devices = Array.from({ length: 8 }, (_, i) => device.id(`0000:0${i}:00.0`));
    this.#row.set(CELL.kind, events.kind('config.read'));
    this.#row.set(CELL.task, task.id('cfgloop'));
    this.#row.set(CELL.path, path.id('sysfs'));
    this.#row.set(CELL.name, name.id('pci_user_read_config_dword'));
    this.#row.set(CELL.region, 7);
  }

  /** Appends the begin of the `i`-th access: 12 columns. */
  begin(i: number, seconds: number, nanoseconds: number): Seq {
    const row = this.#row;
    row.set(CELL.phase, this.#begin);
    row.time(seconds, nanoseconds);
    row.set(CELL.cpu, 1);
    row.set(CELL.pid, 173);
    row.set(CELL.tid, 173);
    row.set(CELL.device, this.#devices[(i >> 10) & 7]);
    row.setNumber(CELL.offset, (i & 1023) * 4);
    row.setNumber(CELL.length, 4);
    row.unset(CELL.span);
    row.unset(CELL.value);
    row.unset(CELL.ret);
    return this.#events.append(row);
  }

  /** Appends the end of the access that began last, which has three columns more. */
  end(i: number, begin: Seq, seconds: number, nanoseconds: number): void {
    const row = this.#row;
    row.set(CELL.phase, this.#end);
    row.time(seconds, nanoseconds);
    row.setNumber(CELL.span, begin);
    row.setNumber(CELL.value, VALUES[i & 1023]);
    row.setNumber(CELL.ret, 0);
    this.#events.append(row);
  }
}

/** Appends events at made-up times, a few microseconds apart. */
export function appendAccesses(events: EventAppender, count: number): void {
  const workload = new Workload(events);
  let [seconds, nanoseconds, noise] = [0, 0, 1];
  for (let i = 0; i < count / 2; i++) {
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    nanoseconds += 3_000 + (noise >> 20);
    if (nanoseconds >= 1e9) {
      nanoseconds -= 1e9;
      seconds++;
    }
    const begin = workload.begin(i, seconds, nanoseconds);
    workload.end(i, begin, seconds, nanoseconds + 1_500 + (noise & 1023));
  }
}

export function writeAccesses(sink: Sink, count: number): void {
  const writer = new TraceWriter(sink, META);
  appendAccesses(writer.events, count);
  writer.finish();
}

/** Accesses from one change of a driver to the next. */
const REBIND_EVERY = 250;
const REBIND_DRIVERS = ['nvme', 'vfio-pci'] as const;

/**
 * Appends accesses, and among them releases and bindings of the devices in turn: each gets the other
 * of two drivers.
 */
export function appendRebinds(events: EventAppender, count: number): void {
  const workload = new Workload(events);
  const row = events.row('tracefs');
  const { device, driver, task, name } = events.dictionaries;
  const drivers = REBIND_DRIVERS.map((one) => driver.id(one));
  row.set(CELL.phase, events.phase('point'));
  row.set(CELL.task, task.id('rebinder'));
  row.set(CELL.tid, 200);
  const change = (kind: 'bind' | 'unbind', i: number, driverId: number, at: number) => {
    row.set(CELL.kind, events.kind(kind));
    row.set(CELL.name, name.id(kind === 'bind' ? 'driver_bound' : 'device_unbind_cleanup'));
    row.set(CELL.device, device.id(`0000:0${i & 7}:00.0`));
    row.set(CELL.driver, driverId);
    row.time(Math.floor(at / 1e9), at % 1e9);
    events.append(row);
  };
  const step = 6_000;
  let written = 0;
  for (let i = 0; written < count; i++) {
    const at = i * step;
    const begin = workload.begin(i, Math.floor(at / 1e9), at % 1e9);
    workload.end(i, begin, Math.floor((at + 2_000) / 1e9), (at + 2_000) % 1e9);
    written += 2;
    if (i % REBIND_EVERY !== 0) continue;
    const turn = i / REBIND_EVERY;
    const own = (turn >> 3) & 1;
    if (turn > 7) change('unbind', turn, drivers[1 - own], at + 3_000);
    change('bind', turn, drivers[own], at + 4_000);
    written += 2;
  }
}
