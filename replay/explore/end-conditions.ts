/** Expressions as conditions on the kernel that runs. */
import { errnoName, VfrError } from '../../traces/index.js';
import {
  type Call,
  callsIn,
  type Expression,
  evaluate,
  everParts,
  FACTS,
  type Facts,
} from '../expressions/index.js';
import type { Kernel, Outcome, Watch, World } from '../kernel/index.js';
import { DEVICE, FAULT, FRAME, GLOBAL } from '../kernel/layout.js';

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

/** @throws VfrError `EXPRESSION_INVALID` for a function or an actor that a run does not have */
export function refuseUnknownNames(e: Expression, world: World): void {
  for (const { fact, of } of callsIn(e)) {
    for (const [i, type] of FACTS[fact].takes.entries()) {
      const name = String(of[i]);
      if (type === 'function' && world.place(name) === null) {
        throw unknownName(`the machine has no function ${name}, and makes none`);
      }
      if (type === 'actor' && !world.actors.some((actor) => actor.name === name)) {
        throw unknownName(`no actor is called ${name}`);
      }
    }
  }
}

const unknownName = (what: string): VfrError =>
  new VfrError('EXPRESSION_INVALID', what, 'Name one that is there.');
