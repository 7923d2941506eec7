/**
 * Reads a trace as moments of threads: what trace viewers call slices, instants and counters. One
 * pass, one batch in memory; calls that are open are held, nothing else.
 */
import type { Batch, DictView, TraceReader, WordView } from '../../traces/index.js';

/** A thread as the trace names it. Events without one belong to a thread 0. */
export interface Thread {
  readonly tid: number;
  readonly pid: number;
  readonly task: string;
}

/** A call that has begun. */
export interface OpenCall {
  readonly seq: number;
  readonly at: number;
  readonly name: string;
}

/** An event in the row of a batch; the same object for every event. */
export interface Moment {
  readonly batch: Batch;
  readonly row: number;
  readonly seq: number;
  /**
   * Nanoseconds after zero. Where the clock went back, the last time of the thread: viewers need
   * the moments of a thread in order.
   */
  readonly at: number;
  readonly kind: string;
  readonly name: string;
  readonly thread: Thread;
  /** The call that it is within, or, for an end, that its call is within. */
  readonly within: OpenCall | null;
}

/** Receives moments in the order of the trace. */
export interface MomentVisitor {
  /** Before the first moment of a thread. */
  thread(thread: Thread): void;
  begin(moment: Moment): void;
  /** @param call that ends; it is the innermost open one of its thread */
  end(moment: Moment, call: OpenCall): void;
  point(moment: Moment): void;
  /** A call whose end is not in the trace, when a call around it ends or the trace does. */
  cut(thread: Thread, call: OpenCall, at: number, within: OpenCall | null): void;
  counter(name: CounterName, at: number, value: number): void;
}

/** What is counted over time, with the unit. */
export const COUNTERS = { 'DMA mapped': 'bytes', 'VFIO files open': 'count' } as const;
export type CounterName = keyof typeof COUNTERS;

interface OpenThread extends Thread {
  last: number;
  readonly calls: OpenCall[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** @param zero the time that moments count from */
export function visitMoments(reader: TraceReader, zero: bigint, visitor: MomentVisitor): void {
  const threads = new Threads(visitor);
  const counters = new Counters(visitor);
  let end = 0;
  for (const batch of reader.read()) {
    const columns = new Columns(batch, zero);
    for (let row = 0; row < batch.rows; row++) {
      if (columns.kind.at(row) === 'snapshot') continue;
      const thread = threads.of(columns, row);
      thread.last = Math.max(thread.last, columns.at(row));
      end = Math.max(end, thread.last);
      visitRow(columns, row, thread, visitor);
      counters.add(columns, row, thread.last);
    }
  }
  for (const thread of threads.all()) cutTo(thread, 0, end, visitor);
}

function visitRow(columns: Columns, row: number, thread: OpenThread, visitor: MomentVisitor): void {
  const { calls } = thread;
  const phase = columns.phase.at(row);
  const moment = columns.moment(row, thread);
  if (phase === 'begin') {
    visitor.begin(moment);
    calls.push({ seq: moment.seq, at: moment.at, name: moment.name });
    return;
  }
  const span = phase === 'end' && columns.span.has(row) ? columns.span.number(row) : -1;
  const index = span < 0 ? -1 : calls.findLastIndex(({ seq }) => seq === span);
  if (index < 0) {
    visitor.point(moment);
    return;
  }
  cutTo(thread, index + 1, moment.at, visitor);
  const call = calls.pop()!;
  moment.within = calls.at(-1) ?? null;
  moment.name = call.name;
  visitor.end(moment, call);
}

/** Ends calls whose own end is missing. @param depth how many calls stay open */
function cutTo(thread: OpenThread, depth: number, at: number, visitor: MomentVisitor): void {
  const { calls } = thread;
  while (calls.length > depth) {
    const call = calls.pop()!;
    visitor.cut(thread, call, Math.max(at, thread.last), calls.at(-1) ?? null);
  }
}

/** The columns of a batch that every moment needs. */
class Columns {
  readonly kind: DictView;
  readonly phase: DictView;
  readonly name: DictView;
  readonly task: DictView;
  readonly span: WordView;
  readonly ts: WordView;
  readonly #moment: Writable<Moment>;
  readonly #zero: bigint;

  constructor(
    readonly batch: Batch,
    zero: bigint,
  ) {
    this.kind = batch.column('kind');
    this.phase = batch.column('phase');
    this.name = batch.column('name');
    this.task = batch.column('task');
    this.span = batch.column('span');
    this.ts = batch.column('ts');
    this.#zero = zero;
    const thread: Thread = { tid: 0, pid: 0, task: '' };
    this.#moment = { batch, row: 0, seq: 0, at: 0, kind: '', name: '', thread, within: null };
  }

  /** Nanoseconds after zero. */
  at(row: number): number {
    return Number(this.ts.big(row) - this.#zero);
  }

  moment(row: number, thread: OpenThread): Writable<Moment> {
    const moment = this.#moment;
    moment.row = row;
    moment.seq = this.batch.seqFirst + row;
    moment.at = thread.last;
    moment.kind = this.kind.at(row) ?? '';
    moment.name = this.name.at(row) ?? moment.kind;
    moment.thread = thread;
    moment.within = thread.calls.at(-1) ?? null;
    return moment;
  }
}

class Threads {
  readonly #threads = new Map<number, OpenThread>();

  constructor(private readonly visitor: MomentVisitor) {}

  of({ batch, task }: Columns, row: number): OpenThread {
    const tid = batch.column('tid').at(row);
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      const pids = batch.column('pid');
      const pid = pids.has(row) ? pids.at(row) : tid;
      thread = { tid, pid, task: task.at(row) ?? '', last: Number.NEGATIVE_INFINITY, calls: [] };
      this.#threads.set(tid, thread);
      this.visitor.thread(thread);
    }
    return thread;
  }

  all(): Iterable<OpenThread> {
    return this.#threads.values();
  }
}

const OPENING = new Set<string>(['file.open', 'group.open']);
const CLOSING = new Set<string>(['file.close', 'group.close']);

/**
 * Bytes that DMA mappings hold, and files that are open. What was there before the recording is not
 * known, so that a value never falls below zero.
 */
class Counters {
  readonly #values: Record<CounterName, number> = { 'DMA mapped': 0, 'VFIO files open': 0 };

  constructor(private readonly visitor: MomentVisitor) {}

  add({ batch, kind, phase }: Columns, row: number, at: number): void {
    const what = kind.at(row) ?? '';
    if (phase.at(row) === 'begin' || failed(batch, row)) return;
    if (what === 'dma.map') this.#change('DMA mapped', at, batch.column('length').number(row));
    else if (what === 'dma.unmap') this.#change('DMA mapped', at, -unmapped(batch, row));
    else if (OPENING.has(what)) this.#change('VFIO files open', at, 1);
    else if (CLOSING.has(what)) this.#change('VFIO files open', at, -1);
  }

  #change(name: CounterName, at: number, difference: number): void {
    const value = Math.max(0, this.#values[name] + difference);
    this.#values[name] = value;
    this.visitor.counter(name, at, value);
  }
}

function failed(batch: Batch, row: number): boolean {
  const ret = batch.column('ret');
  return ret.has(row) && ret.number(row) < 0;
}

/** Bytes that an unmap removed; those that it was called for, where the result is not recorded. */
function unmapped(batch: Batch, row: number): number {
  const value = batch.column('value');
  return (value.has(row) ? value : batch.column('length')).number(row);
}
