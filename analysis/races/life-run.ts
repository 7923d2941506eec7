/**
 * The life of a function as a run of the kernel: its actors do what they did. The recorded order
 * is one of those that can be explored.
 */
import {
  type ActorSpec,
  boot,
  type Kernel,
  World as KernelWorld,
  type OperationSpec,
  oneAfterTheOther,
  type RunSpec,
  scheduleOf,
} from '../../replay/index.js';
import { ERRNO } from '../../traces/index.js';
import { actionOf, driversOf, functionOf, mentioned, type World } from './life-machine.js';
import type { Lifetime, Operation } from './operation.js';

/** An operation of the run, and what it was in the recording. */
export interface RunOperation {
  readonly spec: OperationSpec;
  /** Null for what a driver always did with such functions, and did not do in this life. */
  readonly recorded: Operation | null;
}

export interface RunActor {
  readonly name: string;
  readonly operations: readonly RunOperation[];
}

export interface LifeRun {
  readonly lifetime: Lifetime;
  readonly run: RunSpec;
  readonly actors: readonly RunActor[];
  /**
   * The thread of each step in the recorded order, up to an end: a driver that always gives such
   * functions up does so there.
   */
  readonly schedule: readonly number[];
  /** The driver after the last operation of the recording; null for none. */
  readonly driver: string | null;
}

/** What an actor does when an operation fails that had succeeded in the recording. */
export type OnDifference = 'continue' | 'stop';

/** @param kernel release of the recorded kernel */
export function runOfLife(
  lifetime: Lifetime,
  world: World,
  kernel: string,
  onDifference: OnDifference = 'continue',
): LifeRun {
  const actors = actorsOf(lifetime, world, onDifference);
  const names = [...new Set([...world.natives, ...mentioned(lifetime)])];
  const answersOf = (name: string) => [
    { to: lifetime.device, results: resultsOf(name, lifetime, world) },
  ];
  const run: RunSpec = {
    machine: {
      kernel,
      functions: [functionOf(lifetime, world.autoprobe)],
      drivers: driversOf(lifetime, names, world.natives, answersOf),
    },
    actors: actors.map(
      ({ name, operations }): ActorSpec => ({
        name,
        operations: operations.map(({ spec }) => spec),
      }),
    ),
  };
  return { lifetime, run, actors, ...recordedOrder(lifetime, run, actors) };
}

/** The operation of an actor in the recording, by its number from 1; null for what it is not. */
export function recordedOperation(
  { actors }: LifeRun,
  actor: string,
  operation: number | null,
): Operation | null {
  const own = actors.find(({ name }) => name === actor);
  return operation === null ? null : (own?.operations[operation - 1]?.recorded ?? null);
}

/** What its probe returned in this life; else what it mostly returns to such functions. */
function resultsOf(driver: string, { probes }: Lifetime, { autoprobe, habit }: World): number[] {
  const recorded = (probes.get(driver) ?? []).filter(({ doubtful }) => autoprobe || !doubtful);
  const results = recorded.map(({ works }) => (works ? 0 : -ERRNO.ENODEV));
  if (results.length > 0)
    return results.every((one) => one === results[0]) ? [results[0]] : results;
  const { probes: tried, worked } = habit(driver);
  return [tried === 0 || worked * 2 > tried ? 0 : -ERRNO.ENODEV];
}

/** Each thread is an actor; what a driver does later by itself is one for each driver. */
function actorsOf(lifetime: Lifetime, world: World, onDifference: OnDifference): RunActor[] {
  const byThread = new Map<number, Operation[]>();
  const releases = new Map<string, Operation[]>();
  for (const operation of lifetime.operations.toSorted((a, b) => a.seq - b.seq)) {
    const { action, actor } = operation;
    const [map, key] =
      action.type === 'release'
        ? ([releases, action.driver] as const)
        : ([byThread, actor.tid] as const);
    const list = (map as Map<number | string, Operation[]>).get(key) ?? [];
    (map as Map<number | string, Operation[]>).set(key, list);
    list.push(operation);
  }
  const names = new Set<string>();
  const nameOf = (task: string, tid: number): string => {
    const name = names.has(task) ? `${task}-${tid}` : task;
    names.add(name);
    return name;
  };
  const threads = [...byThread.values()].map((list) => ({
    name: nameOf(list[0].actor.task, list[0].actor.tid),
    list: withoutRetries(list),
  }));
  const actors = threads.map(
    ({ name, list }): RunActor => ({
      name,
      operations: list.map((operation, i) => ({
        spec: {
          ...specOf(operation, i, lifetime, threads),
          onError: operation.failed ? 'continue' : onDifference,
        },
        recorded: operation,
      })),
    }),
  );
  return [...actors, ...givingUp(lifetime, world, releases, nameOf)];
}

/**
 * An actor that repeats a request until it succeeds does it once, at any time: the attempts that
 * changed nothing make no difference.
 */
const withoutRetries = (list: readonly Operation[]): Operation[] =>
  list.filter((operation, i) => {
    const next = list.at(i + 1);
    const isRepeated = JSON.stringify(next?.action) === JSON.stringify(operation.action);
    return !(operation.isVain && isRepeated);
  });

interface Thread {
  readonly name: string;
  readonly list: readonly Operation[];
}

/** What an actor does, and what it must have seen before. */
function specOf(
  operation: Operation,
  index: number,
  lifetime: Lifetime,
  threads: readonly Thread[],
): OperationSpec {
  const { device, initial } = lifetime;
  const { action } = operation;
  const spec = { action: actionOf(action, lifetime), onError: 'continue' as const };
  if (action.type === 'override' && action.driver === null) {
    // The thread that clears an override knows that the one that had set it is done with it.
    const setter = lastSetter(operation, lifetime, threads);
    if (setter !== null) return { ...spec, when: { type: 'done', ...setter } };
  }
  const mustExist = index === 0 && !initial.mayBind && action.type !== 'initial';
  const isOnPf = action.type === 'autoprobe' || action.type === 'new_id';
  const when = mustExist && !isOnPf ? { type: 'exists' as const, address: device } : null;
  return { ...spec, when };
}

/** The actor that had set the override, and how many operations it began before it was cleared. */
function lastSetter(
  clear: Operation,
  { operations }: Lifetime,
  threads: readonly Thread[],
): { readonly actor: string; readonly operations: number } | null {
  const at = operations.indexOf(clear);
  const set = operations
    .slice(0, at)
    .findLast(({ action }) => action.type === 'override' && action.driver !== null);
  if (set === undefined || set.actor.tid === clear.actor.tid) return null;
  const thread = threads.find(({ list }) => list.includes(set));
  const count = thread?.list.filter(({ seq }) => seq < clear.seq).length ?? 0;
  return thread === undefined || count === 0 ? null : { actor: thread.name, operations: count };
}

/** Drivers that give the function up by themselves, in this life or in every other one. */
function givingUp(
  lifetime: Lifetime,
  { habit }: World,
  releases: ReadonlyMap<string, readonly Operation[]>,
  nameOf: (task: string, tid: number) => string,
): RunActor[] {
  const { device } = lifetime;
  return mentioned(lifetime)
    .filter((driver, i, all) => all.indexOf(driver) === i)
    .flatMap((driver): RunActor[] => {
      const recorded = releases.get(driver) ?? [];
      const { lives, gaveUp } = habit(driver);
      const always = lives > 0 && gaveUp === lives;
      if (recorded.length === 0 && !always) return [];
      const spec: OperationSpec = {
        action: { type: 'release', address: device },
        when: { type: 'driver', address: device, driver },
        onError: 'continue',
      };
      const [first] = recorded;
      const name = nameOf(first?.actor.task ?? `${driver}-work`, first?.actor.tid ?? 0);
      const operations = (recorded.length === 0 ? [null] : recorded).map((one) => ({
        spec,
        recorded: one,
      }));
      return [{ name, operations }];
    });
}

/** The order in which the operations took effect, each without interruption. */
function recordedOrder(
  lifetime: Lifetime,
  run: RunSpec,
  actors: readonly RunActor[],
): Pick<LifeRun, 'schedule' | 'driver'> {
  const k = boot(new KernelWorld(run));
  const schedule: number[] = [];
  const step = (thread: number): void => {
    k.step(thread);
    schedule.push(thread);
  };
  const threadOf = (operation: Operation): number =>
    actors.findIndex(({ operations }) => operations.some(({ recorded }) => recorded === operation));
  const initial = lifetime.operations.find(({ action }) => action.type === 'initial');
  const maker = initial === undefined ? -1 : threadOf(initial);
  // An override may have come between the function and its first probe.
  while (maker >= 0 && k.canRun(maker) && k.callsOf(maker)[0] !== 'pci_bus_add_device') step(maker);
  for (const operation of lifetime.operations) {
    const thread = threadOf(operation);
    if (thread >= 0) runOperation(k, thread, actors[thread], operation, step);
  }
  const dev = k.findDevice(k.world.place(lifetime.device));
  const driver = dev === 0 ? null : k.boundDriverOf(dev);
  return { schedule: [...schedule, ...scheduleOf(k, oneAfterTheOther)], driver };
}

/** Does an operation of a thread to its end, if it can be done. */
function runOperation(
  k: Kernel,
  thread: number,
  { operations }: RunActor,
  operation: Operation,
  step: (thread: number) => void,
): void {
  const index = operations.findIndex(({ recorded }) => recorded === operation);
  const progress = k.progressOf(thread);
  if (k.get(progress) !== index) return;
  while (k.get(progress) === index && k.canRun(thread)) step(thread);
}
