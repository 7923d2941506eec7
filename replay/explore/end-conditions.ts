/** Expressions as conditions on the kernel that runs. */
import { errnoName } from '../../traces/index.js';
import {
  type Call,
  callsIn,
  type Expression,
  evaluate,
  everParts,
  type Facts,
  type Names,
} from '../expressions/index.js';
import type { Kernel, Outcome, Watch, World } from '../kernel/index.js';
import { DEVICE, FAULT, FRAME, GLOBAL } from '../kernel/layout.js';
import { DRIVERS } from '../model/drivers/index.js';

/** A condition on ends of runs, with the watches that a kernel needs for what it looks back to. */
export interface Condition {
  readonly watches: readonly Watch[];
  /** Drivers, deadlock and faults of an outcome decide it: nothing else of the run does. */
  readonly isOfOutcome?: boolean;
  /** Whether it holds at the end of a run, or may hold: nothing is unknown here. */
  holds(k: Kernel, outcome: Outcome): boolean;
}

/** Holds where one of several does. */
export function anyOf(expressions: readonly Expression[]): Condition {
  const watches: Watch[] = [];
  const conditions = expressions.map((e) => {
    const condition = conditionOf(e, watches.length);
    watches.push(...condition.watches);
    return condition;
  });
  return {
    watches,
    isOfOutcome: conditions.every((one) => one.isOfOutcome === true),
    holds: (k, outcome) => conditions.some((one) => one.holds(k, outcome)),
  };
}

const OF_OUTCOME: ReadonlySet<string> = new Set(['driver', 'exists', 'bound', 'deadlock', 'fault']);

/** @param watchesBefore watches that a kernel has for others, before those of this condition */
function conditionOf(e: Expression, watchesBefore: number): Condition {
  const watches = everParts(e).map(
    (part): Watch =>
      (k) =>
        evaluate(part, { fact: (call) => factOf(k, call, [k.thread]), ever: () => undefined }) ===
        true,
  );
  return {
    watches,
    isOfOutcome: watches.length === 0 && callsIn(e).every(({ fact }) => OF_OUTCOME.has(fact)),
    holds: (k, outcome) => {
      const threads = Array.from({ length: k.threads }, (_, i) => i);
      const facts: Facts = {
        fact: (call) =>
          call.fact === 'deadlock' ? outcome.deadlock !== null : factOf(k, call, threads),
        ever: (number) => k.hasHeld(watchesBefore + number),
      };
      return evaluate(e, facts) === true;
    },
  };
}

/**
 * A fact of a state. A function that is not there has no driver, no override and no VFs.
 * @param threads those that are looked at for probes under way
 */
function factOf(k: Kernel, { fact, of }: Call, threads: readonly number[]) {
  const [first, second] = of;
  const dev = k.findDevice(k.world.place(String(first)));
  const actor = k.world.actors.findIndex(({ name }) => name === first);
  switch (fact) {
    case 'driver':
      return dev === 0 ? null : k.boundDriverOf(dev);
    case 'override':
      return dev === 0 ? null : k.overrideOf(dev);
    case 'exists':
      return dev !== 0;
    case 'numvfs':
      return dev === 0 ? 0 : k.get(dev + DEVICE.numVfs);
    case 'autoprobe':
      return dev !== 0 && k.get(dev + DEVICE.autoprobeOff) === 0;
    case 'probing':
      return threads.some((thread) => isProbing(k, thread, dev, String(second)));
    case 'bound':
      return boundTo(k, String(first));
    case 'done':
      return actor < 0 ? 0 : k.get(k.progressOf(actor));
    case 'failed':
      return actor < 0 ? 0 : errorsOf(k, actor).filter((ret) => ret < 0).length;
    case 'error': {
      const ret = actor < 0 ? 0 : (errorsOf(k, actor)[Number(second) - 1] ?? 0);
      return ret < 0 ? errnoName(ret).replace('-', '') : null;
    }
    case 'deadlock':
      return false;
    case 'fault':
      return (k.get(GLOBAL.faults) & FAULT[first as keyof typeof FAULT]) !== 0;
  }
}

/** Whether a thread is in the probe function of a driver itself, after all gates. */
function isProbing(k: Kernel, thread: number, dev: number, driver: string): boolean {
  if (dev === 0 || k.nextStep(thread)?.procedure !== 'probe') return false;
  const at = k.frameOf(thread);
  return k.get(at + FRAME.dev) === dev && k.driverAt(k.get(at + FRAME.drv)).name === driver;
}

function boundTo(k: Kernel, driver: string): number {
  const devices = k.world.places.map((place) => k.findDevice(place));
  return devices.filter((dev) => dev !== 0 && k.boundDriverOf(dev) === driver).length;
}

const errorsOf = (k: Kernel, actor: number): number[] =>
  k.world.operations[actor].map((_, i) => k.get(k.errorOf(actor, i)));

/** What an expression on a run can name. */
export const namesIn = ({ places, drivers, overrides, actors }: World): Names => ({
  functions: places.map(({ address }) => address),
  drivers: drivers.map(({ name }) => name),
  overrides: overrides.filter((text) => text !== null),
  actors: new Map(actors.map(({ name, operations }) => [name, operations.length])),
});

/** The same for a run that a recording shows: what it does not have may be forbidden, too. */
export function namesInRecording(world: World): Names {
  const names = namesIn(world);
  const known = DRIVERS.map(({ name }) => name);
  return {
    ...names,
    drivers: [...new Set([...names.drivers, ...known])],
    overrides: [...new Set([...names.overrides, ...known])],
  };
}
