/**
 * Who did what in a recording: a thread that writes binding attributes, loads or unloads modules,
 * adds or removes functions is an actor; what others did, the kernel did by itself.
 */
import type { Action, ActorSpec } from '../kernel/index.js';
import { operationsOf } from './operations.js';
import type { RecordedEvent, Recording } from './recording.js';
import type { UserOperation } from './user-actions.js';
import type { Users } from './users.js';

export interface Actors {
  readonly specs: readonly ActorSpec[];
  /** By actor: numbers of the first event of each of its operations. */
  readonly begins: readonly (readonly number[])[];
  /** The actor of each event; -1 for one of the kernel's workers. */
  readonly owners: Int32Array;
  /** The next event of the same actor, or of the same worker; the number of events after all. */
  readonly next: Int32Array;
  /** The first event of each actor. */
  readonly first: readonly number[];
}

export function actorsOf(
  { events, drivers }: Pick<Recording, 'events' | 'drivers'>,
  users: Users,
): Actors {
  const owners = new Int32Array(events.length).fill(-1);
  const loads = new Map<number, Load>();
  const specs: ActorSpec[] = [];
  const begins: number[][] = [];
  const ofUsers = byThread(users.operations);
  for (const [tid, numbers] of threadsOf(events)) {
    const operations = operationsOf(
      numbers.map((i) => events[i]),
      drivers,
    );
    const asUser = ofUsers.get(tid) ?? [];
    if (operations.length === 0 && asUser.length === 0) continue;
    const actor = specs.length;
    if (asUser.length > 0) {
      for (const i of numbers) if (isOfUser(events[i])) owners[i] = actor;
    }
    for (const { action, from, to } of operations) {
      if (action.type === 'load') loads.set(numbers[from], action);
      for (let i = from; i < to; i++) owners[numbers[i]] = actor;
    }
    const own = operations.map(({ action, from }) => ({ action, at: numbers[from] }));
    const all: { readonly action: Action; readonly at: number }[] = [...asUser, ...own];
    all.sort((a, b) => a.at - b.at);
    begins.push(all.map(({ at }) => at));
    const process = users.processes.get(tid);
    specs.push({
      name: `actor-${actor}`,
      ...(process === undefined ? {} : { process: `process-${process}` }),
      operations: all.map(({ action }) => ({ action, when: null, onError: 'continue' })),
    });
  }
  learnWhichAreAsync(events, loads);
  return { specs, begins, owners, ...linksOf(events, owners, specs.length) };
}

/** Numbers of the events of each thread; threads in the order of their first events. */
function threadsOf(events: readonly RecordedEvent[]): Map<number, number[]> {
  const threads = new Map<number, number[]>();
  for (const [i, { tid }] of events.entries()) {
    const numbers = threads.get(tid);
    if (numbers === undefined) threads.set(tid, [i]);
    else numbers.push(i);
  }
  return threads;
}

/** Whether an event is one that a user of VFIO causes by a call of its own. */
export const isOfUser = ({ access, kind }: RecordedEvent): boolean =>
  access !== null || kind === 'iommu.attach';

function byThread(operations: readonly UserOperation[]): Map<number, UserOperation[]> {
  const threads = new Map<number, UserOperation[]>();
  for (const operation of operations) {
    const own = threads.get(operation.tid);
    if (own === undefined) threads.set(operation.tid, [operation]);
    else own.push(operation);
  }
  return threads;
}

type Load = Extract<Action, { readonly type: 'load' }>;

/**
 * Which loads of a driver's module made it probe asynchronously: those in which a worker tried it,
 * and, for a driver that is seen to do so, those in which its own thread tried nothing.
 * @param begins loads by the number of their first event
 */
function learnWhichAreAsync(
  events: readonly RecordedEvent[],
  begins: ReadonlyMap<number, Load>,
): void {
  const loads: { action: Load; tried: boolean; isAsync: boolean }[] = [];
  /** The load that is under way in a thread. */
  const open = new Map<number, Load>();
  for (const [i, { name, phase, driver, tid, isAsync }] of events.entries()) {
    const action = begins.get(i);
    if (action !== undefined) {
      loads.push({ action, tried: false, isAsync: false });
      open.set(tid, action);
    }
    if (name === 'bus_add_driver' && phase === 'end') open.delete(tid);
    if (name !== '__driver_probe_device' || phase !== 'begin') continue;
    const load = loads.findLast((one) => one.action.driver === driver);
    if (load === undefined) continue;
    if (isAsync) load.isAsync = true;
    else if (open.get(tid) === load.action) load.tried = true;
  }
  const drivers = new Set(loads.filter((l) => l.isAsync).map((l) => l.action.driver));
  for (const { action, isAsync, tried } of loads) {
    if (!isAsync && (tried || !drivers.has(action.driver))) continue;
    Object.assign(action, { isAsync: true });
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
