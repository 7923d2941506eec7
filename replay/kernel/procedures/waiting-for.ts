/** What actors wait for, and what drivers wait for as they are unbound. */
import type { Kernel } from '../kernel.js';
import type { Condition, OperationSpec } from '../machine-spec.js';
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
    case 'node': {
      const place = k.world.place(condition.address);
      return place !== null && k.udev !== null && k.udev.node(condition.file, place) !== null;
    }
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

/** Whether an operation is left out, by what its thread sees when it is at it. */
export const isLeftOut = (k: Kernel, { only, unless }: OperationSpec): boolean =>
  (only !== undefined && !holds(k, only)) || (unless !== undefined && holds(k, unless));

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
    case 'node':
      return `the ${condition.file} of ${condition.address} in /dev`;
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
