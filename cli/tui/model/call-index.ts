/**
 * Which call each event belongs to, by the positions of events. Calls of one thread nest; a call
 * whose end is not recorded encloses nothing, because its end could be anywhere.
 */
import {
  type Batch,
  CALL_DEPTH_MAX,
  type DictView,
  isPresent,
  likelyEnded,
} from '../../../traces/index.js';

/** A call that has begun. */
interface Open {
  readonly position: number;
  readonly kind: number;
  readonly inside: number[];
}

const NONE = -1;

/** A position for each event, or NONE. New memory is zero, and takes time only where it is used. */
class Links {
  #plusOne: Int32Array;

  constructor(length: number) {
    this.#plusOne = new Int32Array(length);
  }

  grow(length: number): void {
    const larger = new Int32Array(length);
    larger.set(this.#plusOne);
    this.#plusOne = larger;
  }

  get(position: number): number {
    return this.#plusOne[position] - 1;
  }

  set(position: number, to: number): void {
    this.#plusOne[position] = to + 1;
  }
}

/** The event ends a call whose begin is known. */
const ENDS = 1;
/** The event is a call with others inside. */
const ENCLOSES = 2;
const BEGINS = 4;
/** The call has ended, but its end is not recorded. */
const ENDED = 8;

export class CallIndex {
  /** The enclosing call of an event; of an end, its begin. */
  readonly #parent: Links;
  readonly #end: Links;
  #flags: Uint8Array;
  #kinds: Uint16Array;
  readonly #threads = new Map<number, Open[]>();
  #done = 0;

  #length: number;

  /** @param length number of events of the trace */
  constructor(length: number) {
    this.#length = length;
    this.#parent = new Links(length);
    this.#end = new Links(length);
    this.#flags = new Uint8Array(length);
    this.#kinds = new Uint16Array(length);
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for more events. */
  grow(length: number): void {
    this.#length = length;
    if (length <= this.#flags.length) return;
    const room = Math.max(length, 2 * this.#flags.length);
    this.#parent.grow(room);
    this.#end.grow(room);
    const [flags, kinds] = [new Uint8Array(room), new Uint16Array(room)];
    flags.set(this.#flags);
    kinds.set(this.#kinds);
    [this.#flags, this.#kinds] = [flags, kinds];
  }

  /** Number of events that are in the index; the rest is not known yet. */
  get done(): number {
    return this.#done;
  }

  get isComplete(): boolean {
    return this.#done === this.length;
  }

  /** Whether an event is the end of a call that the index has as one row. */
  ends(position: number): boolean {
    return (this.#flags[position] & ENDS) !== 0;
  }

  encloses(position: number): boolean {
    return (this.#flags[position] & ENCLOSES) !== 0;
  }

  begins(position: number): boolean {
    return (this.#flags[position] & BEGINS) !== 0;
  }

  /** Whether a call that has no end was still running when the recording ended. */
  isRunning(position: number): boolean {
    return (
      (this.#flags[position] & (BEGINS | ENDED)) === BEGINS && this.#end.get(position) === NONE
    );
  }

  /** Position of the end of a call; null when none is known. */
  endOf(position: number): number | null {
    const end = this.#end.get(position);
    return end === NONE ? null : end;
  }

  /** The enclosing call; for an end, the call that it ends; null outside of all calls. */
  enclosing(position: number): number | null {
    const parent = this.#parent.get(position);
    return parent === NONE ? null : parent;
  }

  /** The position of the row that shows an event: the begin of its call, or itself. */
  rowOf(position: number): number {
    return this.ends(position) ? this.#parent.get(position) : position;
  }

  /** The enclosing calls of an event, innermost first. */
  ancestors(position: number): number[] {
    const found: number[] = [];
    for (let at = this.enclosing(this.rowOf(position)); at !== null; at = this.enclosing(at))
      found.push(at);
    return found;
  }

  /** Dictionary id of the kind of an event. */
  kindOf(position: number): number {
    return this.#kinds[position];
  }

  /** The rows directly inside of a call. */
  inside(position: number): number[] {
    const end = this.endOf(position);
    if (end === null) return [];
    const found: number[] = [];
    for (let at = position + 1; at < end; at++)
      if (this.#parent.get(at) === position && !this.ends(at)) found.push(at);
    return found;
  }

  /**
   * Positions of the events that a list of calls shows.
   * @param all also the calls inside of others
   * @param hides whether events of a kind are left out
   */
  rows(all: boolean, hides: (kind: number) => boolean): Int32Array {
    const rows = new Int32Array(this.#done);
    let count = 0;
    for (let at = 0; at < this.#done; at++) {
      if ((this.#flags[at] & ENDS) !== 0) continue;
      if (!all && this.#parent.get(at) !== NONE) continue;
      if (!hides(this.#kinds[at])) rows[count++] = at;
    }
    return rows.slice(0, count);
  }

  /**
   * Positions of the rows of some events, each once, ascending.
   * @param all also those inside of others of them
   */
  rowsOf(positions: Iterable<number>, all: boolean, hides: (kind: number) => boolean): Int32Array {
    const rows = new Set<number>();
    for (const position of positions) {
      const row = this.rowOf(position);
      if (!hides(this.#kinds[row])) rows.add(row);
    }
    const isInside = (row: number) => this.ancestors(row).some((call) => rows.has(call));
    return Int32Array.from(all ? rows : [...rows].filter((row) => !isInside(row))).sort();
  }

  /**
   * Adds rows of the next batch.
   * @param before number of events before the batch
   * @param positionOf position of an event by its number
   */
  add(
    batch: Batch,
    [from, until]: readonly [from: number, until: number],
    before: number,
    positionOf: (seq: number) => number,
  ): void {
    const [kind, phase, tid] = [batch.column('kind'), batch.column('phase'), batch.column('tid')];
    const [cpu, span] = [batch.column('cpu'), batch.column('span')];
    const [begin, end, lost] = [idOf(phase, 'begin'), idOf(phase, 'end'), idOf(kind, 'lost')];
    const write = idOf(kind, 'sysfs.write');
    for (let row = from; row < until; row++) {
      const at = before + row;
      const id = kind.ids[row];
      this.#kinds[at] = id;
      // After a loss no call is known to be still running.
      if (id === lost) this.#threads.clear();
      if (phase.ids[row] === end) {
        if (isPresent(span.bits, row)) this.#close(positionOf(span.number(row)), at);
      }
      if (!isPresent(tid.bits, row)) continue;
      // Each CPU has an idle task of its own, and all of them have thread id 0.
      const thread = tid.values[row] === 0 ? -1 - cpu.values[row] : tid.values[row];
      if (phase.ids[row] === end) this.#pop(thread, at);
      else this.#push(thread, at, id, { begins: phase.ids[row] === begin, write });
    }
    this.#done = before + until;
  }

  /** Leaves out events that cannot be read. @param done number of events up to and with them */
  skip(done: number): void {
    this.#threads.clear();
    this.#done = done;
  }

  #close(begin: number, end: number): void {
    if (begin < 0 || begin >= end) return;
    this.#end.set(begin, end);
    this.#parent.set(end, begin);
    this.#flags[end] |= ENDS;
  }

  /** @param write id of the kind of writes to sysfs: the kernel makes none inside of another */
  #push(
    thread: number,
    position: number,
    kind: number,
    { begins, write }: { readonly begins: boolean; readonly write: number },
  ): void {
    let stack = this.#threads.get(thread);
    if (begins && kind === write && stack?.some((call) => call.kind === write)) {
      for (const call of stack) this.#flags[call.position] |= ENDED;
      stack.length = 0;
    }
    stack?.at(-1)?.inside.push(position);
    if (!begins) return;
    this.#flags[position] |= BEGINS;
    if (stack === undefined) {
      stack = [];
      this.#threads.set(thread, stack);
    }
    if (stack.length === CALL_DEPTH_MAX)
      stack.splice(
        likelyEnded(stack, (call) => call.kind),
        1,
      );
    stack.push({ position, kind, inside: [] });
  }

  #pop(thread: number, end: number): void {
    const begin = this.#parent.get(end);
    const stack = this.#threads.get(thread);
    if (stack === undefined) return;
    const index = this.ends(end) ? stack.findLastIndex((call) => call.position === begin) : NONE;
    if (index < 0) {
      // The begin is not known: the end is an event of its own.
      if (!this.ends(end)) stack.at(-1)?.inside.push(end);
      return;
    }
    // Calls above it have lost their ends: what seems to be inside of them is inside of this one.
    for (const { inside } of stack.splice(index)) {
      for (const at of inside) this.#parent.set(at, begin);
      if (inside.length > 0) this.#flags[begin] |= ENCLOSES;
    }
  }
}

const idOf = ({ entries }: DictView, name: string): number => entries.indexOf(name);
