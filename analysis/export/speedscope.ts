/**
 * Exports the calls of each thread for speedscope, as an evented profile. A profile has to be
 * written whole, so that several threads are collected in each pass over the trace, as many as a
 * fixed amount of memory holds.
 */
import type { Sink, TraceReader } from '../../traces/index.js';
import {
  type Moment,
  type MomentVisitor,
  type OpenCall,
  type Thread,
  visitMoments,
} from './moments.js';
import { TextSink } from './text-sink.js';

/** Begins and ends that are in memory at once, 12 bytes each. */
const EVENTS_MAX = 1 << 22;

interface Tally {
  readonly thread: Thread;
  events: number;
}

export function exportSpeedscope(reader: TraceReader, zero: bigint, sink: Sink): void {
  const out = new TextSink(sink);
  const count = new CallCounter();
  visitMoments(reader, zero, count);
  const frames = [...count.frames.keys()].map((name) => ({ name }));
  const facts = {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: 'vfr',
    name: reader.source.name.split('/').at(-1),
    shared: { frames },
  };
  out.write(`${JSON.stringify(facts).slice(0, -1)},"profiles":[`);
  let first = true;
  for (const group of groupsOf(count.tallies)) {
    const calls = new CallCollector(group, count.frames);
    visitMoments(reader, zero, calls);
    for (const profile of calls.profiles()) {
      out.write(first ? '\n' : ',\n');
      first = false;
      profile.write(out);
    }
  }
  out.write('\n]}\n');
  out.finish();
}

/** Threads that have calls, in groups that fit into memory; one that does not fit is alone. */
function groupsOf(tallies: ReadonlyMap<number, Tally>): Tally[][] {
  const groups: Tally[][] = [];
  let size = EVENTS_MAX;
  for (const tally of tallies.values()) {
    if (tally.events === 0) continue;
    if (size + tally.events > EVENTS_MAX) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(tally);
    size += tally.events;
  }
  return groups;
}

/** Counts begins and ends of each thread, and numbers their names. */
class CallCounter implements MomentVisitor {
  readonly tallies = new Map<number, Tally>();
  readonly frames = new Map<string, number>();

  thread(thread: Thread): void {
    this.tallies.set(thread.tid, { thread, events: 0 });
  }

  begin({ thread, name }: Moment): void {
    this.tallies.get(thread.tid)!.events++;
    if (!this.frames.has(name)) this.frames.set(name, this.frames.size);
  }

  end({ thread }: Moment): void {
    this.tallies.get(thread.tid)!.events++;
  }

  cut(thread: Thread): void {
    this.tallies.get(thread.tid)!.events++;
  }

  point(): void {}

  counter(): void {}
}

/** The begins and ends of one thread. */
class Profile {
  readonly #at: Float64Array;
  /** Number of the frame; of an end, its complement. */
  readonly #frames: Int32Array;
  #count = 0;

  constructor(
    private readonly thread: Thread,
    events: number,
  ) {
    this.#at = new Float64Array(events);
    this.#frames = new Int32Array(events);
  }

  add(at: number, frame: number): void {
    this.#at[this.#count] = at;
    this.#frames[this.#count++] = frame;
  }

  write(out: TextSink): void {
    const { task, tid } = this.thread;
    const facts = {
      type: 'evented',
      name: `${task}-${tid}`,
      unit: 'nanoseconds',
      startValue: this.#at[0],
      endValue: this.#at[this.#count - 1],
    };
    out.write(`${JSON.stringify(facts).slice(0, -1)},"events":[`);
    for (let i = 0; i < this.#count; i++) {
      const frame = this.#frames[i];
      const [type, number] = frame < 0 ? ['C', ~frame] : ['O', frame];
      out.write(`${i === 0 ? '' : ','}{"type":"${type}","frame":${number},"at":${this.#at[i]}}`);
    }
    out.write(']}');
  }
}

class CallCollector implements MomentVisitor {
  readonly #profiles: ReadonlyMap<number, Profile>;

  constructor(
    group: readonly Tally[],
    private readonly frames: ReadonlyMap<string, number>,
  ) {
    this.#profiles = new Map(
      group.map(({ thread, events }) => [thread.tid, new Profile(thread, events)]),
    );
  }

  profiles(): Iterable<Profile> {
    return this.#profiles.values();
  }

  begin({ thread, name, at }: Moment): void {
    this.#profiles.get(thread.tid)?.add(at, this.frames.get(name)!);
  }

  end({ thread, at }: Moment, { name }: OpenCall): void {
    this.#profiles.get(thread.tid)?.add(at, ~this.frames.get(name)!);
  }

  cut(thread: Thread, { name }: OpenCall, at: number): void {
    this.#profiles.get(thread.tid)?.add(at, ~this.frames.get(name)!);
  }

  thread(): void {}

  point(): void {}

  counter(): void {}
}
