import type { Dictionary } from '../../../traces/index.js';
import { ByteLiteral } from '../../byte-matching/byte-literal.js';
import { Interner } from '../../byte-matching/interner.js';
import type { TraceRecord } from '../../mapping/trace-record.js';
import { NEWLINE } from './ascii.js';
import { FlagsAndTime } from './flags-and-time.js';
import { type Layout, PrefixSpans, readFlagsAndTime } from './prefix-layouts.js';
import { emptyRecord } from './record-time.js';
import type { TextWindow } from './text-window.js';

const UNKNOWN_TASK = '<...>';
/**
 * Number of recent tasks whose text is cached, by a few digits of their thread id; a power of two.
 */
const RECENT = 16;
const PID_AT = 17;
/** Longest text of a task and a CPU: a name, two numbers of ten digits, and punctuation. */
const WHO_BYTES_MAX = 64;
/** Number of cached times for a task, by its flags; a power of two. */
const MOMENTS = 8;
/** Where the flags differ that records of one task alternate between: `.....`, `..Zff`, `...1.`. */
const FLAG_AT = 3;

/** A task on a CPU, as some record showed it. */
class Recent {
  readonly text = new ByteLiteral(WHO_BYTES_MAX);
  readonly moments = Array.from({ length: MOMENTS }, () => new FlagsAndTime());
  cpu = -1;
  tid = -1;
  tgid = -1;
  task = -1;
}

/** Reads the prefixes of records. */
export class PrefixReader {
  readonly record: TraceRecord = emptyRecord();
  readonly place = new PrefixSpans();
  readonly #tasks: Interner<number>;
  readonly #recent = Array.from({ length: RECENT }, () => new Recent());
  readonly #scratch: TraceRecord = { ...this.record };
  readonly #scratchPlace = new PrefixSpans();

  constructor(
    private readonly window: TextWindow,
    private readonly layout: Layout,
    tasks: Dictionary,
    taskName: (comm: string) => string = (comm) => comm,
  ) {
    this.#tasks = new Interner((comm) => {
      const name = taskName(comm.trimStart());
      return name === UNKNOWN_TASK || name === '' ? -1 : tasks.id(name);
    });
  }

  /** Reads the prefix at the window's place; false when no record starts there. */
  read(): boolean {
    const { bytes, view, at, end } = this.window;
    if (!this.layout.starts(bytes, at, end)) return false;
    if (!this.layout.repeats) return this.#readAnew();
    // Bytes past the end are undefined; the mask makes them 0.
    const recent = this.#recent[(bytes[at + PID_AT] + bytes[at + PID_AT + 2]) & (RECENT - 1)];
    if (recent.text.isAt(view, at, end)) {
      const { record, place } = this;
      record.cpu = recent.cpu;
      record.tid = recent.tid;
      record.tgid = recent.tgid;
      record.task = recent.task;
      place.body = this.#readWhen(recent, at + recent.text.length);
      if (place.body >= 0) return true;
    }
    if (!this.#readAnew()) return false;
    recent.text.keep(view, at, this.place.whoEnd);
    const { cpu, tid, tgid, task } = this.record;
    Object.assign(recent, { cpu, tid, tgid, task });
    return true;
  }

  /**
   * Finds the first record from `from` to the end of its line, whatever precedes it.
   * @returns where it starts, -1 when no record is certain
   */
  find(from: number, lineEnd: number): number {
    const { record, place } = this;
    const { bytes } = this.window;
    if (this.layout.find?.(bytes, from, lineEnd, record, place) !== true) return -1;
    this.#nameTask();
    return place.commStart;
  }

  /** The same, but `record` and `place` stay as they are. */
  seek(from: number, lineEnd: number): number {
    const { layout, window } = this;
    const place = this.#scratchPlace;
    const found = layout.find?.(window.bytes, from, lineEnd, this.#scratch, place) === true;
    return found ? place.commStart : -1;
  }

  /**
   * Whether a record starts at `at`.
   * @param inString a string before it has not ended: the task's name must then be on its line
   */
  startsAt(at: number, inString: boolean): boolean {
    const { bytes, end } = this.window;
    if (!this.layout.starts(bytes, at, end)) return false;
    if (!inString) return true;
    if (!this.layout.read(bytes, at, end, this.#scratch, this.#scratchPlace)) return false;
    return bytes.subarray(at, this.#scratchPlace.commEnd).indexOf(NEWLINE) < 0;
  }

  /** Reads the flags and the time of a task. @returns the event's place, or -1 */
  #readWhen({ moments }: Recent, at: number): number {
    const { bytes, view, end } = this.window;
    const flag = (bytes[at + FLAG_AT] ^ bytes[at + FLAG_AT + 1]) & (MOMENTS - 1);
    const known = moments[flag].read(bytes, view, at, end, this.record);
    if (known >= 0) return known;
    const body = readFlagsAndTime(bytes, at, end, this.record);
    if (body >= 0) moments[flag].learn(bytes, view, at, body);
    return body;
  }

  #readAnew(): boolean {
    const { bytes, at, end } = this.window;
    if (!this.layout.read(bytes, at, end, this.record, this.place)) return false;
    this.#nameTask();
    return true;
  }

  #nameTask(): void {
    const { commStart, commEnd } = this.place;
    const { bytes } = this.window;
    this.record.task = commEnd > commStart ? this.#tasks.get(bytes, commStart, commEnd) : -1;
  }
}
