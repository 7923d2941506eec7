/**
 * A context, which an open /dev/iommu represents, and its objects: their references, the number of
 * a new one, and which can be destroyed (drivers/iommu/iommufd/main.c 6.12).
 */
import { type AddressRange, X86_INTERRUPTS } from '../interrupt-range.js';
import type { Unknown } from '../possible.js';
import { type AddressSpace, newAddressSpace } from './address-space.js';

export interface Ioas {
  readonly type: 'ioas';
  readonly space: AddressSpace;
}

/** A page table of the IOMMU for an IOAS. */
export interface Hwpt {
  readonly type: 'hwpt';
  readonly ioas: number;
  /** Created by attaching a device to the IOAS, and destroyed with its last device. */
  readonly auto: boolean;
  readonly nestParent: boolean;
  readonly dirty: boolean;
  /** IOMMU_HWPT_ALLOC_PASID. */
  readonly pasid: boolean;
  readonly fault: number | null;
}

export interface NestedHwpt {
  readonly type: 'nested';
  readonly parent: number;
  readonly pasid: boolean;
  readonly fault: number | null;
}

/** A bound device. Its driver holds it, so that users cannot destroy it. */
export interface BoundDevice {
  readonly type: 'device';
  readonly address: string;
  /** IOMMU group, or the device's address when its group is not known: they attach together. */
  readonly group: string;
  attached: boolean;
  /** Page tables of its PASIDs. One that the recording does not have is -1. */
  pasids: Map<number, number> | Unknown;
  /** When it was attached or detached last, in ns of the recording's clock. */
  since: bigint;
}

/** Access of a driver without an IOMMU, such as one of mediated devices, to memory of an IOAS. */
export interface Access {
  readonly type: 'access';
  readonly address: string;
  ioas: number | null;
}

/** A queue that has a file: it is in use until that is closed. Null: not known. */
export interface Queue {
  readonly type: 'fault' | 'veventq';
  readonly viommu: number | null;
  readonly file: number | null;
  open: boolean | null;
}

export interface Viommu {
  readonly type: 'viommu';
  readonly hwpt: number;
}

/** What a guest calls a device by, or a queue of the hardware that a guest has. */
export interface OfViommu {
  readonly type: 'vdevice' | 'hw-queue';
  readonly viommu: number;
}

export type IommufdObject =
  | Ioas
  | Hwpt
  | NestedHwpt
  | BoundDevice
  | Access
  | Queue
  | Viommu
  | OfViommu;

export interface Context {
  /** All of its objects are known. */
  complete: boolean;
  readonly objects: Map<number, IommufdObject>;
  /** The IOAS that serves the calls of a container; null: it has none. */
  compat: number | null | Unknown;
  /** What devices of an IOMMU group are attached to. */
  readonly groups: Map<string, number>;
  /** Addresses that devices reserve for interrupt messages. */
  readonly interrupts: AddressRange;
}

/** @param complete whether it is known to have no objects */
export const newContext = (complete: boolean, interrupts = X86_INTERRUPTS): Context => ({
  complete,
  objects: new Map(),
  compat: complete ? null : 'unknown',
  groups: new Map(),
  interrupts,
});

/** Something happened that may have made, changed or destroyed any object. */
export function forget(context: Context): void {
  context.complete = false;
  context.objects.clear();
  context.groups.clear();
  context.compat = 'unknown';
}

/** The object of a number; null: it does not exist. */
export function find(context: Context, id: number): IommufdObject | null | Unknown {
  return context.objects.get(id) ?? (context.complete || id === 0 ? null : 'unknown');
}

/** A device that is bound; null when it is not, or not known to be. */
export function deviceAt({ objects }: Context, id: number): BoundDevice | null {
  const object = objects.get(id);
  return object?.type === 'device' ? object : null;
}

/** The lowest number that is free, which a new object gets; null when not known. */
export function nextId({ complete, objects }: Context): number | null {
  if (!complete) return null;
  let id = 1;
  while (objects.has(id)) id++;
  return id;
}

/**
 * Adds an object.
 * @param recorded its number in the recording; null if the recording does not have it
 * @returns its number; null when it is not known
 */
export function add(
  context: Context,
  object: IommufdObject,
  recorded: number | null,
): number | null {
  const id = recorded ?? nextId(context);
  // A number that is not the lowest free one shows that there are objects that were not seen.
  if (recorded !== null && recorded !== nextId(context)) context.complete = false;
  if (id === null) context.complete = false;
  else context.objects.set(id, object);
  return id;
}

/** A new IOAS with a completely known state. */
export const newIoas = ({ interrupts }: Context): Ioas => ({
  type: 'ioas',
  space: newAddressSpace(interrupts),
});

/** Numbers that an object refers to. */
function references(object: IommufdObject): readonly (number | null)[] {
  switch (object.type) {
    case 'hwpt':
      return [object.ioas, object.fault];
    case 'nested':
      return [object.parent, object.fault];
    case 'device':
      return object.pasids === 'unknown' ? [] : [...object.pasids.values()];
    case 'access':
      return [object.ioas];
    case 'fault':
    case 'veventq':
    case 'vdevice':
    case 'hw-queue':
      return [object.viommu];
    case 'viommu':
      return [object.hwpt];
    default:
      return [];
  }
}

/**
 * Whether an object is in use, so that IOMMU_DESTROY says -EBUSY.
 * @returns null when not known
 */
export function inUse(context: Context, id: number): boolean | null {
  const object = context.objects.get(id);
  if (object?.type === 'device' || object?.type === 'access') return true;
  for (const other of context.objects.values()) if (references(other).includes(id)) return true;
  for (const attached of context.groups.values()) if (attached === id) return true;
  if (object?.type === 'fault' || object?.type === 'veventq') return object.open;
  return context.complete ? false : null;
}

/** Removes an object. */
export function remove(context: Context, id: number): void {
  context.objects.delete(id);
  if (context.compat === id) context.compat = null;
}

/** The page tables of an IOAS. */
export function hwptsOf(context: Context, ioas: number): (readonly [id: number, hwpt: Hwpt])[] {
  const found: (readonly [number, Hwpt])[] = [];
  for (const [id, object] of context.objects) {
    if (object.type === 'hwpt' && object.ioas === ioas) found.push([id, object]);
  }
  return found;
}

/** Devices that are attached to a page table of an IOAS, or through one that is nested in it. */
export function devicesOn(context: Context, ioas: number): boolean {
  for (const id of context.groups.values()) {
    const at = context.objects.get(id);
    if (at?.type === 'hwpt' && at.ioas === ioas) return true;
  }
  return false;
}
