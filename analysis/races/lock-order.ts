/**
 * Deadlocks that a recording did not have: locks that threads took in opposite orders. Which lock a
 * call takes is known from the kernel; no event of a lock is needed.
 */
import { ADVICE, EventCursor, type RaceClass } from '../../replay/index.js';
import { type Batch, type Bdf, parseBdf, type Seq, toNanos } from '../../traces/index.js';
import type { RaceSide } from './find.js';
import type { Actor } from './operation.js';

/** Two threads that each may wait for what the other one has. */
export interface DeadlockCandidate {
  readonly device: Bdf;
  readonly class: RaceClass;
  /** What the first thread had when it took the second; the other thread did the reverse. */
  readonly locks: readonly [string, string];
  /** Where each thread took the later one of its two. */
  readonly first: RaceSide;
  readonly second: RaceSide;
  readonly advice: string;
}

/** A lock, or the users of a device, for whom an unbind waits. */
interface Held {
  readonly lock: string;
  readonly device: Bdf;
}

/** A call of a thread, and what it has until it ends. */
interface Call {
  readonly name: string;
  readonly device: Bdf | null;
  readonly held: readonly Held[];
}

/** That somebody took a lock while having another. */
interface Edge {
  readonly from: Held;
  readonly to: Held;
  readonly side: RaceSide;
  readonly pid: number;
  /** Everything that was held: a lock that both threads had keeps them apart. */
  readonly gates: ReadonlySet<string>;
}

const deviceLock = (device: Bdf): Held => ({ lock: `device_lock of ${device}`, device });
const usersOf = (device: Bdf): Held => ({ lock: `users of ${device}`, device });

/**
 * Calls that have `device_lock` of their function until they end (kernel drivers/base/dd.c and
 * drivers/pci/iov.c 6.1). Of reads of sriov_numvfs some kernels do so.
 */
const HAVE_DEVICE_LOCK: ReadonlySet<string> = new Set([
  'unbind device_release_driver_internal',
  'probe really_probe',
  'sysfs.write sriov_numvfs',
  'sysfs.read sriov_numvfs',
]);
/** It waits until no user has the device open (kernel drivers/vfio/vfio_main.c 6.1). */
const WAITS_FOR_USERS = 'vfio.unregister vfio_unregister_group_dev';
const OPENS: ReadonlySet<string> = new Set(['vfio_pci_core_enable', 'vfio_df_open']);

export class LockOrder {
  readonly #cursor = new EventCursor();
  readonly #calls = new Map<number, Call[]>();
  /** Devices that each process has open. */
  readonly #open = new Map<number, Set<Bdf>>();
  /** By what is held and what is taken: the first of each thread. */
  readonly #edges = new Map<string, Edge[]>();

  add(batch: Batch): void {
    const e = this.#cursor;
    e.open(batch);
    const { ids, entries } = batch.column('kind');
    const wanted = entries.map((kind) => KINDS.has(kind));
    for (let row = 0; row < batch.rows; row++) {
      if (!wanted[ids[row]]) continue;
      e.moveTo(row);
      this.#take(e);
    }
  }

  #take(e: EventCursor): void {
    const device = e.device === null ? null : parseBdf(e.device);
    this.#noteUse(e, device);
    if (e.phase === 'end') this.#end(e);
    if (e.phase !== 'begin') return;
    const { name } = e;
    const lock = lockOf(e, device);
    const own = (this.#calls.get(e.tid) ?? []).flatMap(({ held }) => held);
    const behalf = own.length > 0 || device === null ? [] : this.#onBehalf(e, device);
    const open = [...(this.#open.get(e.pid) ?? [])].map(usersOf);
    const held = [...own, ...behalf, ...open];
    if (lock !== null) for (const one of held) this.#note(one, lock, e, held);
    const calls = this.#calls.get(e.tid) ?? [];
    this.#calls.set(e.tid, calls);
    calls.push({ name, device, held: lock === null ? behalf : [...behalf, lock] });
  }

  #end(e: EventCursor): void {
    const calls = this.#calls.get(e.tid) ?? [];
    const at = calls.findLastIndex(({ name }) => name === e.name);
    if (at >= 0) calls.length = at;
  }

  /** A process has a device from its open to its close. */
  #noteUse({ kind, name, phase, pid, hasRet, ret }: EventCursor, device: Bdf | null): void {
    if (device === null) return;
    const isOpen = kind === 'device.open' && OPENS.has(name) && phase !== 'begin';
    if (isOpen && (!hasRet || ret >= 0)) {
      this.#open.set(pid, (this.#open.get(pid) ?? new Set()).add(device));
    }
    if (kind === 'device.close') this.#open.get(pid)?.delete(device);
  }

  /**
   * What another thread has that is in a probe of the same function, and waits for this one to do
   * the driver's part.
   */
  #onBehalf({ tid, kind }: EventCursor, device: Bdf): readonly Held[] {
    if (kind !== 'probe' && kind !== 'sriov.enable') return [];
    for (const [other, calls] of this.#calls) {
      if (other === tid) continue;
      const at = calls.findLastIndex(
        (call) => call.name === 'pci_device_probe' && call.device === device,
      );
      if (at >= 0) return calls.slice(0, at).flatMap(({ held }) => held);
    }
    return [];
  }

  #note(from: Held, to: Held, e: EventCursor, held: readonly Held[]): void {
    if (from.lock === to.lock) return;
    const key = `${from.lock} ${to.lock}`;
    const edges = this.#edges.get(key) ?? [];
    this.#edges.set(key, edges);
    if (edges.length >= EDGES_MAX || edges.some(({ side }) => side.actor.tid === e.tid)) return;
    const gates = new Set(held.map(({ lock }) => lock));
    edges.push({ from, to, side: sideOf(e, to), pid: e.pid, gates });
  }

  /** Pairs of threads that took two locks in opposite orders, and had no other lock in common. */
  finish(): DeadlockCandidate[] {
    const found: DeadlockCandidate[] = [];
    for (const edges of this.#edges.values()) {
      const { from, to } = edges[0];
      if (from.lock > to.lock) continue;
      const reverse = this.#edges.get(`${to.lock} ${from.lock}`) ?? [];
      const pair = edges.flatMap((a) => reverse.filter((b) => canMeet(a, b)).map((b) => [a, b]))[0];
      if (pair !== undefined) found.push(candidateOf(pair[0], pair[1]));
    }
    return found.sort((a, b) => a.first.seq - b.first.seq);
  }
}

/** Threads that are noted for each order of two locks. */
const EDGES_MAX = 16;

function canMeet(a: Edge, b: Edge): boolean {
  if (a.side.actor.tid === b.side.actor.tid) return false;
  const own = new Set([a.from.lock, a.to.lock]);
  return ![...a.gates].some((gate) => !own.has(gate) && b.gates.has(gate));
}

function candidateOf(a: Edge, b: Edge): DeadlockCandidate {
  const [first, second] = a.side.seq < b.side.seq ? [a, b] : [b, a];
  return {
    device: first.to.device,
    class: 'R17',
    locks: [first.from.lock, first.to.lock],
    first: first.side,
    second: second.side,
    advice: ADVICE.R17,
  };
}

const KINDS: ReadonlySet<string> = new Set([
  ...['unbind', 'probe', 'sysfs.write', 'sysfs.read', 'vfio.unregister'],
  ...['device.open', 'device.close', 'sriov.enable'],
]);

/** What a call takes, or waits for. */
function lockOf({ kind, name }: EventCursor, device: Bdf | null): Held | null {
  if (device === null) return null;
  const call = `${kind} ${name}`;
  if (HAVE_DEVICE_LOCK.has(call)) return deviceLock(device);
  return call === WAITS_FOR_USERS ? usersOf(device) : null;
}

function sideOf(e: EventCursor, { lock }: Held): RaceSide {
  const { task, tid, kind, name } = e;
  const actor: Actor = { task, tid };
  const verb = kind === 'sysfs.read' ? 'read of ' : kind === 'sysfs.write' ? 'write of ' : '';
  const takes = lock.startsWith('users') ? 'waits for' : 'takes';
  return { seq: e.seq as Seq, ts: toNanos(e.ts), actor, what: `${verb}${name} ${takes} ${lock}` };
}
