/** A task of user space: its operations in the order of its program. */
import type { Kernel } from '../kernel.js';
import { joined, procedure, waits } from '../steps.js';
import { PROCESS } from '../vfio-cells.js';
import { startOperation } from './sysfs-links.js';
import { describe, holds, isLeftOut } from './waiting-for.js';

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
        const progress = k.progressOf(k.thread);
        if (isLeftOut(k, operation.spec)) {
          k.add(progress, 1);
          return 'next';
        }
        return startOperation(k, operation, k.get(progress));
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
