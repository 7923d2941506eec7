/**
 * The actors of a recording: threads that write binding attributes, load or unload modules, add or
 * remove functions. What other threads did, the kernel did by itself.
 */
import type { Action, ActorSpec } from '../kernel/index.js';
import type { RecordedEvent } from './recording.js';

export interface Actors {
  readonly specs: readonly ActorSpec[];
  /** The actor of each event; -1 for one of the kernel's workers. */
  readonly owners: Int32Array;
  /**
   * The next event of the same actor, or of the same worker; the number of events if there is none.
   */
  readonly next: Int32Array;
  /** The first event of each actor. */
  readonly first: readonly number[];
}

/** What begins an arrival or a removal, with the function's first event. */
const STARTS: ReadonlySet<string> = new Set(['pci_device_add', 'pci_stop_and_remove_bus_device']);

interface Thread {
  actor: number;
  depth: number;
  /** Whose the call is that is under way. */
  owner: number;
  /** The function that a removal or an arrival without a call around it is about. */
  about: string | null;
}

export function actorsOf(events: readonly RecordedEvent[]): Actors {
  const threads = new Map<number, Thread>();
  const operations: Action[][] = [];
  const owners = new Int32Array(events.length);
  const loads = new Loads();
  for (const [i, e] of events.entries()) {
    let thread = threads.get(e.tid);
    if (thread === undefined) {
      thread = { actor: -1, depth: 0, owner: -1, about: null };
      threads.set(e.tid, thread);
    }
    // A write comes from user space, so that nothing can be under way in its thread.
    if (e.kind === 'sysfs.write' && e.phase === 'begin') thread.depth = 0;
    const isAbout = thread.about !== null && thread.about === e.device && !STARTS.has(e.name);
    const goesOn = thread.depth > 0 || isAbout;
    const action = goesOn ? null : actionOf(e);
    if (action !== null) {
      if (thread.actor < 0) thread.actor = operations.push([]) - 1;
      operations[thread.actor].push(action);
      if (action.type === 'load') loads.begin(action, e.tid);
      thread.about = e.phase === 'point' ? e.device : null;
    }
    if (thread.depth === 0) {
      const belongs = action !== null || goesOn;
      thread.owner = belongs ? thread.actor : -1;
      if (!belongs) thread.about = null;
    }
    owners[i] = thread.owner;
    loads.take(e);
    if (e.phase === 'begin') thread.depth++;
    else if (e.phase === 'end') thread.depth = Math.max(0, thread.depth - 1);
  }
  loads.tellWhichAreAsync();
  const specs = operations.map(
    (actions, i): ActorSpec => ({
      name: `actor-${i}`,
      operations: actions.map((action) => ({ action, when: null, onError: 'continue' })),
    }),
  );
  return { specs, owners, ...linksOf(events, owners, operations.length) };
}

type Load = Extract<Action, { readonly type: 'load' }>;

/**
 * Loads of a driver's module that made it probe asynchronously: those in which a worker tried it,
 * and, for a driver that does so, those in which its own thread tried nothing.
 */
class Loads {
  readonly #all: { action: Load; tried: boolean; isAsync: boolean }[] = [];
  /** The load that is under way in a thread. */
  readonly #open = new Map<number, Load>();

  begin(action: Load, tid: number): void {
    this.#all.push({ action, tried: false, isAsync: false });
    this.#open.set(tid, action);
  }

  take({ name, phase, driver, tid, isAsync }: RecordedEvent): void {
    if (name === 'bus_add_driver' && phase === 'end') this.#open.delete(tid);
    if (name !== '__driver_probe_device' || phase !== 'begin') return;
    const load = this.#all.findLast(({ action }) => action.driver === driver);
    if (load === undefined) return;
    if (isAsync) load.isAsync = true;
    else if (this.#open.get(tid) === load.action) load.tried = true;
  }

  tellWhichAreAsync(): void {
    const drivers = new Set(this.#all.filter((l) => l.isAsync).map((l) => l.action.driver));
    for (const { action, isAsync, tried } of this.#all) {
      if (!isAsync && (tried || !drivers.has(action.driver))) continue;
      Object.assign(action, { isAsync: true });
    }
  }
}

function linksOf(events: readonly RecordedEvent[], owners: Int32Array, actors: number) {
  const next = new Int32Array(events.length).fill(events.length);
  const first = new Array<number>(actors).fill(events.length);
  const last = new Map<string, number>();
  for (const [i, owner] of owners.entries()) {
    const key = owner < 0 ? `worker ${events[i].tid}` : `actor ${owner}`;
    const before = last.get(key);
    if (before !== undefined) next[before] = i;
    else if (owner >= 0) first[owner] = i;
    last.set(key, i);
  }
  return { next, first };
}

/** What a thread begins to do with an event in which nothing of it is under way. */
function actionOf(e: RecordedEvent): Action | null {
  const { kind, phase, name, device, driver } = e;
  if (phase === 'end') return null;
  if (kind === 'sysfs.write') return writeOf(e);
  if (name === 'bus_add_driver' && driver !== null) return { type: 'load', driver };
  if (name === 'bus_remove_driver' && driver !== null) return { type: 'unload', driver };
  if (device === null) return null;
  if (name === 'pci_stop_and_remove_bus_device') return { type: 'removal', address: device };
  // Workers that bind do it in probes; a release outside of a write comes from a driver's own work
  // item.
  if (name === 'device_release_driver_internal') return { type: 'release', address: device };
  return name === 'pci_device_add' ? { type: 'plug', address: device } : null;
}

/** Attributes of the bus and of drivers: the recorder names the function that the text names. */
const OF_NO_FUNCTION: ReadonlySet<string> = new Set([
  'bind',
  'unbind',
  'drivers_probe',
  'new_id',
  'remove_id',
]);

const writeOf = ({ name, device, driver, text }: RecordedEvent): Action => ({
  type: 'write',
  attribute: name,
  address: OF_NO_FUNCTION.has(name) ? null : device,
  driver,
  text,
});
