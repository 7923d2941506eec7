/** A task of user space: its operations in the order of its program. */
import type { Kernel } from '../kernel.js';
import type { Condition } from '../machine-spec.js';
import { joined, procedure, waits } from '../steps.js';
import { FILE, PROCESS } from '../vfio-cells.js';
import { fileOf } from './vfio/common.js';

/** Operations that an actor has done; all of them when it has stopped. */
export function operationsDone(k: Kernel, actor: number): number {
  return k.get(k.progressOf(actor));
}

/** Whether the condition of an operation holds. */
function holds(k: Kernel, condition: Condition): boolean {
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
  }
}

/** What an actor waits for, for people. */
function describe(condition: Condition | null): string {
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
  }
}

/** Another thread has ended the process, or this one has. */
const hasExited = (k: Kernel): boolean => k.get(k.process + PROCESS.exited) !== 0;

export const USER = [
  procedure('user', {
    next: waits(
      (k) => {
        const when = hasExited(k) ? null : (k.doing?.spec.when ?? null);
        return when === null || holds(k, when);
      },
      (k) => describe(k.doing.spec.when),
      (k) => {
        const operation = k.doing;
        if (operation === undefined || hasExited(k)) return k.done(0);
        k.call(operation.procedure, 0, 0, k.get(k.progressOf(k.thread)));
      },
    ),
    after: joined((k) => {
      const progress = k.progressOf(k.thread);
      const done = k.get(progress);
      const { operations } = k.world;
      if (k.ret < 0) k.set(k.errorOf(k.thread, done), k.ret);
      const stops = k.ret < 0 && operations[k.thread][done].spec.onError === 'stop';
      k.set(progress, stops ? operations[k.thread].length : done + 1);
      return 'next';
    }),
  }),
];
