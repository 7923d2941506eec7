/** One replay of a recording, which notes how its events depend on each other. */
import {
  type EventCursor,
  type Reason,
  Replayer,
  reasonsOf,
  type Verdict,
} from '../../replay/index.js';
import { type Kind, kindFacts, type TraceReader } from '../../traces/index.js';
import { isSigbus } from './event-words.js';
import { Holders, type Wait } from './holders.js';

/** A call that is under way on a thread. */
interface OpenCall {
  readonly seq: number;
  readonly kind: string;
  /** The last call inside it that failed, unless another call came after that. */
  failed: { readonly seq: number; readonly ret: number } | null;
}

interface Thread {
  readonly calls: OpenCall[];
  /** The work item of a driver that began last and has no recorded end. */
  work: number | null;
}

/** How the events of a recording depend on each other, by their numbers. */
export class Links {
  /** The call or the work item that an event is a part of. */
  readonly within = new Map<number, number>();
  /** The call inside of a failed one that returned its error. */
  readonly returned = new Map<number, number>();
  /** The rules that refused a call or an access, or let a fault pass. */
  readonly reasons = new Map<number, readonly Reason[]>();
  /** Why replay did not predict an error, in words. */
  readonly unpredicted = new Map<number, string>();
  readonly endOf = new Map<number, number>();
  /** Releases that a removal of the function explains, and the event that shows it. */
  readonly removals = new Map<number, number>();
  /** Failed calls of users, refused faults, and releases of drivers, in order. */
  readonly failures: number[] = [];
  readonly faults: number[] = [];
  readonly releases: number[] = [];
  readonly bindings: number[] = [];
  readonly #devices = new Map<number, string>();
  readonly #holders = new Holders();
  readonly #threads = new Map<number, Thread>();
  /** When each device came, and its uevents. */
  readonly #made = new Map<string, number[]>();
  readonly #uevents = new Map<string, number[]>();
  /** The last release of each device. */
  readonly #released = new Map<string, { readonly seq: number; readonly tid: number }>();

  /** @param reader the recording, which is replayed as a whole */
  static of(reader: TraceReader, kernel = reader.meta.kernel): Links {
    const links = new Links();
    const replayer = new Replayer({
      ...reader.meta,
      kernel,
      observe: (e, verdict) => links.#see(e, verdict),
    });
    for (const batch of reader.read()) replayer.feed(batch);
    return links;
  }

  /** What a call waited for. */
  waitOf(begin: number): Wait | undefined {
    return this.#holders.waits.get(begin);
  }

  /** The user of a group whose opening was refused because of him. */
  holderOf(seq: number): number | undefined {
    return this.#holders.refused.get(seq);
  }

  /** The event with which a device came, before another one; undefined if it was there before. */
  madeBefore(device: string, seq: number): number | undefined {
    return this.#made.get(device)?.findLast((made) => made < seq);
  }

  ueventBefore(device: string, seq: number): number | undefined {
    return this.#uevents.get(device)?.findLast((sent) => sent < seq);
  }

  /** Those of some noted events that are about a device. */
  of(device: string, seqs: readonly number[]): number[] {
    return seqs.filter((seq) => this.#devices.get(seq) === device);
  }

  #note(list: number[], e: EventCursor): void {
    list.push(e.seq);
    if (e.device !== null) this.#devices.set(e.seq, e.device);
  }

  #see(e: EventCursor, verdict: Verdict): void {
    const { seq, tid, kind } = e;
    const thread = this.#threadOf(tid);
    if (e.phase === 'end') this.#end(thread, e);
    else this.#begin(thread, e);
    const reasons = reasonsOf(verdict);
    if (reasons !== undefined) this.reasons.set(seq, reasons);
    else if (verdict.type in UNPREDICTED && e.hasRet && isError(e, e.ret)) {
      this.unpredicted.set(seq, UNPREDICTED[verdict.type]!);
    }
    this.#holders.see(e, thread.calls);
    if (isFailure(e)) this.#note(this.failures, e);
    if (isFault(e)) this.#note(this.faults, e);
    const { device } = e;
    if (device === null) return;
    if (kind === 'unbind' && e.phase === 'begin' && e.driver !== null) {
      this.#note(this.releases, e);
      this.#released.set(device, { seq, tid });
    }
    if (kind === 'bind' && e.phase === 'point') this.#note(this.bindings, e);
    if (kind === 'iommu.detach' || kind === 'device.remove') this.#leaves(device, e);
    if (kind === 'device.add') append(this.#made, device, seq);
    if (kind === 'uevent') append(this.#uevents, device, seq);
  }

  /** The thread that released a device removes it, although no event says that it began to. */
  #leaves(device: string, { seq, tid }: EventCursor): void {
    const released = this.#released.get(device);
    if (released?.tid === tid && !this.within.has(released.seq)) {
      this.removals.set(released.seq, seq);
    }
  }

  #threadOf(tid: number): Thread {
    let thread = this.#threads.get(tid);
    if (thread === undefined) {
      thread = { calls: [], work: null };
      this.#threads.set(tid, thread);
    }
    return thread;
  }

  #begin(thread: Thread, e: EventCursor): void {
    const { seq, phase, kind } = e;
    if (kind === 'sysfs.write') this.#enter(thread);
    // A kernel thread does one work item after the other: an earlier one causes no later one.
    if (kind === 'driver.work') thread.work = null;
    const around = thread.calls.at(-1)?.seq ?? thread.work;
    if (around !== null && kindFacts(kind)?.frequent !== true) this.within.set(seq, around);
    if (kind === 'driver.work' && phase === 'point') thread.work = seq;
    else if (thread.calls.length === 0 && kind !== 'unbind') thread.work = null;
    if (phase === 'begin' && e.tid > 0) thread.calls.push({ seq, kind, failed: null });
  }

  /** A thread that writes comes from user space: an open earlier write has ended unseen. */
  #enter({ calls }: Thread): void {
    const last = calls.findIndex(({ kind }) => kind !== 'syscall');
    if (last >= 0) calls.splice(last);
  }

  #end(thread: Thread, e: EventCursor): void {
    const at = thread.calls.findLastIndex(({ seq }) => seq === e.span);
    if (at < 0) return;
    const [call] = thread.calls.splice(at);
    this.endOf.set(call.seq, e.seq);
    const { ret } = e;
    const failed = e.hasRet && isError(e, ret);
    if (failed && call.failed !== null && isSame(call.failed.ret, ret)) {
      this.returned.set(e.seq, call.failed.seq);
    }
    const around = thread.calls.at(-1);
    if (around === undefined || !e.hasRet) return;
    // What a call around it returns is decided by the last one inside that failed.
    if (failed || !CLEANS_UP.has(e.kind)) around.failed = failed ? { seq: e.seq, ret } : null;
  }
}

const UNPREDICTED: Readonly<Partial<Record<Verdict['type'], string>>> = {
  unknown: 'the recording does not show the state or the argument that decides this result',
  unmodelled: 'replay has no model of this call',
};

/** Calls by which the kernel undoes what failed: they do not decide the result. */
const CLEANS_UP: ReadonlySet<string> = new Set([
  'unbind',
  'device.close',
  'power',
] satisfies Kind[]);

/** Functions of the driver core return a driver's error as a positive number. */
const POSITIVE: ReadonlySet<string> = new Set(['match', 'probe', 'bind'] satisfies Kind[]);

const isError = ({ kind }: EventCursor, ret: number): boolean =>
  ret < 0 || (ret > 0 && POSITIVE.has(kind));

const [EAGAIN, EPROBE_DEFER] = [11, 517];

/** The driver core turns the sign of errors, and EPROBE_DEFER into EAGAIN for users. */
function isSame(inner: number, outer: number): boolean {
  const [a, b] = [Math.abs(inner), Math.abs(outer)];
  return a === b || (a === EPROBE_DEFER && b === EAGAIN);
}

const append = (to: Map<string, number[]>, key: string, seq: number): void => {
  const list = to.get(key);
  if (list === undefined) to.set(key, [seq]);
  else list.push(seq);
};

/** Kinds of calls that a user makes. */
const CALLS: ReadonlySet<string> = new Set([
  'ioctl',
  'sysfs.write',
  'group.open',
  'file.open',
  'mmap',
  'region.read',
  'region.write',
  'config.read',
  'config.write',
] satisfies Kind[]);

/** A call of a user, not a function inside of it, that ended with an error. */
function isFailure(e: EventCursor): boolean {
  if (e.phase === 'begin' || !e.hasRet || e.ret >= 0 || !CALLS.has(e.kind)) return false;
  return e.path === null ? e.kind !== 'ioctl' : e.path === 'vfio' || e.path === 'sysfs';
}

/** A fault that was refused; one that maps a page on demand does not count. */
function isFault(e: EventCursor): boolean {
  if (e.kind === 'fault.dma') return e.hasOffset;
  if (e.kind === 'fault.bus') return true;
  return e.phase === 'end' && isSigbus(e);
}
