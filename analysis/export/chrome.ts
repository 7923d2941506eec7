/**
 * Exports a trace in the Trace Event Format of Chrome, as a JSON object. Times are microseconds
 * with three decimals, after the first event.
 */
import type { Sink, TraceReader } from '../../traces/index.js';
import type { Lanes } from '../lanes/index.js';
import { JsonAnnotations } from './annotations.js';
import { DEVICE_TRACKS, slicesOf } from './device-tracks.js';
import { flowsOf, type Passing, passingsOf } from './flows.js';
import {
  COUNTERS,
  type CounterName,
  type Moment,
  type MomentVisitor,
  type OpenCall,
  type Thread,
  visitMoments,
} from './moments.js';
import { TextSink } from './text-sink.js';

/** Devices are shown as processes; no process of Linux has such a number. */
const DEVICE_PID = 1 << 30;

export function exportChrome(reader: TraceReader, lanes: Lanes, sink: Sink): void {
  const events = new ChromeEvents(new TextSink(sink), reader.meta.clock);
  writeDevices(events, lanes);
  visitMoments(reader, lanes.zero, new ChromeMoments(events, passingsOf(flowsOf(lanes))));
  events.finish();
}

/** A member of `traceEvents`. */
type ChromeEvent = Readonly<Record<string, unknown>> & { readonly ph: string };

class ChromeEvents {
  #first = true;

  constructor(
    private readonly out: TextSink,
    private readonly clock: string,
  ) {}

  add(event: ChromeEvent): void {
    const head = this.#first ? '{"traceEvents":[\n' : ',\n';
    this.#first = false;
    this.out.write(head + JSON.stringify(event));
  }

  finish(): void {
    const head = this.#first ? '{"traceEvents":[' : '';
    const facts = JSON.stringify({ clock: this.clock });
    this.out.write(`${head}\n],"displayTimeUnit":"ns","otherData":${facts}}\n`);
    this.out.finish();
  }
}

/** Microseconds of nanoseconds; a double keeps the three decimals for 104 days. */
const micros = (at: number): number => Math.round(at) / 1000;

function writeDevices(events: ChromeEvents, lanes: Lanes): void {
  lanes.devices.forEach((lane, i) => {
    const pid = DEVICE_PID + i;
    events.add({ ph: 'M', pid, name: 'process_name', args: { name: lane.device } });
    DEVICE_TRACKS.forEach((name, tid) => {
      events.add({ ph: 'M', pid, tid, name: 'thread_name', args: { name } });
    });
    for (const { track, name, from, to, by } of slicesOf(lane, lanes.end)) {
      const tid = DEVICE_TRACKS.indexOf(track);
      const [ts, dur] = [micros(from), micros(to - from)];
      events.add({
        ph: 'X',
        pid,
        tid,
        ts,
        dur,
        name,
        cat: 'device',
        args: by === null ? {} : { by },
      });
    }
    for (const { kind, at, what, seq } of lane.marks) {
      const shown = { name: what, cat: kind, s: 'p', args: { seq } };
      events.add({ ph: 'i', pid, tid: 0, ts: micros(at), ...shown });
    }
  });
  for (const { to, events: lost, text } of lanes.losses) {
    const shown = { name: 'events lost', cat: 'lost', s: 'g', args: { events: lost, text } };
    events.add({ ph: 'i', pid: DEVICE_PID, tid: 0, ts: micros(to), ...shown });
  }
}

const FLOW_PHASES = { first: 's', middle: 't', last: 'f' } as const;

class ChromeMoments implements MomentVisitor {
  readonly #args = new JsonAnnotations();
  readonly #processes = new Set<number>();

  constructor(
    private readonly events: ChromeEvents,
    private readonly passings: ReadonlyMap<number, readonly Passing[]>,
  ) {}

  thread({ tid, pid, task }: Thread): void {
    const args = { name: task };
    if (!this.#processes.has(pid)) this.events.add({ ph: 'M', pid, name: 'process_name', args });
    this.#processes.add(pid);
    this.events.add({ ph: 'M', pid, tid, name: 'thread_name', args });
  }

  begin(moment: Moment): void {
    this.#event('B', moment);
  }

  end(moment: Moment): void {
    this.#event('E', moment);
  }

  point(moment: Moment): void {
    if (moment.kind !== 'lost') this.#event('i', moment);
  }

  cut({ tid, pid }: Thread, { name }: OpenCall, at: number): void {
    this.events.add({ ph: 'E', pid, tid, ts: micros(at), name, args: { unfinished: true } });
  }

  counter(name: CounterName, at: number, value: number): void {
    const args = { [COUNTERS[name]]: value };
    this.events.add({ ph: 'C', pid: 0, ts: micros(at), name, args });
  }

  #event(ph: 'B' | 'E' | 'i', moment: Moment): void {
    const { thread, at, name, kind: cat, seq } = moment;
    const place = { pid: thread.pid, tid: thread.tid, ts: micros(at) };
    const scope = ph === 'i' ? { s: 't' } : {};
    this.events.add({ ph, ...place, name, cat, ...scope, args: this.#args.of(moment) });
    for (const { flow, position } of this.passings.get(seq) ?? []) {
      const how = position === 'last' ? { bp: 'e' } : {};
      const flowName = { name: flow.name, cat: 'flow', id: flow.id };
      this.events.add({ ph: FLOW_PHASES[position], ...place, ...flowName, ...how });
    }
  }
}
