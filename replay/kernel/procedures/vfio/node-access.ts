/** What /dev has for an open, where the machine has udev. */
import { ERRNO } from '../../../../traces/index.js';
import { ROOT, refusedTo } from '../../dev-nodes.js';
import type { Kernel } from '../../kernel.js';
import { actionOf } from './common.js';

/** -ENOENT without a file in /dev, -EACCES when the actor may not open it, else 0. */
export function refusedByNode(k: Kernel): number {
  const { udev } = k;
  const { file } = actionOf<'open'>(k);
  if (udev === null || file === 'eventfd') return 0;
  const { place } = k.doing;
  const comes = file === 'group' || file === 'cdev';
  const node = comes ? place && udev.node(file, place) : udev.rules.settledNode(file, null);
  if (node === null) return -ERRNO.ENOENT;
  return refusedTo(k.world.actors[k.thread].user ?? ROOT, node);
}
