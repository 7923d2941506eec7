/**
 * The reset of all functions that can only be reset together: what it reaches, and which users the
 * kernel allows it (vfio_pci_ioctl_pci_hot_reset and vfio_pci_dev_set_hot_reset, kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.1, 6.12 and 7.3).
 */
import { ERRNO, formatBdf } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { anyOf, because, HARDWARE, type Results } from '../reason.js';

/** `HARDWARE`, unless the user does not own all that it concerns, which is not recorded. */
export const UNOWNED_OR_HARDWARE = 'unowned or hardware';

/** A descriptor that the user passes: of a group by its number, of another file, or not open. */
export type Passed = number | 'other' | 'closed' | 'unknown';

/** The functions that are reset together, and what is known of their user. */
export interface HotResetContext {
  /** Functions that a reset of the bus would reach, itself included; null when not known. */
  readonly busFunctions: number | null;
  /** All of them belong to VFIO. */
  readonly busOwned: boolean | null;
  /** The IOMMU groups of these functions; null for one that is not known. */
  readonly busGroups: readonly (number | null)[];
  /** No bridge is above the device: its bus cannot be reset. */
  readonly rootBus: boolean;
  /** It is open by its character device; null when not known. */
  readonly byCdev: boolean | null;
  /** All functions of the bus are of the iommufd that it is bound to; null when not known. */
  readonly iommufdOwns: boolean | null;
  /** The descriptors of groups that the user passes, in order. */
  readonly passed: readonly Passed[];
  /** Kernel version as major * 1000 + minor; null when the recording does not state it. */
  readonly version: number | null;
}

type Answer = Results | typeof HARDWARE | typeof UNOWNED_OR_HARDWARE | null;

/** From this kernel on a device may be open by its character device, and passes no groups then. */
const CDEV_SINCE = 6006;

const invalid = (text: string): Results => because(ERRNO.EINVAL, text);
const tooSmall = (argsz: number): Results => invalid(`argsz is ${argsz}, less than 12`);
const ON_ROOT_BUS = because(ERRNO.ENODEV, 'no bridge is above the device that could reset its bus');
/** What is wrong with a descriptor that a user passes. */
export const NOT_OPEN = because(ERRNO.EBADF, 'a descriptor that was passed is not open');
const NO_GROUP = invalid('a descriptor that was passed is of no group');
/** What can be wrong with descriptors that are not recorded. */
export const WRONG_FILES = anyOf(
  NOT_OPEN,
  NO_GROUP,
  because(ERRNO.EFAULT, 'the descriptors cannot be read'),
);
const OTHER_DRIVER = invalid('a function that the reset reaches has another driver');

const NOT_ISOLATED = because(
  ERRNO.EPERM,
  'a function that the reset reaches may be in no IOMMU group',
);

export function hotResetInfo([argsz]: readonly number[], c: HotResetContext): Results | null {
  if (argsz < 12) return tooSmall(argsz);
  if (c.rootBus) return ON_ROOT_BUS;
  if (c.busFunctions === null) return null;
  const bytes = 12 + 8 * c.busFunctions;
  const text = `argsz is ${argsz}; the list of ${c.busFunctions} functions has ${bytes} bytes`;
  if (argsz < bytes) return because(ERRNO.ENOSPC, text);
  return c.byCdev !== true && c.busGroups.includes(null) ? anyOf([0], NOT_ISOLATED) : [0];
}

/** Flags of the answer: ids are those of an iommufd, which owns all of the functions. */
const FLAG = { DEV_ID: 1, DEV_ID_OWNED: 2 } as const;

/**
 * What the kernel writes into the argument of the question: null for what is not known.
 * @param fits whether the list of functions had room
 */
export function hotResetAnswer(
  c: HotResetContext,
  fits: boolean,
): { readonly flags: number | null; readonly count: number | null } {
  const count = c.rootBus ? null : c.busFunctions;
  if (!fits || c.byCdev === false) return { flags: 0, count };
  if (c.byCdev === null || c.busOwned === null || c.iommufdOwns === null) {
    return { flags: null, count };
  }
  const isOwned = c.busOwned && c.iommufdOwns;
  return { flags: FLAG.DEV_ID | (isOwned ? FLAG.DEV_ID_OWNED : 0), count };
}

/** A function in the answer, and its IOMMU group, or what it is to the user's iommufd. */
export interface Dependent {
  readonly address: string;
  readonly id: number;
}

/**
 * The functions in the answer (struct vfio_pci_dependent_device, uapi linux/vfio.h 7.3).
 * @param words of the whole struct; those of the last function may be cut off
 */
export function dependents(words: readonly number[]): Dependent[] {
  return Array.from({ length: (words.length - 3) >> 1 }, (_, i) => {
    const place = words[4 + 2 * i];
    const address = formatBdf(place & 0xffff, (place >>> 16) & 0xff, place >>> 24);
    return { address, id: words[3 + 2 * i] | 0 };
  });
}

/** The user of a group passes the groups of all functions, that of a character device none. */
export function hotReset(words: readonly number[], c: HotResetContext): Answer {
  const [argsz, flags, count] = words;
  if (argsz < 12) return tooSmall(argsz);
  if (flags !== 0) return invalid(`flags ${hex(flags)} are not 0`);
  const wrongCount = refuseCount(count, c);
  if (c.rootBus) {
    // Before there were character devices, the bus was looked at first.
    const resetFirst = c.version === null || c.version < CDEV_SINCE;
    if (wrongCount === null || (resetFirst && c.version !== null)) return ON_ROOT_BUS;
    return resetFirst ? anyOf(ON_ROOT_BUS, wrongCount) : wrongCount;
  }
  if (wrongCount !== null) return wrongCount;
  if (c.busFunctions === null || c.busOwned === null || c.byCdev === null) return null;
  if (count > c.busFunctions) {
    return invalid(`count is ${count}, and a reset reaches ${c.busFunctions} functions`);
  }
  return c.byCdev ? ofIommufd(c) : ofGroups(count, c);
}

function refuseCount(count: number, { byCdev }: HotResetContext): Results | null {
  if (byCdev === null || byCdev !== count > 0) return null;
  const door = byCdev ? 'a character device takes no groups' : 'no group is passed';
  return invalid(`${door}: count is ${count}`);
}

function ofIommufd({ busOwned, iommufdOwns }: HotResetContext): Answer {
  if (busOwned === false) return OTHER_DRIVER;
  if (iommufdOwns === null) return UNOWNED_OR_HARDWARE;
  return iommufdOwns ? HARDWARE : invalid('a function that the reset reaches has another user');
}

/** The descriptors are looked up one after the other, then the functions. */
function ofGroups(count: number, { passed, busOwned, busGroups }: HotResetContext): Answer {
  const files = Array.from({ length: count }, (_, i) => passed[i] ?? 'unknown');
  const wrong = files.find((file) => typeof file === 'string');
  if (wrong === 'closed') return NOT_OPEN;
  if (wrong === 'other') return NO_GROUP;
  if (busOwned === false) return wrong === undefined ? OTHER_DRIVER : anyOf(OTHER_DRIVER, NOT_OPEN);
  if (wrong !== undefined) return UNOWNED_OR_HARDWARE;
  const missing = busGroups.find((group) => group !== null && !files.includes(group));
  if (missing !== undefined && missing !== null) {
    return invalid(`a function that the reset reaches is of group ${missing}, which is not passed`);
  }
  return busGroups.includes(null) ? UNOWNED_OR_HARDWARE : HARDWARE;
}
