/**
 * PASIDs of devices: each has a page table of its own, besides that of the device itself
 * (drivers/vfio/iommufd.c and drivers/iommu/iommufd/device.c 7.3). Only page tables that
 * IOMMU_HWPT_ALLOC_PASID made can be used, also by the device itself while it has PASIDs.
 */
import { ERRNO } from '../../../traces/index.js';
import { anyOf, unseen } from '../reason.js';
import { type Answer, noObject, refused } from './ioctl-answer.js';
import {
  type BoundDevice,
  type Context,
  deviceAt,
  find,
  type IommufdObject,
} from './iommufd-objects.js';

/** The device itself, where a PASID is wanted (IOMMU_NO_PASID). */
const NO_PASID = 0;
/** `ida_alloc_range` takes no greater number. */
const PASID_MAX = 0x7fff_ffff;

/** What the IOMMU's driver may refuse. */
const OF_IOMMU = unseen(
  'how many PASIDs the device and the driver of the IOMMU have is not recorded',
  ERRNO.EINVAL,
  ERRNO.EOPNOTSUPP,
  ERRNO.ENODEV,
);
const UNKNOWN_PASID = unseen('the PASID is not recorded', ERRNO.ENOSPC, ERRNO.EBUSY);

/** A PASID that the recording does not have, as a key of the PASIDs of a device. */
const UNSEEN_PASID = -1;

const groupOf = ({ objects }: Context, { group }: BoundDevice): BoundDevice[] =>
  [...objects.values()].filter(
    (object): object is BoundDevice => object.type === 'device' && object.group === group,
  );

const isForPasids = ({ objects }: Context, table: number): boolean => {
  const object = objects.get(table);
  return (object?.type === 'hwpt' || object?.type === 'nested') && object.pasid;
};

export const KEPT = refused(
  ERRNO.EINVAL,
  'PASIDs are attached, and the page table was not made for them',
);

/**
 * Whether PASIDs of its group keep a device itself from a page table; null when not known.
 * @param table null: one that the kernel makes
 */
export function keptByPasids(
  context: Context,
  device: BoundDevice,
  table: number | null,
): boolean | null {
  if (table !== null && isForPasids(context, table)) return false;
  const all = groupOf(context, device).map(({ pasids }) => pasids);
  if (all.some((pasids) => pasids !== 'unknown' && pasids.size > 0)) return true;
  return all.includes('unknown') ? null : false;
}

/**
 * What attaching a PASID of a device that is bound to an object returns.
 * @param pasid null when the recording does not have it
 */
export function attachPasid(
  context: Context,
  id: number,
  pasid: number | null,
  pt: number,
): Answer {
  const device = deviceAt(context, id);
  const table = find(context, pt);
  if (device === null || table === 'unknown') return unknownAnswer(context, device);
  if (pasid === NO_PASID) {
    if (!device.attached) return unknownAnswer(context, device);
    return refused(ERRNO.EBUSY, 'PASID 0 is the device, which is attached');
  }
  if (pasid !== null && pasid > PASID_MAX)
    return refused(ERRNO.ENOSPC, `PASID ${pasid} is greater than any that can be attached`);
  const why = table === null ? noObject(pt, null, 'ioas') : refusal(context, device, pt, table);
  if (pasid !== null) return why ?? attachTable(context, device, pasid, pt);
  // It may be 0, by which a device that is not attached is attached itself.
  const known = why === null ? anyOf([0], OF_IOMMU) : (why.results ?? []);
  const results = anyOf(known, UNKNOWN_PASID, device.attached ? [] : [0]);
  return { results, done: () => note(context, device, UNSEEN_PASID, pt) };
}

const unknownAnswer = (context: Context, device: BoundDevice | null): Answer => ({
  results: null,
  done: () => forgetPasids(context, device),
});

/** Why an object is no page table for any PASID of a device; null if it is. */
function refusal(
  context: Context,
  device: BoundDevice,
  pt: number,
  { type }: IommufdObject,
): Answer | null {
  if (type === 'ioas') {
    const text = `the page table that the kernel makes for IOAS ${pt} is for no PASID`;
    return refused(ERRNO.EINVAL, text, `iommufd/${pt}`);
  }
  if (type !== 'hwpt' && type !== 'nested')
    return refused(ERRNO.EINVAL, `object ${pt} is no page table`, `iommufd/${pt}`);
  if (!isForPasids(context, pt))
    return refused(ERRNO.EINVAL, `page table ${pt} was not made for PASIDs`, `iommufd/${pt}`);
  const own = context.groups.get(device.group);
  if (own === undefined || isForPasids(context, own)) return null;
  return refused(ERRNO.EINVAL, `page table ${own} of the device was not made for PASIDs`);
}

function attachTable(context: Context, device: BoundDevice, pasid: number, table: number): Answer {
  const done = () => note(context, device, pasid, table);
  if (device.pasids === 'unknown') return { results: anyOf([0], OF_IOMMU), done };
  const current = tableOf(context, device, pasid);
  if (current !== undefined && current !== table && !device.pasids.has(pasid)) {
    const text = `PASID ${pasid} of group ${device.group} is attached to another page table`;
    return refused(ERRNO.EINVAL, text);
  }
  // Where the group has it already the IOMMU is not called.
  return { results: current === table ? [0] : anyOf([0], OF_IOMMU), done };
}

/** The page table that devices of a group have for a PASID. */
function tableOf(context: Context, device: BoundDevice, pasid: number): number | undefined {
  for (const { pasids } of groupOf(context, device)) {
    const table = pasids === 'unknown' ? undefined : pasids.get(pasid);
    if (table !== undefined) return table;
  }
  return undefined;
}

/** A PASID was attached, and moved for all devices of the group that have it. */
function note(context: Context, device: BoundDevice, pasid: number, table: number): void {
  const { pasids } = device;
  // A second one that the recording does not have may be the first, which was moved.
  const isDoubtful = pasids !== 'unknown' && pasid === UNSEEN_PASID && pasids.size > 0;
  if (pasids === 'unknown' || isDoubtful) {
    forgetPasids(context, device);
    return;
  }
  pasids.set(pasid, table);
  for (const other of groupOf(context, device)) {
    if (other.pasids !== 'unknown' && other.pasids.has(pasid)) other.pasids.set(pasid, table);
  }
}

/** Which PASIDs are attached, and which page tables are in use, is not known any more. */
function forgetPasids(context: Context, device: BoundDevice | null): void {
  context.complete = false;
  if (device !== null) device.pasids = 'unknown';
}

/**
 * Detaches a PASID; does nothing if it is not attached.
 * @param pasid null when it is not recorded
 */
export function detachPasid(context: Context, id: number, pasid: number | null): void {
  const device = deviceAt(context, id);
  if (device === null || device.pasids === 'unknown') return;
  if (device.pasids.size === 0) return;
  if (pasid === null || device.pasids.has(UNSEEN_PASID)) forgetPasids(context, device);
  else device.pasids.delete(pasid);
}

/**
 * What the IOMMU returns of a device that has so many PASIDs; 0 for success. A device without any
 * is left out (`iommu_attach_device_pasid`, drivers/iommu/iommu.c 6.15).
 */
export const pasidErrno = (pasids: number, pasid: number): number =>
  pasids > 0 && pasid >= pasids ? -ERRNO.EINVAL : 0;
