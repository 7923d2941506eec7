/** What actors wait for, and what drivers wait for as they are unbound. */
import type { Kernel } from '../kernel.js';
import type { Condition } from '../machine-spec.js';
import { FILE } from '../vfio-cells.js';
import { fileOf } from './vfio/common.js';

/** Operations that an actor has done; all of them when it has stopped. */
export function operationsDone(k: Kernel, actor: number): number {
  return k.get(k.progressOf(actor));
}

/** Whether a condition holds, for the actor of the thread. */
export function holds(k: Kernel, condition: Condition): boolean {
  switch (condition.type) {
    case 'done': {
      const actor = k.world.actors.findIndex(({ name }) => name === condition.actor);
      return operationsDone(k, actor) >= condition.operations;
    }
    case 'exists':
      return k.findDevice(k.world.place(condition.address)) !== 0;
    case 'gone':
      return k.findDevice(k.world.place(condition.address)) === 0;
    case 'signalled': {
      const file = fileOf(k, condition.file);
      return file !== 0 && k.get(k.vfio.file(file) + FILE.signals) > 0;
    }
    case 'driver': {
      const dev = k.findDevice(k.world.place(condition.address));
      return dev !== 0 && k.boundDriverOf(dev) === condition.driver;
    }
    case 'variable':
      return k.variable(condition.variable) === condition.text;
    case 'all':
      return condition.of.every((one) => holds(k, one));
  }
}

/** A condition in words. */
export function describe(condition: Condition | null): string {
  switch (condition?.type) {
    case undefined:
      return 'nothing';
    case 'done':
      return `${condition.actor} to do ${condition.operations} operations`;
    case 'exists':
      return `${condition.address} to come`;
    case 'gone':
      return `${condition.address} to go`;
    case 'signalled':
      return `a signal of ${condition.file}`;
    case 'driver':
      return `${condition.address} to have ${condition.driver ?? 'no driver'}`;
    case 'all':
      return condition.of.map(describe).join(' and ');
    case 'variable':
      return `${condition.variable} to be ${condition.text ?? 'unset'}`;
  }
}
