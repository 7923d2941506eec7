/**
 * Devices in a context: bound, attached to a page table, moved to another one, and detached
 * (drivers/iommu/iommufd/device.c 6.12).
 */
import { ERRNO } from '../../../traces/index.js';
import { anyOf, because, type Results } from '../reason.js';
import { type AddressSpace, overlapping } from './address-space.js';
import { type Answer, NOT_PINNED, noObject, orElse, refused } from './ioctl-answer.js';
import {
  add,
  type BoundDevice,
  type Context,
  deviceAt,
  find,
  hwptsOf,
  type Ioas,
  inUse,
  remove,
} from './iommufd-objects.js';
import { KEPT, keptByPasids } from './pasids.js';

/**
 * Binds a device.
 * @param group its IOMMU group; null when not known
 * @returns its number; null when not known
 */
export function bind(context: Context, address: string, group: number | null): number | null {
  const device: BoundDevice = {
    type: 'device',
    address,
    group: group === null ? address : String(group),
    attached: false,
    pasids: new Map(),
    since: 0n,
  };
  return add(context, device, null);
}

/** The number of a device that is bound; null when it is not, or not known to be. */
export function deviceId(context: Context, address: string): number | null {
  for (const [id, object] of context.objects) {
    if (object.type === 'device' && object.address === address) return id;
  }
  return null;
}

/** Instead of a number: another function of the group is bound, or none of it. */
export const DEVID = { OWNED: 0, NOT_OWNED: -1 } as const;

/**
 * What a function is to a context, as VFIO says it of all functions that a hot reset reaches
 * (vfio_iommufd_get_dev_id, drivers/vfio/iommufd.c 7.3).
 * @param group its IOMMU group; null when not known
 * @returns its number, or one of {@link DEVID}; null when not known
 */
export function ownership(context: Context, address: string, group: number | null): number | null {
  const id = deviceId(context, address);
  if (id !== null) return id;
  const ofGroup = [...context.objects.values()].some(
    (o) => o.type === 'device' && o.group === String(group),
  );
  if (ofGroup) return DEVID.OWNED;
  return context.complete ? DEVID.NOT_OWNED : null;
}

/** Whether other devices of its group are attached: they are all attached to the same. */
const hasSiblings = (context: Context, device: BoundDevice): boolean =>
  [...context.objects.values()].some(
    (o) => o.type === 'device' && o !== device && o.attached && o.group === device.group,
  );

/** What a device that is bound gets when it is attached to an object, or to another than before. */
export function attach(context: Context, id: number, pt: number): Answer {
  const device = deviceAt(context, id);
  const table = find(context, pt);
  if (device === null || table === 'unknown') {
    return { results: null, done: () => forgetAttachment(context, device) };
  }
  switch (table?.type) {
    case undefined:
      return noObject(pt, null, 'ioas');
    case 'ioas':
      return attachToIoas(context, device, pt, table);
    case 'hwpt':
      return attachTo(context, device, pt);
    case 'nested':
      return { ...attachTo(context, device, pt), results: null };
    default:
      return refused(ERRNO.EINVAL, `object ${pt} is no page table`, `iommufd/${pt}`);
  }
}

/** It is attached, but to what is not known. */
function forgetAttachment(context: Context, device: BoundDevice | null): void {
  context.complete = false;
  if (device === null) return;
  context.groups.delete(device.group);
  device.attached = true;
}

const otherTable = ({ group }: BoundDevice): Answer =>
  refused(ERRNO.EINVAL, `other devices of group ${group} are attached to another page table`);

function attachTo(context: Context, device: BoundDevice, hwpt: number): Answer {
  const current = context.groups.get(device.group);
  const other = !device.attached && hasSiblings(context, device) && current !== hwpt;
  if (other) return otherTable(device);
  const isSettled = current === hwpt && (device.attached || hasSiblings(context, device));
  const kept = isSettled ? false : keptByPasids(context, device, hwpt);
  if (kept === true) return KEPT;
  const isDirty = context.objects.get(hwpt);
  const answer: Answer = { results: [0], done: ({ at }) => settle(context, device, hwpt, at) };
  // Page tables for faults, or made for another device, may not fit this one.
  const plain = isDirty?.type === 'hwpt' && isDirty.fault === null;
  return plain && kept === false
    ? answer
    : orElse(answer, [-ERRNO.EINVAL, -ERRNO.EOPNOTSUPP, -ERRNO.ENODEV]);
}

/** Attaches to an automatic page table of the IOAS, which is created if there is none. */
function attachToIoas(context: Context, device: BoundDevice, ioas: number, own: Ioas): Answer {
  const auto = hwptsOf(context, ioas).find(([, hwpt]) => hwpt.auto)?.[0];
  if (auto !== undefined) return attachTo(context, device, auto);
  if (!device.attached && hasSiblings(context, device)) return otherTable(device);
  const kept = keptByPasids(context, device, null);
  if (kept === true) return KEPT;
  const make: Answer['done'] = ({ at }) => {
    const hwpt = {
      type: 'hwpt',
      ioas,
      auto: true,
      nestParent: false,
      dirty: false,
      pasid: false,
      fault: null,
    };
    const made = add(context, hwpt as never, null);
    if (made === null) forgetAttachment(context, device);
    else settle(context, device, made, at);
  };
  const answer = orElse({ results: [0], done: make }, spaceErrors(own));
  return kept === false ? answer : orElse(answer, [-ERRNO.EINVAL]);
}

const RESERVED = because(ERRNO.EADDRINUSE, 'a mapping overlaps a range that the device reserves');

/** Existing mappings are pinned now, and must not overlap reserved ranges of the device. */
function spaceErrors({ space }: Ioas): Results {
  const { interrupts } = space;
  const errors: Results[] = [];
  if (space.areas.length > 0 || !space.complete) errors.push(NOT_PINNED, [-ERRNO.ENOMEM]);
  const reserved = overlapping(space, interrupts.first, interrupts.last).length > 0;
  const beyond = space.areas.some(({ last }) => last >= 1n << 39n);
  const doubtful = reserved || beyond || !space.complete || space.allowed !== false;
  return anyOf(...errors, doubtful ? RESERVED : []);
}

/** Notes the page table of a group, and puts the one before. */
function settle(context: Context, device: BoundDevice, hwpt: number, at: bigint): void {
  const before = context.groups.get(device.group);
  device.attached = true;
  // A group has one page table: its other devices are moved with this one.
  for (const other of context.objects.values()) {
    if (other.type === 'device' && other.group === device.group) other.since = at;
  }
  context.groups.set(device.group, hwpt);
  if (before !== undefined && before !== hwpt) put(context, before);
}

/** An automatic page table is destroyed with its last user. */
function put(context: Context, hwpt: number): void {
  const object = context.objects.get(hwpt);
  if (object?.type === 'hwpt' && object.auto && inUse(context, hwpt) !== true) {
    remove(context, hwpt);
  }
}

/**
 * Detaches a device from its page table; does nothing when it has none.
 * @param at the time in ns of the recording's clock
 */
export function detach(context: Context, id: number, at: bigint): void {
  const device = deviceAt(context, id);
  if (device === null || !device.attached) return;
  device.attached = false;
  device.since = at;
  if (hasSiblings(context, device)) return;
  const hwpt = context.groups.get(device.group);
  context.groups.delete(device.group);
  if (hwpt !== undefined) put(context, hwpt);
}

/** Lets a device go: its file was closed. */
export function unbind(context: Context, id: number): void {
  detach(context, id, 0n);
  if (deviceAt(context, id) !== null) remove(context, id);
}

/** What a device can reach by DMA. */
export interface Reach {
  /** Its address space; null when it is attached to nothing: all is blocked. */
  readonly space: AddressSpace | null;
  /** Since when, in ns of the recording's clock. */
  readonly since: bigint;
}

/** What a device that is bound can reach; null when that is not known. */
export function reach(context: Context, id: number): Reach | null {
  const device = deviceAt(context, id);
  if (device === null) return null;
  const { since } = device;
  if (!device.attached && !hasSiblings(context, device)) return { space: null, since };
  const table = context.objects.get(context.groups.get(device.group) ?? 0);
  const ioas = table?.type === 'hwpt' ? context.objects.get(table.ioas) : undefined;
  return ioas?.type === 'ioas' ? { space: ioas.space, since } : null;
}
