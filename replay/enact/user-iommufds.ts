/**
 * Which of a process's iommufds a call is on, when no system call shows it: the one whose objects
 * explain what came of the call.
 */
import { ERRNO } from '../../traces/index.js';
import {
  attach,
  bind,
  type Context,
  detach,
  deviceId,
  iommufdIoctl,
  makeCompat,
  NOTHING_WRITTEN,
  newContext,
  nextId,
  unbind,
  written,
} from '../model/iommufd/index.js';
import type { UserCall } from './user-call.js';
import type { UserFile } from './user-file.js';

interface Iommufd {
  readonly context: Context;
  /** Files and functions of the devices that are bound. */
  readonly bound: Map<UserFile, string>;
  /** The descriptor by which BIND named it; -1 when none has. */
  fd: number;
  /** When it was used last: higher is later. */
  used: number;
}

/** Where the argument of a call has the number of the object that it makes. */
const NEW_ID: Readonly<Record<string, number>> = {
  IOMMU_IOAS_ALLOC: 8,
  IOMMU_FAULT_QUEUE_ALLOC: 8,
  IOMMU_HWPT_ALLOC: 16,
};
/** Calls that only read. */
const READING: ReadonlySet<string> = new Set([
  ...['IOMMU_IOAS_IOVA_RANGES', 'IOMMU_GET_HW_INFO', 'VFIO_IOMMU_GET_INFO'],
  ...['VFIO_GET_API_VERSION', 'VFIO_CHECK_EXTENSION'],
]);

/** Whether a call changes an iommufd. */
export const changesIommufd = ({ begin, ret }: UserCall): boolean =>
  ret >= 0 && !READING.has(begin.name);

export class UserIommufds {
  readonly #iommufds = new Map<UserFile, Iommufd>();
  #clock = 0;

  #of(file: UserFile): Iommufd {
    let iommufd = this.#iommufds.get(file);
    if (iommufd === undefined) {
      iommufd = { context: newContext(true), bound: new Map(), fd: -1, used: 0 };
      this.#iommufds.set(file, iommufd);
    }
    return iommufd;
  }

  /** Those that were used last are first. */
  #lastFirst(files: readonly UserFile[]): UserFile[] {
    return files.toReversed().sort((a, b) => this.#of(b).used - this.#of(a).used);
  }

  /**
   * Iommufds that a call may be on, the one that was used last first; null is a new one.
   * @param files iommufds that the process has open
   */
  ofCall(files: readonly UserFile[], call: UserCall): (UserFile | null)[] {
    const all = this.#lastFirst(files);
    const found = all.filter((file) => explains(this.#of(file).context, call));
    return explains(newContext(true), call) ? [...found, null] : found;
  }

  /**
   * Iommufds that BIND may name.
   * @param fd the descriptor in its struct
   */
  ofBind(files: readonly UserFile[], fd: number): (UserFile | null)[] {
    const all = this.#lastFirst(files);
    const named = all.find((file) => this.#of(file).fd === fd);
    if (named !== undefined) return [named];
    return [...all.filter((file) => this.#of(file).fd < 0), null];
  }

  /** Iommufds that a group may be put into. */
  toJoin(files: readonly UserFile[]): (UserFile | null)[] {
    return [...this.#lastFirst(files), null];
  }

  /** Iommufds that may have been released: no device holds them. Null is one without any call. */
  toRelease(files: readonly UserFile[]): (UserFile | null)[] {
    const all = files.toReversed();
    return [...all.filter((file) => this.#of(file).bound.size === 0), null];
  }

  /** Notes what a call changed. */
  done(file: UserFile, call: UserCall): void {
    const iommufd = this.#of(file);
    iommufd.used = ++this.#clock;
    const { ret, end } = call;
    const answer = answerOf(iommufd.context, call);
    if (ret < 0) answer.failed?.();
    else answer.done?.({ ret, written: written(end?.data ?? null), at: 0n });
  }

  /** A device is bound, and attached to the IOAS of a container if its group is there. */
  bind(file: UserFile, device: UserFile, fd: number): void {
    const iommufd = this.#of(file);
    const address = device.address ?? '';
    iommufd.used = ++this.#clock;
    if (fd >= 0) iommufd.fd = fd;
    iommufd.bound.set(device, address);
    bind(iommufd.context, address, device.group);
    const { compat } = iommufd.context;
    if (device.kind === 'device' && typeof compat === 'number') this.attach(device, compat, 0);
  }

  /** A group is put into an iommufd in a container's place. */
  join(file: UserFile): void {
    const iommufd = this.#of(file);
    iommufd.used = ++this.#clock;
    makeCompat(iommufd.context);
  }

  /** Whether a device is bound to one. */
  has(device: UserFile): boolean {
    return this.#holder(device) !== null;
  }

  #holder(device: UserFile): Iommufd | null {
    return [...this.#iommufds.values()].find(({ bound }) => bound.has(device)) ?? null;
  }

  /** A device is attached. @returns whether what came of it can be explained */
  attach(device: UserFile, pt: number, ret: number): boolean {
    const iommufd = this.#holder(device);
    // Other errors may come from the struct, or from memory.
    if (iommufd === null || (ret !== 0 && ret !== -ERRNO.ENOENT)) return true;
    const { context } = iommufd;
    const { results, done } = attach(context, deviceId(context, device.address ?? '') ?? 0, pt);
    if (results !== null && !results.includes(ret)) return false;
    if (ret === 0) done?.({ ret, written: NOTHING_WRITTEN, at: 0n });
    return true;
  }

  detach(device: UserFile): void {
    const context = this.#holder(device)?.context;
    if (context !== undefined) detach(context, deviceId(context, device.address ?? '') ?? 0, 0n);
  }

  /** The file of a device is closed. */
  unbind(device: UserFile): void {
    const iommufd = this.#holder(device);
    if (iommufd === null) return;
    const { context, bound } = iommufd;
    bound.delete(device);
    unbind(context, deviceId(context, device.address ?? '') ?? 0);
  }
}

const answerOf = (context: Context, { begin }: UserCall) => {
  const bytes = Uint8Array.from(begin.data ?? []);
  const argument = { address: begin.access?.offset ?? null, bytes };
  return iommufdIoctl({ context, argument, rules: { version: null } }, begin.name);
};

/** Whether a call on an iommufd can have ended as recorded. */
function explains(context: Context, call: UserCall): boolean {
  const { results } = answerOf(context, call);
  if (results !== null && !results.includes(call.ret)) return false;
  const at = NEW_ID[call.begin.name];
  if (at === undefined || call.ret < 0) return true;
  const id = written(call.end?.data ?? null).u32(at);
  return id === null || id === nextId(context);
}
