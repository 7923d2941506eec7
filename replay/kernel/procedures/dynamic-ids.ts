/** Writes of `new_id` and `remove_id` (kernel drivers/pci/pci-driver.c 6.1). */

import { ERRNO } from '../../../traces/index.js';
import { ANY, covers, type PciIds, parseNewId } from '../../model/binding/pci-ids.js';
import type { Kernel } from '../kernel.js';
import { joined, procedure } from '../steps.js';
import { enterDriverFile, leave } from './files.js';

/** With all seven fields the kernel does not look whether the driver has the id. */
const ALL_FIELDS = 7;

/** The parsed text of the current write; null when it has fewer than two fields. */
const parsed = (k: Kernel) => parseNewId(k.operation.store?.text ?? '');

/** Whether a driver has an id already: a function with these numbers would match. */
function has(k: Kernel): boolean {
  const driver = k.driverAt(k.drv);
  const written = parsed(k);
  if (written === null || written.fields >= ALL_FIELDS) return false;
  const { entry } = written;
  const ids: PciIds = {
    vendor: entry.vendor ?? ANY,
    device: entry.device ?? ANY,
    subvendor: entry.subvendor ?? ANY,
    subdevice: entry.subdevice ?? ANY,
    class: entry.class,
  };
  if (driver.table.some((own) => covers(own, ids) === true)) return true;
  return k.world.dynamicIds.some(
    (own, id) => k.get(k.dynamicId(driver, id)) > 0 && covers(own, ids) === true,
  );
}

export const DYNAMIC_IDS = [
  /** Every function on the bus that matches now and has no driver is probed in the write. */
  procedure('new_id', {
    enter: (k) => {
      if (!enterDriverFile(k)) return undefined;
      if (k.operation.meaning < 0) return leave(k, -ERRNO.EINVAL);
    },
    look: (k) => {
      if (has(k)) return leave(k, -ERRNO.EEXIST);
    },
    add: (k) => {
      k.add(k.dynamicId(k.driverAt(k.drv), k.operation.meaning), 1);
      k.call('driver_attach', 0, k.drv);
    },
    exit: (k) => leave(k, k.operation.count),
  }),

  procedure('remove_id', {
    enter: (k) => {
      if (!enterDriverFile(k)) return undefined;
      if (k.operation.meaning < 0) return leave(k, -ERRNO.EINVAL);
    },
    remove: (k) => {
      const cell = k.dynamicId(k.driverAt(k.drv), k.operation.meaning);
      k.i = k.get(cell) > 0 ? k.operation.count : -ERRNO.ENODEV;
      if (k.i > 0) k.add(cell, -1);
    },
    exit: joined((k) => leave(k, k.i)),
  }),
];
