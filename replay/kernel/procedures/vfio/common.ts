/** What procedures of VFIO have in common: files by name, groups of functions, ioctls. */
import { ERRNO } from '../../../../traces/index.js';
import { ioctlFacts } from '../../../model/vfio/ioctl-numbers.js';
import type { Kernel } from '../../kernel.js';
import { DEVICE } from '../../layout.js';
import type { Action, IoctlAction } from '../../machine-spec.js';
import { type Descriptor, FILE, GROUP, PROCESS, VDEV } from '../../vfio-cells.js';

/** The action of the operation that a thread is at, which is of a type. */
export const actionOf = <T extends Action['type']>(k: Kernel): Extract<Action, { type: T }> =>
  k.doing.spec.action as Extract<Action, { type: T }>;

export const ioctlOf = (k: Kernel): IoctlAction => actionOf<'ioctl'>(k);

/** The descriptor of a name in the thread's process; null when it is not open. */
export const descriptorOf = (k: Kernel, name: string): Descriptor | null =>
  k.vfio.descriptors(k.process).findLast((one) => one.name === name) ?? null;

/**
 * Whether a file is one of a device, through which it is open.
 * @param other the errno for a file of another kind
 * @returns 0 if it is, -EINVAL for a character device that is not bound, or that errno
 */
export function checkDeviceFile(k: Kernel, file: number, other: number): number {
  const { kind } = k.world.file(file);
  if (kind === 'cdev') return k.get(k.vfio.file(file) + FILE.iommufd) === 0 ? -ERRNO.EINVAL : 0;
  return kind === 'device' ? 0 : -other;
}

/** The number of the file of a name; 0 when it is not open. */
export const fileOf = (k: Kernel, name: string): number => descriptorOf(k, name)?.file ?? 0;

const FIRST_DESCRIPTOR = 3;

/** Gives an opened file a descriptor: the lowest free one. */
export function install(k: Kernel, file: number, name: string): number {
  const { process } = k;
  const open = k.vfio.descriptors(process);
  let fd = FIRST_DESCRIPTOR;
  while (open.some((one) => one.fd === fd)) fd++;
  const all = [...open, { name, fd, file }].sort((a, b) => a.fd - b.fd);
  k.vfio.put(process + PROCESS.files, all);
  return fd;
}

/** Frees a descriptor; the reference to the file is the caller's from now on. */
export function uninstall(k: Kernel, fd: number): void {
  const { process } = k;
  const left = k.vfio.descriptors(process).filter((one) => one.fd !== fd);
  k.vfio.putList(process + PROCESS.files, left);
}

/** Cells of the IOMMU group of the function that is `dev`. */
export const groupOfDev = (k: Kernel): number => k.groupOf(k.dev);
export const lockOfDevGroup = (k: Kernel): number => groupOfDev(k) + GROUP.lock;

export const containerLock = (k: Kernel): number =>
  k.vfio.file(k.get(groupOf(k) + GROUP.container)) + FILE.lock;

/** Cells of the IOMMU group of a group's file, which is the argument of the procedure. */
export const groupOfFile = (k: Kernel): number => k.vfio.group(k.world.file(k.arg).place!);

export const lockOfFileGroup = (k: Kernel): number => groupOfFile(k) + GROUP.lock;

/** Cells of the IOMMU group that a procedure receives in place of a driver. */
export const groupOf = (k: Kernel): number => k.drv;

export const vdevOf = (k: Kernel): number => k.vdev(k.dev);
export const addressOf = (k: Kernel): string => k.placeOf(k.dev).address;

/** Functions of an IOMMU group, in the order in which they were added. */
export function membersOf(k: Kernel, group: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < k.deviceList.length; i++) {
    const dev = k.deviceList.at(i);
    if (k.get(dev + DEVICE.visible) === 0) continue;
    if (k.groupOf(dev) === group) found.push(dev);
  }
  return found;
}

/** Whether a call of VFIO finds the device of a function. */
function isFound(k: Kernel, dev: number): boolean {
  const vdev = k.vdev(dev);
  if (k.get(vdev + VDEV.registered) === 0) return false;
  if (k.get(vdev + VDEV.leaving) === 0) return true;
  // Up to Linux 6.5 a device that is being removed is found as long as there are references to it.
  return !k.rules.opensDeviceFiles && k.get(vdev + VDEV.refs) > 0;
}

/** The record of the device of a function with VFIO; 0 if it has none. */
export function findVfioDevice(k: Kernel, address: string | null): number {
  const dev = address === null ? 0 : k.findDevice(k.world.place(address));
  return dev !== 0 && isFound(k, dev) ? dev : 0;
}

/** Threads of processes that have a file. */
export function usersOf(k: Kernel, isTheirs: (file: number) => boolean): number[] {
  const users: number[] = [];
  for (let thread = 0; thread < k.world.actors.length; thread++) {
    const process = k.vfio.process(thread);
    const files = k.vfio.descriptors(process).map(({ file }) => file);
    const maps = k.vfio.maps(process).map(({ file }) => file);
    if ([...files, ...maps].some(isTheirs)) users.push(thread);
  }
  return users;
}

/** The address of a struct of the user; the recorder records it. */
const STRUCT_AT = 0x7ffe_0000_1000;

/** The third argument of an ioctl. */
export function pointerOf({ name, data, value }: IoctlAction): number {
  const { argument } = ioctlFacts(name);
  return data !== null || argument === 'name' || argument === 'file' ? STRUCT_AT : value;
}

/** What a call returns of what may be: where a recording has its result, that one. */
export function decided({ answer }: IoctlAction, results: readonly number[] | null): number {
  if (answer !== undefined && (results === null || results.includes(answer))) return answer;
  return results?.[0] ?? 0;
}

/** Whether a function is a mediated device. */
export const isMediated = (k: Kernel, dev: number): boolean => k.placeOf(dev).mediated;

/** 32-bit words of an ioctl's struct. */
export function wordsOf({ data }: IoctlAction): number[] {
  if (data === null) return [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.byteLength >> 2 }, (_, i) => view.getUint32(4 * i, true));
}

/** As many bytes of a struct as the recorder fetches; those that cannot be read are 0. */
export function fetched({ data }: IoctlAction, bytes: number): Uint8Array {
  const fetched = new Uint8Array(bytes);
  if (data !== null) fetched.set(data.subarray(0, bytes));
  return fetched;
}

/** The result of a call through an invalid descriptor. */
export const EBADF = -ERRNO.EBADF;
