/**
 * Symlinks in sysfs on the way to an attribute. The path is resolved as the file is opened: what a
 * link leads to later does not matter, and without a link the open is -ENOENT (kernel
 * fs/kernfs/symlink.c, drivers/base/dd.c, drivers/pci/iov.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import type { Kernel } from '../kernel.js';
import { DEVICE } from '../layout.js';
import type { Link } from '../machine-spec.js';
import type { Operation } from '../operation.js';
import { procedure } from '../steps.js';

/** Drivers that make no network interface, of those that are not built on VFIO. */
const WITHOUT_INTERFACE: ReadonlySet<string> = new Set(['pci-stub', 'pcieport']);

function hasInterface(k: Kernel, dev: number): boolean {
  if (k.get(dev + DEVICE.bound) === 0) return false;
  const { name, model } = k.driverOn(dev);
  return !model.vfioPci && !WITHOUT_INTERFACE.has(name);
}

/** Whether a link is there. `driver` is, from before the probe on. */
function isThere(k: Kernel, link: Link): boolean {
  const dev = k.findDevice(k.world.place(link.address));
  if (dev === 0) return false;
  switch (link.type) {
    case 'function':
      return true;
    case 'driver':
      return k.get(dev + DEVICE.driver) !== 0;
    case 'bound':
      return k.driverOf(dev) === link.driver;
    case 'interface':
      return hasInterface(k, dev);
  }
}

/** The driver that the last of the links leads to; 0 where they lead to a function. */
function driverAtEnd(k: Kernel, links: readonly Link[]): number {
  const last = links.at(-1);
  if (last?.type !== 'driver') return 0;
  return k.get(k.findDevice(k.world.place(last.address)) + DEVICE.driver);
}

/** Begins an operation of the thread, by its number: its path is resolved, then it is done. */
export function startOperation(
  k: Kernel,
  { spec, procedure }: Operation,
  number: number,
): undefined {
  const links = spec.action.type === 'write' ? (spec.action.links ?? []) : [];
  if (!links.every((link) => isThere(k, link))) return k.call('open_failed', 0, 0, number);
  return k.call(procedure, 0, driverAtEnd(k, links), number);
}

export const LINKS = [procedure('open_failed', { exit: (k: Kernel) => k.done(-ERRNO.ENOENT) })];
