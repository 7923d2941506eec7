/**
 * Calls within calls: what a caller hands on has to arrive, a function that began has to end once,
 * and is called by those who call it. What rules say of single kinds comes on top of this.
 */
import {
  BY_NAME,
  callOf,
  callsNothingMore,
  columnOf,
  detailOf,
  type Fn,
  FOLLOWING,
  FUNCTIONS,
  hasCalled,
  idOf,
  isWrite,
  NEEDED,
  NONE,
  noteCalled,
  type OpenCall,
  partOf,
  partOfCall,
  pathOf,
  REPEATED,
  textOf,
} from './calls.js';
import type { EventCursor } from './cursor.js';
import { edgeKey, partKey, type Recorded } from './recorded.js';
import { type Difference, diverge } from './verdict.js';

/** PCI address in the form of sysfs; other buses name their devices otherwise. */
export const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;

/** A thread, and what is open on it. */
interface Thread {
  /** The entry from user space after which all of its calls are known; -1 before any. */
  since: number;
  readonly calls: OpenCall[];
}

/** Plain data, which copies of a replay's state take along. */
export type NestingData = Map<number, Thread>;

/**
 * A kernel returns through a return probe for no more calls at once than there are instances of it
 * (maxactive: twice the number of CPUs, at least 10); further returns are not recorded.
 */
const OPEN_AT_ONCE_MAX = 8;

export class Nesting {
  readonly #foreign: boolean[] = [];

  constructor(
    readonly data: NestingData,
    readonly recorded: Recorded,
  ) {}

  /** Events were lost: what is open is not known. */
  forget(): void {
    this.data.clear();
  }

  /** What is wrong with the place of an event among the calls of its thread; null when nothing. */
  take(fn: Fn, e: EventCursor): Difference | null {
    const { tid, phase } = e;
    // The idle threads of all CPUs have one number.
    if (tid <= 0 || this.#isForeign(e)) return null;
    let thread = this.data.get(tid);
    if (thread === undefined) {
      thread = { since: -1, calls: [] };
      this.data.set(tid, thread);
    }
    if (phase === 'end') return this.#end(thread, fn, e);
    // The record of a function that is made when it returns comes after those of what it called.
    if (phase === 'point' && fn.entry) return null;
    const found = fn.entry ? this.#enter(thread, fn, e) : this.#nest(thread, fn, e);
    this.recorded.show(partKey(fn.id, phase === 'begin' ? 0 : 2, partOf(fn, e)));
    if (phase === 'begin') thread.calls.push(callOf(fn, e));
    return found;
  }

  /** Functions that serve devices of other buses, such as mediated ones, are not recorded. */
  #isForeign(e: EventCursor): boolean {
    const id = e.deviceId;
    let foreign = this.#foreign[id];
    if (foreign === undefined && id >= 0) {
      foreign = !PCI_ADDRESS.test(e.device ?? '');
      this.#foreign[id] = foreign;
    }
    return foreign === true;
  }

  /** User space enters the kernel: what is open on the thread has ended. */
  #enter(thread: Thread, fn: Fn, e: EventCursor): Difference | null {
    const open = thread.calls.at(-1);
    thread.calls.length = 0;
    thread.since = e.seq;
    return open === undefined ? null : this.#unended(open, fn, e);
  }

  #nest(thread: Thread, fn: Fn, e: EventCursor): Difference | null {
    const { calls } = thread;
    const top = calls.at(-1);
    if (top === undefined) return this.#calledBy(thread, this.#elsewhere(fn, e), fn, e);
    const again = top.fn === fn.id && top.device === e.deviceId;
    if (!again && !callsNothingMore(top, fn, e)) return this.#calledBy(thread, top, fn, e);
    calls.pop();
    const found = this.#unended(top, fn, e);
    const caller = calls.at(-1) ?? this.#elsewhere(fn, e);
    return this.#calledBy(thread, caller, fn, e) ?? found;
  }

  /** The caller of a function that may run on another thread. */
  #elsewhere(fn: Fn, e: EventCursor): OpenCall | undefined {
    if (fn.anyThread !== true) return undefined;
    const device = e.deviceId;
    for (const { calls } of this.data.values()) {
      const top = calls.at(-1);
      if (top?.device === device && fn.by?.[FUNCTIONS[top.fn].name] !== undefined) return top;
    }
    return undefined;
  }

  #calledBy(
    thread: Thread,
    caller: OpenCall | undefined,
    fn: Fn,
    e: EventCursor,
  ): Difference | null {
    const handed = caller === undefined ? undefined : fn.by?.[FUNCTIONS[caller.fn].name];
    if (caller === undefined || handed === undefined) return this.#uncalled(thread, caller, fn, e);
    const early = this.#tooEarly(caller, fn, e);
    this.recorded.show(edgeKey(fn.id, caller.fn, detailOf(fn, caller, e.driverId)));
    this.recorded.show(edgeKey(fn.id, caller.fn, -1));
    const again = hasCalled(caller, fn.id);
    noteCalled(caller, fn.id);
    if (!this.#mayBeOpen(caller)) return null;
    for (const field of handed) {
      const expected = caller[field];
      const actual = columnOf(e, field);
      if (expected === actual || expected === NONE || actual === NONE) continue;
      const name = FUNCTIONS[caller.fn].name;
      return diverge(
        pathOf(e, fn),
        `${field} of ${name}: ${textOf(e, field, expected)}`,
        textOf(e, field, actual),
      );
    }
    if (!again || fn.once !== true) return early;
    return diverge(pathOf(e, fn), `${fn.name} once in ${FUNCTIONS[caller.fn].name}`, 'again');
  }

  /** A caller whose ends are not recorded may have ended long ago. */
  #mayBeOpen(caller: OpenCall): boolean {
    const fn = FUNCTIONS[caller.fn];
    return this.recorded.showed(partKey(fn.id, 1, partOfCall(fn, caller)));
  }

  /** A function that its caller calls only after another, which it has not called. */
  #tooEarly(caller: OpenCall, fn: Fn, e: EventCursor): Difference | null {
    const before = BY_NAME.get(fn.after?.[FUNCTIONS[caller.fn].name] ?? '');
    if (before === undefined || hasCalled(caller, before.id)) return null;
    const key = edgeKey(before.id, caller.fn, detailOf(before, caller, e.driverId));
    if (!this.recorded.shows(key)) return null;
    return diverge(pathOf(e, fn), `${before.name} before ${fn.name}`, 'it did not come');
  }

  /** Nobody who calls the function is open. */
  #uncalled(
    thread: Thread,
    caller: OpenCall | undefined,
    fn: Fn,
    e: EventCursor,
  ): Difference | null {
    if (thread.since < 0) return null;
    const callers = Object.keys(fn.by ?? {});
    const known = callers.filter((name) => this.recorded.shows(edgeKey(fn.id, idOf(name), -1)));
    const { only } = fn;
    if (Array.isArray(only) && only.includes(FUNCTIONS[caller?.fn ?? 0].name)) return null;
    // One of which nothing is recorded may have called it.
    const every = callers.every(
      (name) => known.includes(name) || BY_NAME.get(name)?.sameProbeAs !== undefined,
    );
    // What is called by a function of this caller alone is not called by the caller itself.
    const between = known.some(
      (name) => caller !== undefined && this.#calls(caller, BY_NAME.get(name)),
    );
    if (only === undefined ? !between : !every) return null;
    return diverge(
      `${e.device ?? 'container'}/cause`,
      `${callers.join(' or ')} calls ${fn.name}`,
      'nobody asked for this',
    );
  }

  /** Whether the recording shows that a caller calls a function. */
  #calls(caller: OpenCall, fn: Fn | undefined): boolean {
    if (fn === undefined) return false;
    return this.recorded.shows(edgeKey(fn.id, caller.fn, detailOf(fn, caller, caller.driver)));
  }

  #end(thread: Thread, fn: Fn, e: EventCursor): Difference | null {
    const { calls, since } = thread;
    const { span } = e;
    const top = calls.at(-1);
    const at = top?.seq === span ? calls.length - 1 : calls.findLastIndex((c) => c.seq === span);
    this.recorded.show(partKey(fn.id, 1, partOf(fn, e)));
    if (at < 0) return since < 0 ? null : this.#unbegun(fn, e, since);
    const call = calls[at];
    const inner = at < calls.length - 1 ? this.#unended(calls[at + 1], fn, e) : null;
    calls.length = at;
    return inner ?? repeats(call, fn, e) ?? this.#needs(call, fn, e);
  }

  /** An end without a begin, or after the call has ended. */
  #unbegun(fn: Fn, e: EventCursor, since: number): Difference | null {
    if (e.span >= since) return diverge(pathOf(e, fn), `${fn.name} ends once`, 'it ends again');
    if (e.span >= 0 || !this.recorded.shows(partKey(fn.id, 0, partOf(fn, e)))) return null;
    return diverge(pathOf(e, fn), `${fn.name} begins before it ends`, 'it has not begun');
  }

  /** A call of which no end came, though its caller ends or its thread goes on. */
  #unended(open: OpenCall, next: Fn, e: EventCursor): Difference | null {
    const fn = FUNCTIONS[open.fn];
    if (!this.recorded.shows(partKey(fn.id, 1, partOfCall(fn, open)))) return null;
    let openAtOnce = 0;
    for (const { calls } of this.data.values()) {
      for (const call of calls) if (call.fn === open.fn) openAtOnce++;
    }
    if (openAtOnce >= OPEN_AT_ONCE_MAX) return null;
    const then = e.phase === 'end' ? 'ends' : 'begins';
    return diverge(pathOf(e, fn), `${fn.name} of seq ${open.seq} ends`, `${next.name} ${then}`);
  }

  /** A call that succeeded without a function that it cannot do without. */
  #needs(call: OpenCall, fn: Fn, e: EventCursor): Difference | null {
    // Only what user space called returns a number of bytes or a descriptor.
    const failed = e.hasRet && (fn.entry === true ? e.ret < 0 : e.ret !== 0);
    if (failed) return null;
    for (const inner of NEEDED[fn.id]) {
      if (!this.#misses(call, inner, fn, e)) continue;
      return diverge(pathOf(e, fn), `${fn.name} calls ${inner.name}`, 'it did not');
    }
    for (const [other, inner] of FOLLOWING) {
      if (!hasCalled(call, other) || !this.#misses(call, inner, fn, e)) continue;
      return diverge(pathOf(e, fn), `${fn.name} calls ${inner.name}`, 'it did not');
    }
    return null;
  }

  #misses(call: OpenCall, inner: Fn, fn: Fn, e: EventCursor): boolean {
    if (hasCalled(call, inner.id)) return false;
    return this.recorded.shows(edgeKey(inner.id, fn.id, detailOf(inner, call, e.driverId)));
  }
}

/** What {@link repeats} finds nearly always, without a look at single fields. */
const saysTheSame = (call: OpenCall, e: EventCursor): boolean =>
  call.device === e.deviceId &&
  call.driver === e.driverId &&
  call.name === e.nameId &&
  call.region === e.region &&
  call.offset === (e.hasOffset ? e.offset : NONE) &&
  call.length === (e.hasLength ? e.length : NONE) &&
  call.value === (e.hasValue ? e.value : NONE) &&
  call.direction === isWrite(e.kind);

function repeats(call: OpenCall, fn: Fn, e: EventCursor): Difference | null {
  if (call.fn !== fn.id) {
    return diverge(pathOf(e, fn), `${FUNCTIONS[call.fn].name} ends`, `${fn.name} ends`);
  }
  if (saysTheSame(call, e)) return null;
  for (const field of REPEATED) {
    const [expected, actual] = [call[field], columnOf(e, field)];
    if (expected === actual || expected === NONE || actual === NONE) continue;
    const begun = `${field} of its begin: ${textOf(e, field, expected)}`;
    return diverge(pathOf(e, fn), begun, textOf(e, field, actual));
  }
  return null;
}
