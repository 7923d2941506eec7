/** Events for benchmarks: a reader of configuration space, two events per access, as recorded. */
import { type EventAppender, type Sink, type TraceMeta, TraceWriter } from '../traces/index.js';

export const META: TraceMeta = { clock: 'mono', writer: 'bench', notes: {} };

/** Values of a configuration space: mostly zero, like real ones. */
const VALUES = Uint32Array.from({ length: 1024 }, (_, i) =>
  i % 5 === 0 ? Math.imul(i + 1, 0x9e37_79b1) >>> 0 : 0,
);

/** The event that is open and how it is filled; ids are looked up once, as an importer does. */
export class Workload {
  readonly #events: EventAppender;
  readonly #kind: number;
  readonly #devices: readonly number[];
  readonly #task: number;
  readonly #path: number;
  readonly #name: number;

  constructor(events: EventAppender) {
    this.#events = events;
    const { device, task, path, name } = events.dictionaries;
    events.source('tracefs');
    this.#kind = events.kind('config.read');
    this.#devices = Array.from({ length: 8 }, (_, i) => device.id(`0000:0${i}:00.0`));
    this.#task = task.id('cfgloop');
    this.#path = path.id('sysfs');
    this.#name = name.id('pci_user_read_config_dword');
  }

  /** Appends the `i`-th access at a time in seconds and nanoseconds: a begin and an end. */
  access(i: number, seconds: number, nanoseconds: number, tookNs: number): void {
    const events = this.#events;
    this.#common(i, 'begin', seconds, nanoseconds);
    const begin = events.commit();
    this.#common(i, 'end', seconds, nanoseconds + tookNs);
    events.word('span', begin);
    events.word('value', VALUES[i & 1023]);
    events.word('ret', 0);
    events.commit();
  }

  #common(i: number, phase: 'begin' | 'end', seconds: number, nanoseconds: number): void {
    const events = this.#events;
    events.begin(this.#kind, phase);
    events.time(seconds, nanoseconds);
    events.int('cpu', 1);
    events.int('pid', 173);
    events.int('tid', 173);
    events.dict('task', this.#task);
    events.dict('device', this.#devices[(i >> 10) & 7]);
    events.dict('path', this.#path);
    events.int('region', 7);
    events.word('offset', (i & 1023) * 4);
    events.word('length', 4);
    events.dict('name', this.#name);
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
    workload.access(i, seconds, nanoseconds, 1_500 + (noise & 1023));
  }
}

export function writeAccesses(sink: Sink, count: number): void {
  const writer = new TraceWriter(sink, META);
  appendAccesses(writer.events, count);
  writer.finish();
}
