/**
 * Open calls per thread: pairs a return with its entry. The calls of a thread nest, whatever CPUs
 * it runs on; only the idle threads share the number 0, one per CPU.
 */
import { assert, CALL_DEPTH_MAX, type EventRow, likelyEnded } from '../../traces/index.js';
import { GivenBytes } from './given-bytes.js';

/** Threads kept in memory; beyond that, those without open calls are forgotten. */
const THREADS_MAX = 1 << 16;

/** One open call; reused when the call has ended. */
export class OpenCall {
  /** Which function, as the rule numbers them. */
  call = -1;
  seq = 0;
  cpu = -1;
  vfio = false;
  /** A mid-function probe saw the value that the call will return. */
  valueSeen = false;
  /** What is known of the result of a user's read. */
  readonly given = new GivenBytes();
  /** The begin's columns, which the end repeats. */
  constructor(readonly row: EventRow) {}
}

export class CallStack {
  /** @param newRow makes a row for the events of one open call */
  constructor(private readonly newRow: () => EventRow) {}

  readonly #calls: OpenCall[] = [];
  #depth = 0;
  #vfio = 0;

  get depth(): number {
    return this.#depth;
  }

  /** True while the thread serves a VFIO access. */
  get inVfio(): boolean {
    return this.#vfio > 0;
  }

  push(call: number, cpu: number, vfio: boolean): OpenCall {
    if (this.#depth === CALL_DEPTH_MAX) this.#drop(likelyEnded(this.#calls, ({ call }) => call));
    let open = this.#calls[this.#depth];
    if (open === undefined) {
      open = new OpenCall(this.newRow());
      this.#calls[this.#depth] = open;
    }
    this.#depth++;
    open.call = call;
    open.cpu = cpu;
    open.vfio = vfio;
    open.valueSeen = false;
    if (vfio) {
      open.given.clear();
      this.#vfio++;
    }
    return open;
  }

  /** The innermost open call of this function, or null. */
  find(call: number): OpenCall | null {
    for (let i = this.#depth - 1; i >= 0; i--) {
      if (this.#calls[i].call === call) return this.#calls[i];
    }
    return null;
  }

  /** Ends the innermost call of this function; calls inside of it whose return was lost end too. */
  pop(call: number): OpenCall | null {
    const open = this.find(call);
    if (open === null) return null;
    while (this.#top() !== open) this.#dropTop();
    this.#dropTop();
    return open;
  }

  /**
   * Forgets the calls that were last seen on a CPU that lost events, or on any CPU if it is
   * negative: their returns may be missing.
   */
  forget(cpu: number): void {
    while (this.#depth > 0 && (cpu < 0 || this.#top().cpu === cpu)) this.#dropTop();
  }

  /** The open calls, outermost first. */
  *open(): Generator<OpenCall> {
    for (let i = 0; i < this.#depth; i++) yield this.#calls[i];
  }

  #top(): OpenCall {
    assert(this.#depth > 0, 'a call is open');
    return this.#calls[this.#depth - 1];
  }

  #dropTop(): void {
    if (this.#top().vfio) this.#vfio--;
    this.#depth--;
  }

  #drop(at: number): void {
    const [dropped] = this.#calls.splice(at, 1);
    if (dropped.vfio) this.#vfio--;
    this.#calls.push(dropped);
    this.#depth--;
  }
}

export class ThreadCalls {
  readonly #stacks = new Map<number, CallStack>();
  #lastKey = Number.NaN;
  #last: CallStack;

  /** @param newRow makes a row for the events of one open call */
  constructor(private readonly newRow: () => EventRow) {
    this.#last = new CallStack(newRow);
  }

  of(tid: number, cpu: number): CallStack {
    const key = tid === 0 ? -1 - cpu : tid;
    // Most often the next record is of the same thread.
    if (key !== this.#lastKey) {
      this.#last = this.#find(key);
      this.#lastKey = key;
    }
    return this.#last;
  }

  #find(key: number): CallStack {
    const known = this.#stacks.get(key);
    if (known !== undefined) return known;
    if (this.#stacks.size >= THREADS_MAX) this.#forgetIdle();
    const stack = new CallStack(this.newRow);
    this.#stacks.set(key, stack);
    return stack;
  }

  forget(cpu: number): void {
    for (const stack of this.#stacks.values()) stack.forget(cpu);
  }

  *open(): Generator<OpenCall> {
    for (const stack of this.#stacks.values()) yield* stack.open();
  }

  #forgetIdle(): void {
    this.#lastKey = Number.NaN;
    for (const [key, stack] of this.#stacks) if (stack.depth === 0) this.#stacks.delete(key);
    // Threads that never return from a call of the catalogue are eventually forgotten.
    if (this.#stacks.size >= THREADS_MAX) this.#stacks.clear();
  }
}
