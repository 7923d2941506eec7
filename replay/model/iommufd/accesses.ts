/**
 * Drivers without an IOMMU of their own, such as those of mediated devices, which access memory of
 * an IOAS themselves (iommufd_access_create, iommufd_access_attach, kernel
 * drivers/iommu/iommufd/device.c 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import type { Results } from '../reason.js';
import { noObject } from './ioctl-answer.js';
import { type Access, add, type Context, find, remove } from './iommufd-objects.js';

/** A device becomes an object of a context. */
export function bindAccess(context: Context, address: string): void {
  add(context, { type: 'access', address, ioas: null }, null);
}

function accessOf(context: Context, address: string): [id: number, access: Access] | null {
  for (const [id, object] of context.objects) {
    if (object.type === 'access' && object.address === address) return [id, object];
  }
  return null;
}

/**
 * Attaches a device that is bound to an IOAS, in place of the one that it had.
 * @returns the possible results; the device is attached when 0 is the only one
 */
export function attachAccess(context: Context, address: string, ioas: number): Results {
  const found = accessOf(context, address);
  const object = find(context, ioas);
  if (found === null || object === 'unknown') return [0, -ERRNO.ENOENT];
  if (object?.type !== 'ioas') return noObject(ioas, object, 'ioas').results ?? [];
  found[1].ioas = ioas;
  return [0];
}

/** It has no IOAS any more. */
export function detachAccess(context: Context, address: string): void {
  const found = accessOf(context, address);
  if (found !== null) found[1].ioas = null;
}

/** Its file was closed. */
export function unbindAccess(context: Context, address: string): void {
  const found = accessOf(context, address);
  if (found !== null) remove(context, found[0]);
}
