/**
 * Calls within calls: what a caller passes on must arrive, and a function that began must end once,
 * and be called by its callers. The rules of single kinds check further conditions.
 */
import { type Batch, BDF_PATTERN, CALL_DEPTH_MAX, ERRNO } from '../../../traces/index.js';
import { REGIONS } from '../../model/vfio-pci-core/regions.js';
import {
  DRIVER,
  differing,
  FIELDS,
  fieldValue,
  NONE,
  newFields,
  REGION,
  SaidReader,
  textOf,
} from './call-fields.js';
import type { EventCursor } from './event-cursor.js';
import {
  callsNothingMore,
  detailOf,
  type Edge,
  FUNCTIONS,
  type GraphFunction,
  hasCalled,
  learnCalled,
  newCall,
  type OpenCall,
  PART,
  partOf,
  pathOf,
  sameDevice,
} from './graph-calls.js';
import type { Recorded } from './recorded-names.js';
import { type Difference, diverge } from './verdict.js';

/** PCI address in the form of sysfs; other buses name their devices otherwise. */
export const PCI_ADDRESS = new RegExp(`^${BDF_PATTERN}$`);

/** A thread with its open calls. */
interface Thread {
  /** The entry from user space after which all of its calls are known; -1 before any. */
  since: number;
  /** How many calls are open. */
  depth: number;
  /**
   * The open calls from the outermost to the innermost; entries after `depth` have ended and are
   * reused.
   */
  readonly calls: OpenCall[];
}

/** Plain data, which is copied with a replay's state. */
export type NestingData = Map<number, Thread>;

/**
 * A return probe has a limited number of instances (maxactive: twice the number of CPUs, at least
 * 10). If more calls are open at the same time, their returns are not recorded.
 */
const OPEN_AT_ONCE_MAX = 8;

export class Nesting {
  readonly #foreign: boolean[] = [];
  readonly #reader = new SaidReader();
  /** The fields of the current event, unless it is an end. */
  #said = newFields();
  /** The thread of the event before. */
  #tid = -1;
  #thread: Thread = { since: -1, depth: 0, calls: [] };

  constructor(
    readonly data: NestingData,
    readonly recorded: Recorded,
  ) {}

  /** The events that come are of this batch. */
  open(batch: Batch): void {
    this.#reader.open(batch);
  }

  /** Events were lost: the open calls are not known. */
  forget(): void {
    this.data.clear();
    this.#tid = -1;
  }

  /** What is wrong with the nesting of an event in its thread; null if nothing is. */
  check(fn: GraphFunction, e: EventCursor): Difference | null {
    const { tid } = e;
    // The idle threads of all CPUs have one number.
    if (tid <= 0) return null;
    const device = e.deviceId;
    if (device >= 0 && this.#isForeign(device, e)) return null;
    const thread = tid === this.#tid ? this.#thread : this.#threadOf(tid);
    const { phase } = e;
    if (phase === 'end') return this.#end(thread, fn, e);
    // The record of a function that is made at its return follows those of the functions it called.
    if (phase === 'point' && fn.entry) return null;
    this.#reader.read(e.row, this.#said);
    const found = fn.entry ? this.#enter(thread, fn, e) : this.#nest(thread, fn, e);
    const part = fn.parts + (phase === 'begin' ? PART.begin : PART.point);
    this.recorded.show(part, partOf(fn, this.#said));
    if (phase === 'begin') this.#open(thread, fn, e.seq);
    return found;
  }

  #threadOf(tid: number): Thread {
    let thread = this.data.get(tid);
    if (thread === undefined) {
      thread = { since: -1, depth: 0, calls: [] };
      this.data.set(tid, thread);
    }
    this.#tid = tid;
    this.#thread = thread;
    return thread;
  }

  /**
   * The call keeps the fields of its begin; the array of an ended call is used for the next event.
   */
  #open(thread: Thread, fn: GraphFunction, seq: number): void {
    if (thread.depth === CALL_DEPTH_MAX) {
      // Ends are missing: the open calls are not known.
      thread.depth = 0;
      thread.since = -1;
    }
    const { calls, depth } = thread;
    if (depth === calls.length) calls.push(newCall());
    const call = calls[depth];
    const { said } = call;
    call.fn = fn.id;
    call.seq = seq;
    call.said = this.#said;
    call.low = 0;
    call.high = 0;
    this.#said = said;
    thread.depth = depth + 1;
  }

  /** Functions that serve devices of other buses, such as mediated ones, are not recorded. */
  #isForeign(device: number, e: EventCursor): boolean {
    this.#foreign[device] ??= !PCI_ADDRESS.test(e.device ?? '');
    return this.#foreign[device];
  }

  /** A call enters the kernel from user space: all open calls of the thread have ended. */
  #enter(thread: Thread, fn: GraphFunction, e: EventCursor): Difference | null {
    const open = topOf(thread);
    thread.depth = 0;
    thread.since = e.seq;
    return open === undefined ? null : this.#unended(open, fn, e);
  }

  #nest(thread: Thread, fn: GraphFunction, e: EventCursor): Difference | null {
    const top = topOf(thread);
    if (top === undefined) return this.#calledBy(thread, this.#elsewhere(fn), fn, e);
    const again = top.fn === fn.id && sameDevice(top.said, this.#said);
    if (!again && !callsNothingMore(top, fn, this.#said)) {
      return this.#calledBy(thread, top, fn, e);
    }
    thread.depth--;
    const found = this.#unended(top, fn, e);
    const caller = topOf(thread) ?? this.#elsewhere(fn);
    return this.#calledBy(thread, caller, fn, e) ?? found;
  }

  /** The caller of a function that may run on another thread. */
  #elsewhere(fn: GraphFunction): OpenCall | undefined {
    if (!fn.anyThread) return undefined;
    for (const thread of this.data.values()) {
      const top = topOf(thread);
      if (top === undefined || !sameDevice(top.said, this.#said)) continue;
      if (fn.calledBy[top.fn] !== undefined) return top;
    }
    return undefined;
  }

  #calledBy(
    thread: Thread,
    caller: OpenCall | undefined,
    fn: GraphFunction,
    e: EventCursor,
  ): Difference | null {
    const edge = caller === undefined ? undefined : fn.calledBy[caller.fn];
    if (caller === undefined || edge === undefined) return this.#uncalled(thread, caller, fn, e);
    const early = edge.after === null ? null : this.#tooEarly(edge.after, caller, fn, e);
    this.recorded.show(edge.fact, detailOf(edge, caller, this.#driver));
    this.recorded.show(edge.fact, NONE);
    const again = hasCalled(caller, fn.id);
    learnCalled(caller, fn.id);
    if (!this.#mayBeOpen(edge.caller, caller)) return null;
    const field = differing(caller.said, this.#said, edge.handed);
    if (field !== NONE && !mayReadOther(edge, caller)) {
      const expected = `${FIELDS[field]} of ${edge.caller.name}: `;
      const text = textOf(e, field, caller.said);
      return diverge(pathOf(e, fn), expected + text, textOf(e, field, this.#said));
    }
    if (!again || !fn.once) return early;
    return diverge(pathOf(e, fn), `${fn.name} once in ${edge.caller.name}`, 'again');
  }

  /** A caller whose ends are not recorded may have ended long ago. */
  #mayBeOpen(fn: GraphFunction, caller: OpenCall): boolean {
    return this.recorded.showed(fn.parts + PART.end, partOf(fn, caller.said));
  }

  /** A function that its caller calls only after another, which it has not called. */
  #tooEarly(before: Edge, caller: OpenCall, fn: GraphFunction, e: EventCursor): Difference | null {
    if (!this.#misses(caller, before, this.#driver)) return null;
    return diverge(pathOf(e, fn), `${before.called.name} before ${fn.name}`, 'it did not come');
  }

  /** No caller of the function is open. */
  #uncalled(
    thread: Thread,
    caller: OpenCall | undefined,
    fn: GraphFunction,
    e: EventCursor,
  ): Difference | null {
    if (thread.since < 0) return null;
    const { only } = fn.facts;
    if (Array.isArray(only) && only.includes(FUNCTIONS[caller?.fn ?? 0].name)) return null;
    const isWrong =
      only === undefined ? this.#callsBetween(caller, fn) : fn.callers.every(this.#isKnown);
    if (!isWrong) return null;
    return diverge(
      `${e.device ?? 'container'}/cause`,
      `${fn.callerNames} calls ${fn.name}`,
      'nobody asked for this',
    );
  }

  /** Whether calls by a caller are recorded. If nothing of the caller is, it may have made any. */
  readonly #isKnown = ({ fact, caller }: Edge): boolean =>
    caller.facts.sameProbeAs !== undefined || this.recorded.shows(fact, NONE);

  /** A function that only a function of this caller calls is not called by the caller directly. */
  #callsBetween(caller: OpenCall | undefined, fn: GraphFunction): boolean {
    if (caller === undefined || !this.#mayBeOpen(FUNCTIONS[caller.fn], caller)) return false;
    for (const { fact, caller: between } of fn.callers) {
      const edge = between.calledBy[caller.fn];
      if (edge === undefined || !this.recorded.shows(fact, NONE)) continue;
      if (this.recorded.shows(edge.fact, detailOf(edge, caller, fieldValue(caller.said, DRIVER))))
        return true;
    }
    return false;
  }

  /** Driver of the event, or {@link NONE}. */
  get #driver(): number {
    return fieldValue(this.#said, DRIVER);
  }

  #partOfEnd({ detail }: GraphFunction, e: EventCursor): number {
    return detail === NONE ? NONE : this.#reader.field(e.row, detail);
  }

  #end(thread: Thread, fn: GraphFunction, e: EventCursor): Difference | null {
    const { calls, depth, since } = thread;
    const { span } = e;
    let at = depth - 1;
    while (at >= 0 && calls[at].seq !== span) at--;
    this.recorded.show(fn.parts + PART.end, this.#partOfEnd(fn, e));
    if (at < 0) return since < 0 ? null : this.#unbegun(fn, e, since);
    const call = calls[at];
    const inner = at < depth - 1 ? this.#unended(calls[at + 1], fn, e) : null;
    thread.depth = at;
    return inner ?? this.#repeats(call, fn, e) ?? this.#needs(call, fn, e);
  }

  /** An end without a begin, or after the call has ended. */
  #unbegun(fn: GraphFunction, e: EventCursor, since: number): Difference | null {
    if (e.span >= since) return diverge(pathOf(e, fn), `${fn.name} ends once`, 'it ends again');
    const begins = this.recorded.shows(fn.parts + PART.begin, this.#partOfEnd(fn, e));
    if (e.span >= 0 || !begins || (fn.facts.text === true && mayBeLong(e))) return null;
    return diverge(pathOf(e, fn), `${fn.name} begins before it ends`, 'it has not begun');
  }

  /** A call without a recorded end, although its caller ends or its thread continues. */
  #unended(open: OpenCall, next: GraphFunction, e: EventCursor): Difference | null {
    const fn = FUNCTIONS[open.fn];
    if (!this.recorded.shows(fn.parts + PART.end, partOf(fn, open.said))) return null;
    let openAtOnce = 0;
    for (const { calls, depth } of this.data.values()) {
      for (let i = 0; i < depth; i++) if (calls[i].fn === open.fn) openAtOnce++;
    }
    if (openAtOnce >= OPEN_AT_ONCE_MAX) return null;
    const then = e.phase === 'end' ? 'ends' : 'begins';
    return diverge(pathOf(e, fn), `${fn.name} of seq ${open.seq} ends`, `${next.name} ${then}`);
  }

  /** An end repeats the fields of its begin. */
  #repeats(call: OpenCall, fn: GraphFunction, e: EventCursor): Difference | null {
    if (call.fn !== fn.id) {
      return diverge(pathOf(e, fn), `${FUNCTIONS[call.fn].name} ends`, `${fn.name} ends`);
    }
    const field = this.#reader.differing(call.said, e.row);
    if (field === NONE) return null;
    this.#reader.read(e.row, this.#said);
    const begun = `${FIELDS[field]} of its begin: ${textOf(e, field, call.said)}`;
    return diverge(pathOf(e, fn), begun, textOf(e, field, this.#said));
  }

  /** A call that succeeded without a function that it cannot do without. */
  #needs(call: OpenCall, fn: GraphFunction, e: EventCursor): Difference | null {
    if (fn.needs.length === 0 && fn.follows.length === 0) return null;
    // Only what user space called returns a number of bytes or a descriptor.
    const failed = e.hasRet && (fn.entry ? e.ret < 0 || saysNo(e) : e.ret !== 0);
    if (failed) return null;
    const missing = this.#missing(call, fn, e.driverId);
    if (missing === null) return null;
    return diverge(pathOf(e, fn), `${fn.name} calls ${missing.called.name}`, 'it did not');
  }

  #missing(call: OpenCall, fn: GraphFunction, driver: number): Edge | null {
    for (const edge of fn.needs) if (this.#misses(call, edge, driver)) return edge;
    for (const { other, next } of fn.follows) {
      if (hasCalled(call, other.id) && this.#misses(call, next, driver)) return next;
    }
    return null;
  }

  /** Whether a call has not called what others like it are seen to call. */
  #misses(call: OpenCall, edge: Edge, driver: number): boolean {
    if (hasCalled(call, edge.called.id)) return false;
    return this.recorded.shows(edge.fact, detailOf(edge, call, driver));
  }
}

const topOf = ({ calls, depth }: Thread): OpenCall | undefined =>
  depth === 0 ? undefined : calls[depth - 1];

/**
 * VFIO_CHECK_EXTENSION asks each driver of IOMMUs; with none, as after `rmmod vfio_iommu_type1`, it
 * calls nothing and returns 0 (kernel drivers/vfio/container.c 6.12).
 */
const saysNo = ({ name, ret }: EventCursor): boolean => ret === 0 && name === CHECK_EXTENSION;
const CHECK_EXTENSION = 'VFIO_CHECK_EXTENSION';

/**
 * Bytes of a text with which the record of a begin does not fit into a page of the ring buffer: the
 * kernel then writes none, and counts no loss (kernel/trace/ring_buffer.c 6.12).
 */
const TEXT_MAX = 3900;

/** Whether the result of a write is one of a text that is as long. */
const mayBeLong = ({ ret }: EventCursor): boolean =>
  ret >= TEXT_MAX || ret === -ERRNO.EINVAL || ret === -ERRNO.ENODEV;

/** A region of the device's own may show the configuration space of another function. */
const mayReadOther = ({ caller: { name } }: Edge, { said }: OpenCall): boolean =>
  name === 'vfio_pci_rw' && fieldValue(said, REGION) >= REGIONS;
