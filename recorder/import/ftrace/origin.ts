import type { Dictionary } from '../../../traces/index.js';
import type { TraceRecord } from '../../mapping/record.js';
import { Interner } from '../interner.js';
import { NEWLINE } from './ascii.js';
import { type Layout, Place, readFlagsAndTime } from './prefix.js';
import { emptyRecord } from './record-time.js';
import { Template } from './template.js';
import type { TextWindow } from './text-window.js';

const UNKNOWN_TASK = '<...>';
/** Recent tasks of which the text is kept, by a few digits of their thread id; a power of two. */
const RECENT = 16;
const PID_AT = 17;

/** A task on a CPU, as some record showed it. */
class Recent {
  readonly text = new Template();
  cpu = -1;
  tid = -1;
  tgid = -1;
  task = -1;
}

/** Reads where records come from: what stands before the event. */
export class OriginReader {
  readonly record: TraceRecord = emptyRecord();
  readonly place = new Place();
  readonly #tasks: Interner<number>;
  readonly #recent = Array.from({ length: RECENT }, () => new Recent());
  readonly #scratch: TraceRecord = { ...this.record };
  readonly #scratchPlace = new Place();

  constructor(
    private readonly window: TextWindow,
    private readonly layout: Layout,
    tasks: Dictionary,
    taskName: (comm: string) => string = (comm) => comm,
  ) {
    this.#tasks = new Interner((comm) => {
      const name = comm.trimStart();
      return name === UNKNOWN_TASK || name === '' ? -1 : tasks.id(taskName(name));
    });
  }

  /** Reads the prefix at the window's place; false when no record starts there. */
  read(): boolean {
    const { bytes, view, at, end } = this.window;
    if (!this.layout.starts(bytes, at, end)) return false;
    if (!this.layout.repeats) return this.#readAnew();
    // Behind the end there are no bytes, of which the mask makes 0.
    const recent = this.#recent[(bytes[at + PID_AT] + bytes[at + PID_AT + 2]) & (RECENT - 1)];
    if (recent.text.matches(view, at)) {
      const { record, place } = this;
      record.cpu = recent.cpu;
      record.tid = recent.tid;
      record.tgid = recent.tgid;
      record.task = recent.task;
      place.body = readFlagsAndTime(bytes, at + recent.text.length, end, record);
      if (place.body >= 0) return true;
    }
    if (!this.#readAnew()) return false;
    recent.text.learn(view, at, this.place.whoEnd);
    const { cpu, tid, tgid, task } = this.record;
    Object.assign(recent, { cpu, tid, tgid, task });
    return true;
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

  #readAnew(): boolean {
    const { bytes, at, end } = this.window;
    const { record, place } = this;
    if (!this.layout.read(bytes, at, end, record, place)) return false;
    const { commStart, commEnd } = place;
    record.task = commEnd > commStart ? this.#tasks.get(bytes, commStart, commEnd) : -1;
    return true;
  }
}
