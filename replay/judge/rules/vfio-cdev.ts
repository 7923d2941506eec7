/** The character device of a device: which file a call is of, BIND, ATTACH, DETACH, and closing. */

import { ERRNO } from '../../../traces/index.js';
import {
  type Answer,
  attach,
  attachPasid,
  bind,
  type Context,
  DEVID,
  detach,
  detachPasid,
  deviceId,
  explaining,
  makeCompat,
  NOTHING_WRITTEN,
  ownership,
  type Reach,
  reach,
  unbind,
} from '../../model/iommufd/index.js';
import { isUuid } from '../../model/mdev/index.js';
import { only, type Unknown } from '../../model/possible.js';
import { anyOf, because, type Results, unseen } from '../../model/reason.js';
import {
  CDEV_CALL,
  type Door,
  doorOf,
  isCdevCall,
  LEAST_BYTES,
  refusesAttachment,
  tooSmall,
  unknownFlags,
} from '../../model/vfio/cdev.js';
import { notViable } from '../../model/vfio/container-ioctl.js';
import { fileOfCall } from '../../model/vfio/file-descriptors.js';
import {
  groupInUnseenIommufd,
  isHeld,
  onlyUse,
  type Use,
} from '../../model/vfio/iommufd-contexts.js';
import { BIND_TOKEN_SINCE } from '../../model/vfio/vf-token.js';
import type { IoctlCall } from '../../model/vfio/vfio-calls.js';
import { functionAt, type VfioFunction } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { placing, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { DF_OPEN } from './hindsight.js';
import { tokenRefusals } from './unseen-tokens.js';
import { doubted, iommufdAt, rulesOf, shownIommufd, showsFiles } from './vfio-iommufd.js';
import { judge, judgeByKernel } from './vfio-results.js';
import { blockersOf, viable } from './vfio-viable.js';

const { BIND, ATTACH } = CDEV_CALL;

/** What a device is bound to: nothing when it is closed. */
const bindingOf = ({ open, bound }: VfioFunction): VfioFunction['bound'] =>
  open === 'closed' ? 'unbound' : bound;

/** The same of a file of its character device, which a device of a group does not have. */
export const cdevBinding = (bound: VfioFunction['bound']): VfioFunction['bound'] =>
  typeof bound === 'object' && bound.door === 'group' ? 'unbound' : bound;

const cdevOf = (fn: VfioFunction): VfioFunction['bound'] => cdevBinding(bindingOf(fn));

const isOpen = ({ open, bound }: VfioFunction): boolean | null => {
  if (open === 'closed') return false;
  return open !== 'unknown' || typeof bound === 'object' ? true : null;
};

/** `vfio_device_fops_cdev_open`: the device has a file that is not bound yet. */
export function cdevOpened(engine: Engine, e: EventCursor): Verdict {
  const isOpened = e.name === 'vfio_device_fops_cdev_open' && e.phase === 'end' && e.ret === 0;
  if (isOpened && e.device !== null) functionAt(engine.vfio, e.device).cdevOpened = true;
  return STIMULUS;
}

/** What kind of file a device's ioctl is of. */
export function doorOfCall(engine: Engine, call: IoctlCall, e: EventCursor): Door {
  const fn = functionAt(engine.vfio, call.device ?? '');
  const file = fileOfCall(engine.vfio.descriptors, e.pid, e.tid);
  // Only a file through which the device is open hands a call on.
  if (call.inner !== null) return 'open';
  const ofGroup = file !== null && engine.vfio.groupFiles.has(file);
  const shown = isOpen(fn);
  const open = shown === false && !engine.records('vfio_pci_core_enable') ? null : shown;
  const cdevOpened = fn.cdevOpened === true;
  const showsBind = engine.records(BIND);
  return doorOf({ bound: cdevOf(fn), file, ofGroup, open, cdevOpened, showsBind });
}

/** Of a file that is not bound every call is refused but BIND, also one that does not exist. */
export function endUnbound(engine: Engine, call: IoctlCall, e: EventCursor): Verdict {
  const fn = functionAt(engine.vfio, call.device ?? '');
  const verdict = judge(`${fn.address}/${call.name}`, UNBOUND, e.ret);
  const certain = fn.confirmed || fileOfCall(engine.vfio.descriptors, e.pid, e.tid) !== null;
  const excused = !certain || !engine.records(BIND);
  const excuses = verdict.type === 'diverge' && excused;
  return excuses ? UNKNOWN : placing(verdict, { device: fn.address });
}

/** BIND, ATTACH and DETACH; undefined for another call. */
export function endCdev(
  engine: Engine,
  call: IoctlCall,
  e: EventCursor,
  door: Door,
): Verdict | undefined {
  const fn = functionAt(engine.vfio, call.device ?? '');
  const path = `${fn.address}/${call.name}`;
  // A file from a group has none of these calls: they reach the driver, like others.
  if (call.layer === 'pci' && isCdevCall(call.name)) {
    const text = 'the file is of a group, which has no such call';
    return judge(path, because(ERRNO.ENOTTY, text), e.ret);
  }
  const { version } = rulesOf(engine);
  if (call.name === BIND) {
    const ofRelease = (release: number | null) => bindResults(engine, call, fn, e, release);
    const verdict = judgeByKernel(path, ofRelease(version), ofRelease, e.ret);
    if (e.ret === -ERRNO.ENOTTY && !showsCdevs(engine)) return judge(path, WITHOUT_CDEV, e.ret);
    if (e.ret === 0) learnBound(engine, call, fn, e);
    return placing(verdict, { device: fn.address });
  }
  if (!isCdevCall(call.name)) return undefined;
  const use = boundUse(engine, fn);
  const answer = attachment(engine, call, fn, version);
  const ofRelease = (release: number) => attachment(engine, call, fn, release).results;
  const verdict = judgeByKernel(path, answer.results, ofRelease, e.ret);
  if (e.ret === 0) answer.done?.({ ret: 0, written: NOTHING_WRITTEN, at: e.ts });
  const explained = () => explaining(call.name, answer.results, e.ret);
  // A file that is not bound says nothing of the iommufd of the one that is.
  return door === 'unknown' && e.ret === -ERRNO.EINVAL
    ? verdict
    : placing(doubted(engine, use, verdict, explained), { iommufd: `iommufd ${boundContext(fn)}` });
}

/** Without CONFIG_VFIO_DEVICE_CDEV, nothing that is passed is looked at (drivers/vfio/vfio.h). */
const WITHOUT_CDEV = unseen('the kernel has no character devices of VFIO', ERRNO.ENOTTY);

const showsCdevs = (engine: Engine): boolean => engine.records('vfio_device_fops_cdev_open');

export const UNBOUND = because(
  ERRNO.EINVAL,
  'the file is not bound to an iommufd yet',
  'device/bound',
);
const UNREADABLE = because(ERRNO.EFAULT, 'the argument cannot be read');
const invalid = (text: string, ...cells: readonly string[]): Results =>
  because(ERRNO.EINVAL, text, ...cells);

function bindResults(
  engine: Engine,
  call: IoctlCall,
  fn: VfioFunction,
  e: EventCursor,
  version: number | null,
): Results | null {
  const early = refuseBind(call, version);
  if (early === 'unknown') return null;
  if (early !== 'none') return early;
  const { descriptors, groupFiles } = engine.vfio;
  const file = fileOfCall(descriptors, e.pid, e.tid);
  if (file !== null && groupFiles.has(file)) return invalid('the file is of a group');
  if (call.opened === true) return [0];
  if (call.openError !== null) return [call.openError];
  if (call.opened === null) return null;
  const binding = cdevOf(fn);
  const bound = typeof binding === 'object' ? binding : null;
  if (bound !== null && file !== null && bound.file === file) {
    return invalid('the file is bound already', 'device/bound');
  }
  // Without a call that enables the device something refused it, in the order of these.
  const maybe: Results[] = [tokenErrors(engine, call, fn, version)];
  if (bound === null) maybe.push(because(ERRNO.EBUSY, 'a user has its group', 'device/group'));
  const isKnown = showsFiles(engine) && iommufdAt(engine, e.pid, call.words[2]) !== null;
  if (!isKnown) maybe.push(...badFile(call.words[2]));
  if (bound !== null || typeof fn.open === 'object') {
    return anyOf(...maybe, invalid('another file of the device is bound', 'device/bound'));
  }
  const group = engine.machine.find(fn.address)?.group ?? null;
  const refused = group === null ? [-ERRNO.EPERM] : refusedGroup(engine, group);
  if (group !== null && viable(engine, group) === false) return anyOf(...maybe, refused);
  const opener = isUuid(fn.address) ? DF_OPEN : 'vfio_pci_core_enable';
  if (!engine.records(opener)) return null;
  const others = [-ERRNO.EINVAL, -ERRNO.EBUSY, -ERRNO.ENODEV, -ERRNO.ENOMEM];
  return anyOf(...maybe, refused, others);
}

function refusedGroup(engine: Engine, group: number): Results {
  const blockers = blockersOf(engine, group);
  return blockers.length > 0 ? notViable(blockers, false) : [-ERRNO.EPERM];
}

/** A descriptor is not open, or not one of an iommufd. */
const badFile = (descriptor: number): Results[] => [
  because(ERRNO.EBADF, `iommufd ${descriptor | 0} is no open descriptor`),
  because(ERRNO.EBADFD, `descriptor ${descriptor | 0} is not one of an iommufd`),
];

/** The errors of the argument itself. */
function refuseBind(call: IoctlCall, version: number | null): Results | 'none' | Unknown {
  if (call.argument === 0) return UNREADABLE;
  if (call.words.length < 3) return 'unknown';
  const [argsz, flags, descriptor] = call.words;
  if (argsz === 0 && flags === 0 && descriptor === 0) return anyOf(tooSmall(0, 16), UNREADABLE);
  const flag = version === null || version >= BIND_TOKEN_SINCE ? 1 : 0;
  if (argsz < 16) return tooSmall(argsz, 16);
  if ((flags & ~flag) !== 0) return unknownFlags(flags);
  return (descriptor | 0) < 0 ? invalid(`iommufd is ${descriptor | 0}`) : 'none';
}

const UNREAD_TOKEN = because(ERRNO.EFAULT, 'the token cannot be read');

/** From Linux 6.17 on a token is passed with a flag (vfio_df_check_token). */
function tokenErrors(
  engine: Engine,
  call: IoctlCall,
  fn: VfioFunction,
  version: number | null,
): Results {
  if (version !== null && version < BIND_TOKEN_SINCE) return [];
  const pci = engine.machine.find(fn.address);
  if (pci == null) return [];
  const isGiven = (call.words[1] & 1) !== 0;
  return anyOf(tokenRefusals(engine, pci, isGiven), isGiven ? UNREAD_TOKEN : []);
}

function learnBound(engine: Engine, call: IoctlCall, fn: VfioFunction, e: EventCursor): void {
  const { descriptors, iommufds } = engine.vfio;
  const file = fileOfCall(descriptors, e.pid, e.tid);
  const descriptor = call.words[2];
  const context = descriptor === undefined ? null : shownIommufd(engine, e.pid, descriptor);
  fn.bound = { door: 'cdev', process: e.pid, file, context };
  // Where opening is not recorded, this shows it.
  if (fn.open === 'closed') fn.open = 'unknown';
  const use = context === null ? undefined : iommufds.uses.get(context);
  if (use !== undefined) {
    bind(use.context, fn.address, engine.machine.find(fn.address)?.group ?? null);
  }
}

function attachment(
  engine: Engine,
  call: IoctlCall,
  fn: VfioFunction,
  version: number | null,
): Answer {
  if (call.argument === 0) return { results: UNREADABLE };
  if (call.words.length < 3) return { results: null };
  const [argsz, flags, pt] = call.words;
  const small = tooSmall(argsz, LEAST_BYTES[call.name]);
  if (argsz === 0 && flags === 0 && pt === 0) return { results: anyOf(small, UNREADABLE) };
  const driver = only(engine.machine.find(fn.address)?.driver ?? 'unknown') ?? null;
  const refusal = refusesAttachment({ name: call.name, argsz, flags }, version, driver);
  if (refusal !== null) return { results: refusal };
  const use = boundUse(engine, fn);
  const id = use === null ? null : deviceId(use.context, fn.address);
  if (use === null || id === null) return call.name === ATTACH ? UNKNOWN_USE : DETACHED;
  if (flags !== 0) return ofPasid(use.context, id, call);
  if (call.name === ATTACH) return attach(use.context, id, pt);
  return { results: [0], done: ({ at }) => detach(use.context, id, at) };
}

/** Where the PASID is in the struct, in words; recordings may end before it. */
function ofPasid(context: Context, id: number, { name, words }: IoctlCall): Answer {
  if (name === ATTACH) return attachPasid(context, id, words[3] ?? null, words[2]);
  return { results: [0], done: () => detachPasid(context, id, words[2] ?? null) };
}

const DETACHED: Answer = { results: [0] };
const UNKNOWN_USE: Answer = { results: null };

/** The name of the iommufd that a device is bound to; null when that is not known. */
function boundContext(fn: VfioFunction): string | null {
  const binding = bindingOf(fn);
  return typeof binding === 'object' ? binding.context : null;
}

function boundUse(engine: Engine, fn: VfioFunction): Use | null {
  const key = boundContext(fn);
  return key === null ? null : (engine.vfio.iommufds.uses.get(key) ?? null);
}

/** A device is closed: its iommufd loses it, and is destroyed if only the device kept it alive. */
export function releaseFile(engine: Engine, fn: VfioFunction): void {
  const key = boundContext(fn);
  const use = boundUse(engine, fn);
  fn.bound = 'unbound';
  if (use === null || key === null) return;
  const id = deviceId(use.context, fn.address);
  if (id !== null) unbind(use.context, id);
  if (use.closed && !isHeld(use)) engine.vfio.iommufds.uses.delete(key);
}

/** What a device that is bound to an iommufd can reach by DMA; null when not known. */
export function reachOf(engine: Engine, address: string): Reach | null {
  const use = boundUse(engine, functionAt(engine.vfio, address));
  const id = use === null ? null : deviceId(use.context, address);
  return use === null || id === null ? null : reach(use.context, id);
}

/** Whether a device is open by its character device; null when not known. */
export function isByCdev(engine: Engine, address: string): boolean | null {
  const bound = cdevOf(functionAt(engine.vfio, address));
  return bound === 'unknown' ? null : bound !== 'unbound';
}

/**
 * What a function is to the iommufd that another one is bound to: its number there, or one of
 * `DEVID`. Null when not known.
 */
export function devidOf(engine: Engine, other: string, address: string): number | null {
  const use = boundUse(engine, functionAt(engine.vfio, address));
  const group = engine.machine.find(other)?.group ?? null;
  return use === null ? null : ownership(use.context, other, group);
}

/**
 * Whether functions belong to the iommufd that one of them is bound to: they are bound to it, too,
 * or their group has a device that is. Null when not known.
 */
export function iommufdOwns(
  engine: Engine,
  functions: readonly string[],
  address: string,
): boolean | null {
  const others = functions.filter((other) => other !== address);
  const ids = others.map((other) => devidOf(engine, other, address));
  if (ids.includes(DEVID.NOT_OWNED)) return false;
  return ids.includes(null) ? null : true;
}

/** A group was put into an iommufd instead of a container. */
export function learnGroupInIommufd(engine: Engine, process: number): void {
  const { iommufds } = engine.vfio;
  const key = onlyUse(iommufds, process);
  const use = key === null ? undefined : iommufds.uses.get(key);
  if (use !== undefined) makeCompat(use.context);
  else groupInUnseenIommufd(iommufds);
}

/** A group that is in an iommufd handed out a device, which is bound and attached with that. */
export function learnGroupDevice(engine: Engine, address: string, e: EventCursor): void {
  const { iommufds } = engine.vfio;
  const fn = functionAt(engine.vfio, address);
  const key = onlyUse(iommufds, e.pid);
  const use = key === null ? undefined : iommufds.uses.get(key);
  if (use === undefined || typeof fn.bound === 'object') return;
  fn.bound = { door: 'group', process: e.pid, file: null, context: key };
  const { context } = use;
  const id = bind(context, address, engine.machine.find(address)?.group ?? null);
  if (id === null) return;
  const { done } = attach(context, id, typeof context.compat === 'number' ? context.compat : 0);
  done?.({ ret: 0, written: NOTHING_WRITTEN, at: e.ts });
}
