/**
 * Ioctls of a device: what the kernel returns (vfio_pci_core_ioctl, kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { CAP } from '../vfio-pci-core/capabilities.js';
import { IRQ, type OpenDevice } from '../vfio-pci-core/open-device.js';
import { hasVga, mayHaveOwnRegions, REGION, REGIONS } from '../vfio-pci-core/regions.js';
import { DEVICE_FEATURE } from './device-features.js';
import { errOfAll } from './vfio-irqs.js';

/** Possible results; null when the state or the argument that decides was not recorded. */
export type Results = readonly number[] | null;
/** The arguments are valid, and the hardware determines the result. */
export const HARDWARE = 'hardware';
/** The same, unless the user does not own all that it concerns, which is not recorded. */
export const UNOWNED_OR_HARDWARE = 'unowned or hardware';

/** Words of the argument: its size, and two more (flags and index, mostly). */
export interface DeviceArgument {
  readonly address: number;
  readonly words: readonly number[];
}

/** What an ioctl depends on in addition to the device. */
export interface DeviceContext {
  /** Other functions that a reset of the bus would reach, itself included; null when not known. */
  readonly busFunctions: number | null;
  /** All of them belong to VFIO. */
  readonly busOwned: boolean | null;
  /** No bridge is above the device: its bus cannot be reset. */
  readonly rootBus: boolean;
  readonly isPf: boolean;
  /** `vfio_pci_set_irqs_ioctl` ran: the arguments were good. */
  readonly irqsSet: boolean;
  /** It is open by its character device; null when not known. */
  readonly byCdev: boolean | null;
  /** All functions of the bus are of the iommufd that it is bound to; null when not known. */
  readonly iommufdOwns: boolean | null;
  /** Kernel version as major * 1000 + minor; null when the recording does not state it. */
  readonly version: number | null;
}

const INVALID: Results = [-ERRNO.EINVAL];

type Answer = Results | typeof HARDWARE | typeof UNOWNED_OR_HARDWARE;
type Model = (device: OpenDevice | null, words: readonly number[], c: DeviceContext) => Answer;

const MODELS: Readonly<Record<string, Model>> = {
  VFIO_DEVICE_GET_INFO: (_device, [argsz]) => (argsz < 16 ? INVALID : [0]),
  VFIO_DEVICE_GET_REGION_INFO: regionInfo,
  VFIO_DEVICE_GET_IRQ_INFO: irqInfo,
  VFIO_DEVICE_SET_IRQS: setIrqs,
  VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: hotResetInfo,
  VFIO_DEVICE_PCI_HOT_RESET: hotReset,
  VFIO_DEVICE_IOEVENTFD: ioeventfd,
};

/** Ioctls that plain vfio-pci does not have: mdev's, and those of the device's own file. */
const FOREIGN = new Set(['VFIO_DEVICE_QUERY_GFX_PLANE', 'VFIO_DEVICE_GET_GFX_DMABUF']);

/**
 * What an ioctl returns, but for RESET and PCI_HOT_RESET, which do something first.
 * @returns possible results, null when not known, `unmodelled` when no model covers it
 */
export function deviceIoctl(
  name: string,
  device: OpenDevice | null,
  argument: DeviceArgument,
  context: DeviceContext,
): Answer | 'unmodelled' {
  const model = MODELS[name];
  if (model === undefined) {
    return FOREIGN.has(name) || name.startsWith('0x') ? [-ERRNO.ENOTTY] : 'unmodelled';
  }
  if (argument.address === 0) return [-ERRNO.EFAULT];
  return argument.words.length === 0 ? null : model(device, argument.words, context);
}

function regionInfo(device: OpenDevice | null, words: readonly number[]): Results {
  const [argsz, , index] = words;
  if (argsz < 32) return INVALID;
  if (index < REGION.VGA) return [0];
  if (device === null) return null;
  if (index === REGION.VGA) return hasVga(device) ? [0, -ERRNO.EINVAL] : INVALID;
  return index >= REGIONS && mayHaveOwnRegions(device) ? null : INVALID;
}

function irqInfo(
  device: OpenDevice | null,
  words: readonly number[],
  { version }: DeviceContext,
): Results {
  const [argsz, , index] = words;
  if (argsz < 16 || index >= IRQ.NONE) return INVALID;
  if (index !== IRQ.ERR) return [0];
  const always = errOfAll(version);
  if (always === true) return [0];
  if (device === null) return null;
  if (CAP.EXP in device.space.capabilities) return [0];
  return always === null ? [0, -ERRNO.EINVAL] : INVALID;
}

const IRQ_FLAGS = 0x3f;

/** Without a call of the function that sets them, the arguments were refused. */
function setIrqs(_device: OpenDevice | null, words: readonly number[], c: DeviceContext): Results {
  const [argsz, flags, index] = words;
  if (argsz < 20 || index >= IRQ.NONE || (flags & ~IRQ_FLAGS) !== 0) return INVALID;
  return c.irqsSet ? null : [-ERRNO.EINVAL, -ERRNO.EFAULT];
}

function hotResetInfo(
  _device: OpenDevice | null,
  words: readonly number[],
  c: DeviceContext,
): Results {
  const [argsz] = words;
  if (argsz < 12) return INVALID;
  if (c.rootBus) return [-ERRNO.ENODEV];
  if (c.busFunctions === null) return null;
  return argsz < 12 + 8 * c.busFunctions ? [-ERRNO.ENOSPC] : [0];
}

/**
 * The user of a group proves ownership of every function by their groups, which are not recorded:
 * any of them may be wrong. The user of a character device passes none, since the iommufd proves
 * it.
 */
function hotReset(_device: OpenDevice | null, words: readonly number[], c: DeviceContext): Answer {
  const [argsz, flags, count] = words;
  if (argsz < 12 || flags !== 0) return INVALID;
  if (c.byCdev !== null && c.byCdev === count > 0) return INVALID;
  if (c.rootBus) return [-ERRNO.ENODEV];
  if (c.busFunctions === null || c.busOwned === null || c.byCdev === null) return null;
  if (count > c.busFunctions || !c.busOwned) return INVALID;
  const owns = c.byCdev ? c.iommufdOwns : null;
  if (owns === null) return UNOWNED_OR_HARDWARE;
  return owns ? HARDWARE : INVALID;
}

const IOEVENTFD_SIZES = 0xf;

function ioeventfd(_device: OpenDevice | null, [argsz, flags]: readonly number[]): Results {
  const oneSize = (flags & (flags - 1)) === 0 && (flags & IOEVENTFD_SIZES) !== 0;
  return argsz < 28 || !oneSize || (flags & ~IOEVENTFD_SIZES) !== 0 ? INVALID : null;
}

/** Bits of the flags of VFIO_DEVICE_FEATURE (uapi vfio.h). */
const FEATURE = { MASK: 0xffff, GET: 0x10000, SET: 0x20000, PROBE: 0x40000 } as const;
const TOKEN_BYTES = 16;

/** Features that a device without migration does not have: migration and dirty pages. */
const MIGRATION_FEATURES: ReadonlySet<number> = new Set([
  DEVICE_FEATURE.MIGRATION,
  DEVICE_FEATURE.MIG_DEVICE_STATE,
  DEVICE_FEATURE.DMA_LOGGING_START,
  DEVICE_FEATURE.DMA_LOGGING_STOP,
  DEVICE_FEATURE.DMA_LOGGING_REPORT,
  DEVICE_FEATURE.MIG_DATA_SIZE,
  DEVICE_FEATURE.MIG_PRECOPY_INFOv2,
]);
const LOW_POWER = {
  ENTRY: DEVICE_FEATURE.LOW_POWER_ENTRY,
  ENTRY_WAKEUP: DEVICE_FEATURE.LOW_POWER_ENTRY_WITH_WAKEUP,
  EXIT: DEVICE_FEATURE.LOW_POWER_EXIT,
} as const;
/**
 * The version since which vfio-pci-core exports regions as DMA buffers, where kernel and device
 * can.
 */
const DMA_BUF_SINCE = 6019;
/** 7.3 refuses the newer form of a migration's size by EINVAL, kernels without it by ENOTTY. */
const PRECOPY_V2 = { after: 7000, by: 7003 } as const;

/**
 * VFIO_DEVICE_FEATURE of a device on plain vfio-pci-core.
 */
export function feature(
  device: OpenDevice | null,
  argument: DeviceArgument,
  context: DeviceContext,
): Results {
  const { version } = context;
  if (argument.address === 0) return [-ERRNO.EFAULT];
  const [argsz, flags] = argument.words;
  if (argument.words.length < 2) return null;
  const { MASK, GET, SET, PROBE } = FEATURE;
  const both = (flags & (GET | SET)) === (GET | SET);
  if (argsz < 8 || (flags & ~(MASK | GET | SET | PROBE)) !== 0) return INVALID;
  if (both && (flags & PROBE) === 0) return INVALID;
  const id = flags & MASK;
  if (id === DEVICE_FEATURE.MIG_PRECOPY_INFOv2) return precopyInfo(version);
  if (MIGRATION_FEATURES.has(id)) return [-ERRNO.ENOTTY];
  if (id === DEVICE_FEATURE.DMA_BUF) return dmaBuf(flags, version);
  if (id === DEVICE_FEATURE.PCI_VF_TOKEN) {
    return context.isPf ? (checked(flags, argsz, SET, TOKEN_BYTES) ?? [0]) : [-ERRNO.ENOTTY];
  }
  const { ENTRY, ENTRY_WAKEUP, EXIT } = LOW_POWER;
  const known = id === ENTRY || id === ENTRY_WAKEUP || id === EXIT;
  // A kernel that is newer than all that is known here may have more.
  if (id > DEVICE_FEATURE.MIG_PRECOPY_INFOv2 && (version === null || version > NEWEST)) return null;
  if (!known || (version !== null && version < 6001)) return [-ERRNO.ENOTTY];
  const refused = checked(flags, argsz, SET, id === ENTRY_WAKEUP ? 8 : 0);
  if (refused !== null || id === EXIT) return refused ?? [0];
  return device === null ? null : [device.lowPower ? -ERRNO.EINVAL : 0];
}

/** The newest kernel whose features are known here. */
const NEWEST = 7003;

/** A device that cannot migrate. */
function precopyInfo(version: number | null): Results {
  const { after, by } = PRECOPY_V2;
  if (version !== null && version >= by) return INVALID;
  if (version !== null && version <= after) return [-ERRNO.ENOTTY];
  return [-ERRNO.ENOTTY, -ERRNO.EINVAL];
}

/** Whether the kernel was built with it, and the device can do it, is not recorded. */
function dmaBuf(flags: number, version: number | null): Results {
  if (version !== null && version < DMA_BUF_SINCE) return [-ERRNO.ENOTTY];
  const missing = [-ERRNO.ENOTTY, -ERRNO.EOPNOTSUPP];
  if ((flags & FEATURE.SET) !== 0) return [-ERRNO.EINVAL, ...missing];
  if ((flags & FEATURE.PROBE) !== 0) return [0, ...missing];
  return (flags & FEATURE.GET) === 0 ? [-ERRNO.EINVAL, ...missing] : null;
}

/** `vfio_check_feature`: null when the feature continues with its work. */
function checked(flags: number, argsz: number, supported: number, bytes: number): Results {
  const asked = flags & (FEATURE.GET | FEATURE.SET);
  if ((asked & ~supported) !== 0) return INVALID;
  if ((flags & FEATURE.PROBE) !== 0) return [0];
  return asked === 0 || argsz - 8 < bytes ? INVALID : null;
}

/** Whether a successful FEATURE call entered (true) or left (false) a low power state. */
export function lowPowerChange(flags: number): boolean | null {
  const id = flags & FEATURE.MASK;
  if ((flags & FEATURE.PROBE) !== 0) return null;
  if (id === LOW_POWER.ENTRY || id === LOW_POWER.ENTRY_WAKEUP) return true;
  return id === LOW_POWER.EXIT ? false : null;
}
