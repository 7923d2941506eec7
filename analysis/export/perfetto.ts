/** Exports a trace for Perfetto: tracks of devices, threads, counters and losses. */
import type { Sink, TraceReader } from '../../traces/index.js';
import type { Lanes } from '../lanes/index.js';
import { type AnnotationVisitor, visitAnnotations } from './annotations.js';
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
import { PerfettoEncoder } from './perfetto-encoder.js';
import {
  CHILD_ORDERING,
  COUNTER,
  COUNTER_UNIT,
  DESCRIPTOR,
  PROCESS,
  THREAD,
} from './perfetto-fields.js';

/** Ids of tracks: the kind of a track in the high part, its number in the low one. */
const uuid = (kind: number, number: number): number => kind * 2 ** 33 + number;
const DEVICES = uuid(1, 0);
const LOSSES = uuid(2, 0);
const deviceTrack = (device: number): number => uuid(3, device * (DEVICE_TRACKS.length + 1));
const processTrack = (pid: number): number => uuid(4, pid);
const threadTrack = (tid: number): number => uuid(5, tid);
const counterTrack = (name: CounterName): number => uuid(6, Object.keys(COUNTERS).indexOf(name));

export function exportPerfetto(reader: TraceReader, lanes: Lanes, sink: Sink): void {
  const encoder = new PerfettoEncoder(sink, lanes.zero);
  const { wallOffsetNs } = reader.meta;
  if (wallOffsetNs !== undefined) encoder.wallClock(lanes.zero + wallOffsetNs);
  writeDevices(encoder, lanes);
  visitMoments(reader, lanes.zero, new PerfettoMoments(encoder, passingsOf(flowsOf(lanes))));
  encoder.finish();
}

function writeDevices(encoder: PerfettoEncoder, lanes: Lanes): void {
  describe(encoder, DEVICES, 'PCI devices', null, CHILD_ORDERING.lexicographic);
  lanes.devices.forEach((lane, i) => {
    const device = deviceTrack(i);
    describe(encoder, device, lane.device, DEVICES, CHILD_ORDERING.explicit);
    DEVICE_TRACKS.forEach((name, track) => {
      describe(encoder, device + 1 + track, name, device, null, track + 1);
    });
    for (const { track, name, from, to, by } of slicesOf(lane, lanes.end)) {
      const own = device + 1 + DEVICE_TRACKS.indexOf(track);
      const annotate = by === null ? {} : { annotate: (a: AnnotationVisitor) => a.text('by', by) };
      encoder.event(from, { type: 'begin', track: own, name, category: 'device', ...annotate });
      encoder.event(to, { type: 'end', track: own });
    }
    for (const { kind, at, what } of lane.marks)
      encoder.event(at, { type: 'instant', track: device, name: what, category: kind });
  });
  if (lanes.losses.length === 0) return;
  describe(encoder, LOSSES, 'losses', null, null);
  for (const { to, events, text } of lanes.losses) {
    const name = `${events ?? 'unknown'} events lost${text === null ? '' : `: ${text}`}`;
    encoder.event(to, { type: 'instant', track: LOSSES, name, category: 'lost' });
  }
}

function describe(
  encoder: PerfettoEncoder,
  track: number,
  name: string,
  parent: number | null,
  ordering: number | null,
  rank: number | null = null,
): void {
  encoder.descriptor((w) => {
    w.uint32(DESCRIPTOR.uuid).uint64(track).uint32(DESCRIPTOR.name).string(name);
    if (parent !== null) w.uint32(DESCRIPTOR.parentUuid).uint64(parent);
    if (ordering !== null) w.uint32(DESCRIPTOR.childOrdering).uint32(ordering);
    if (rank !== null) w.uint32(DESCRIPTOR.siblingOrderRank).int32(rank);
  });
}

class PerfettoMoments implements MomentVisitor {
  readonly #processes = new Set<number>();
  readonly #counters = new Set<CounterName>();

  constructor(
    private readonly encoder: PerfettoEncoder,
    private readonly passings: ReadonlyMap<number, readonly Passing[]>,
  ) {}

  thread({ tid, pid, task }: Thread): void {
    if (!this.#processes.has(pid)) {
      this.#processes.add(pid);
      this.encoder.descriptor((w) => {
        w.uint32(DESCRIPTOR.uuid).uint64(processTrack(pid)).uint32(DESCRIPTOR.process).fork();
        w.uint32(PROCESS.pid).int32(pid).uint32(PROCESS.name).string(task).ldelim();
      });
    }
    this.encoder.descriptor((w) => {
      w.uint32(DESCRIPTOR.uuid).uint64(threadTrack(tid));
      w.uint32(DESCRIPTOR.parentUuid).uint64(processTrack(pid)).uint32(DESCRIPTOR.thread).fork();
      w.uint32(THREAD.pid).int32(pid).uint32(THREAD.tid).int64(tid);
      w.uint32(THREAD.name).string(task).ldelim();
    });
  }

  begin(moment: Moment): void {
    this.#event('begin', moment);
  }

  end(moment: Moment): void {
    this.#event('end', moment);
  }

  point(moment: Moment): void {
    // Losses have a track of their own.
    if (moment.kind !== 'lost') this.#event('instant', moment);
  }

  cut({ tid }: Thread, _call: OpenCall, at: number): void {
    this.encoder.event(at, { type: 'end', track: threadTrack(tid) });
  }

  counter(name: CounterName, at: number, value: number): void {
    const track = counterTrack(name);
    if (!this.#counters.has(name)) this.#describeCounter(name, track);
    this.encoder.event(at, { type: 'counter', track, value });
  }

  #describeCounter(name: CounterName, track: number): void {
    this.#counters.add(name);
    this.encoder.descriptor((w) => {
      w.uint32(DESCRIPTOR.uuid).uint64(track).uint32(DESCRIPTOR.name).string(name);
      w.uint32(DESCRIPTOR.counter).fork();
      w.uint32(COUNTER.unit).uint32(COUNTER_UNIT[COUNTERS[name]]).ldelim();
    });
  }

  #event(type: 'begin' | 'end' | 'instant', moment: Moment): void {
    const flows = this.passings
      .get(moment.seq)
      ?.map(({ flow: { id }, position }) => ({ id, last: position === 'last' }));
    this.encoder.event(moment.at, {
      type,
      track: threadTrack(moment.thread.tid),
      ...(type !== 'end' && { name: moment.name, category: moment.kind }),
      ...(flows !== undefined && { flows }),
      annotate: (annotations) => visitAnnotations(moment, annotations),
    });
  }
}
