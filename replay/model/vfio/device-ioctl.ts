/**
 * Ioctls of a device: what the kernel returns (vfio_pci_core_ioctl, kernel
 * drivers/vfio/pci/vfio_pci_core.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { anyOf, because, type HARDWARE, type Results as Known } from '../reason.js';
import { CAP } from '../vfio-pci-core/capabilities.js';
import { IRQ, isLowPower, type LowPower, type OpenDevice } from '../vfio-pci-core/open-device.js';
import { deviceRegion, hasVga, REGION } from '../vfio-pci-core/regions.js';
import { DEVICE_FEATURE, FEATURE_FLAG } from './device-features.js';
import {
  type HotResetContext,
  hotReset,
  hotResetInfo,
  type UNOWNED_OR_HARDWARE,
} from './hot-reset.js';
import { errOfAll, refusalOfIrqs } from './vfio-irqs.js';

/** Possible results; null when the state or the argument that decides was not recorded. */
export type Results = Known | null;

/** Words of the argument: its size, and two more (flags and index, mostly). */
export interface DeviceArgument {
  readonly address: number;
  readonly words: readonly number[];
}

/** What an ioctl depends on in addition to the device. */
export interface DeviceContext extends HotResetContext {
  readonly isPf: boolean;
  /** `vfio_pci_set_irqs_ioctl` ran: the arguments were good. */
  readonly irqsSet: boolean;
}

const invalid = (text: string, ...cells: readonly string[]): Known =>
  because(ERRNO.EINVAL, text, ...cells);

const tooSmall = (argsz: number, least: number): Known =>
  invalid(`argsz is ${argsz}, less than ${least}`);

const NO_ARGUMENT = because(ERRNO.EFAULT, 'the address of the argument is 0');

type Answer = Results | typeof HARDWARE | typeof UNOWNED_OR_HARDWARE;
type Model = (device: OpenDevice | null, words: readonly number[], c: DeviceContext) => Answer;

const MODELS: Readonly<Record<string, Model>> = {
  VFIO_DEVICE_GET_INFO: (_device, [argsz]) => (argsz < 16 ? tooSmall(argsz, 16) : [0]),
  VFIO_DEVICE_GET_REGION_INFO: regionInfo,
  VFIO_DEVICE_GET_IRQ_INFO: irqInfo,
  VFIO_DEVICE_SET_IRQS: setIrqs,
  VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: (_device, words, c) => hotResetInfo(words, c),
  VFIO_DEVICE_PCI_HOT_RESET: (_device, words, c) => hotReset(words, c),
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
    const missing = FOREIGN.has(name) || name.startsWith('0x');
    return missing ? because(ERRNO.ENOTTY, `vfio-pci has no call ${name}`) : 'unmodelled';
  }
  if (argument.address === 0) return NO_ARGUMENT;
  return argument.words.length === 0 ? null : model(device, argument.words, context);
}

function regionInfo(device: OpenDevice | null, words: readonly number[]): Results {
  const [argsz, , index] = words;
  if (argsz < 32) return tooSmall(argsz, 32);
  if (index < REGION.VGA) return [0];
  if (device === null) return null;
  const missing = invalid(`the device has no region ${index}`);
  if (index === REGION.VGA) return hasVga(device) ? anyOf([0], missing) : missing;
  const own = deviceRegion(device, index);
  if (own === 'unknown') return null;
  return own === null ? missing : [0];
}

function irqInfo(
  device: OpenDevice | null,
  words: readonly number[],
  { version }: DeviceContext,
): Results {
  const [argsz, , index] = words;
  if (argsz < 16) return tooSmall(argsz, 16);
  if (index >= IRQ.NONE) return invalid(`there is no interrupt index ${index}`);
  if (index !== IRQ.ERR) return [0];
  const always = errOfAll(version);
  if (always === true) return [0];
  if (device === null) return null;
  if (CAP.EXP in device.space.capabilities) return [0];
  const missing = invalid('a device without PCI Express has no error interrupt');
  return always === null ? anyOf([0], missing) : missing;
}

const IRQ_FLAGS = 0x3f;

/** Without a call of the function that sets them, the arguments were refused. */
function setIrqs(device: OpenDevice | null, words: readonly number[], c: DeviceContext): Results {
  const [argsz, flags, index, start, count] = words;
  if (argsz < 20) return tooSmall(argsz, 20);
  if (index >= IRQ.NONE) return invalid(`there is no interrupt index ${index}`);
  if ((flags & ~IRQ_FLAGS) !== 0) return invalid(`flags ${hex(flags)} are not all known`);
  if (c.irqsSet) return null;
  const unread = because(ERRNO.EFAULT, 'the data of the argument cannot be read');
  if (device === null) return anyOf([-ERRNO.EINVAL], unread);
  const known = refusalOfIrqs(device, { flags, index, start, count }, c);
  return anyOf(invalid(known ?? 'start, count and argsz do not fit the interrupts'), unread);
}

const IOEVENTFD_SIZES = 0xf;

function ioeventfd(_device: OpenDevice | null, [argsz, flags]: readonly number[]): Results {
  const oneSize = (flags & (flags - 1)) === 0 && (flags & IOEVENTFD_SIZES) !== 0;
  if (argsz < 28) return tooSmall(argsz, 28);
  const known = oneSize && (flags & ~IOEVENTFD_SIZES) === 0;
  return known ? null : invalid(`flags ${hex(flags)} are not one size`);
}

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
  if (argument.address === 0) return NO_ARGUMENT;
  const [argsz, flags] = argument.words;
  if (argument.words.length < 2) return null;
  const { ID, GET, SET, PROBE } = FEATURE_FLAG;
  const both = (flags & (GET | SET)) === (GET | SET);
  if (argsz < 8) return tooSmall(argsz, 8);
  if ((flags & ~(ID | GET | SET | PROBE)) !== 0) {
    return invalid(`flags ${hex(flags)} are not all known`);
  }
  if (both && (flags & PROBE) === 0) return invalid('GET and SET exclude each other');
  const id = flags & ID;
  if (id === DEVICE_FEATURE.MIG_PRECOPY_INFOv2) return precopyInfo(version);
  if (MIGRATION_FEATURES.has(id)) {
    return because(ERRNO.ENOTTY, `vfio-pci has no migration, and so no feature ${id}`);
  }
  if (id === DEVICE_FEATURE.DMA_BUF) return dmaBuf(flags, version);
  if (id === DEVICE_FEATURE.PCI_VF_TOKEN) {
    return context.isPf
      ? (checked(flags, argsz, SET, TOKEN_BYTES) ?? [0])
      : because(ERRNO.ENOTTY, 'only a PF with SR-IOV has a token');
  }
  const { ENTRY, ENTRY_WAKEUP, EXIT } = LOW_POWER;
  const known = id === ENTRY || id === ENTRY_WAKEUP || id === EXIT;
  // A kernel that is newer than all that is known here may have more.
  if (id > DEVICE_FEATURE.MIG_PRECOPY_INFOv2 && (version === null || version > NEWEST)) return null;
  if (!known || (version !== null && version < 6001)) return noFeature(id);
  const refused = checked(flags, argsz, SET, id === ENTRY_WAKEUP ? 8 : 0);
  if (refused !== null || id === EXIT) return refused ?? [0];
  if (device === null) return null;
  const entered = lowPowerResults(device);
  return id === ENTRY ? entered : withEventfd(argument.words, entered);
}

function lowPowerResults(device: OpenDevice): Known {
  const again = invalid('it is in low power already', 'device/vfio/lowPower');
  if (device.lowPower === 'unknown') return anyOf([0], again);
  return isLowPower(device) ? again : [0];
}

/** The eventfd that a wake signals is looked up first; which file it is, is not known here. */
function withEventfd([, , descriptor]: readonly number[], results: Known): Known {
  if (descriptor !== undefined && descriptor > 0x7fff_ffff) {
    return invalid('the descriptor of the eventfd is negative');
  }
  const missing = because(ERRNO.EBADF, 'the descriptor of the eventfd is not open');
  return anyOf(results, missing, invalid('the descriptor is not that of an eventfd'));
}

const noFeature = (id: number): Known =>
  because(ERRNO.ENOTTY, `vfio-pci of this kernel has no feature ${id}`);

/** The newest kernel whose features are known here. */
const NEWEST = 7003;

/** A device that cannot migrate. */
function precopyInfo(version: number | null): Results {
  const { after, by } = PRECOPY_V2;
  const { MIG_PRECOPY_INFOv2: id } = DEVICE_FEATURE;
  const refused = invalid(`feature ${id} takes no such call on a device without migration`);
  if (version !== null && version >= by) return refused;
  if (version !== null && version <= after) return noFeature(id);
  return anyOf(noFeature(id), refused);
}

/** Whether the kernel was built with it, and the device can do it, is not recorded. */
function dmaBuf(flags: number, version: number | null): Results {
  if (version !== null && version < DMA_BUF_SINCE) return noFeature(DEVICE_FEATURE.DMA_BUF);
  const missing = anyOf(
    because(ERRNO.ENOTTY, 'the kernel exports no DMA buffers of this device'),
    because(ERRNO.EOPNOTSUPP, 'the device cannot export DMA buffers'),
  );
  const refused = invalid('the feature has GET only');
  if ((flags & FEATURE_FLAG.SET) !== 0) return anyOf(refused, missing);
  if ((flags & FEATURE_FLAG.PROBE) !== 0) return anyOf([0], missing);
  return (flags & FEATURE_FLAG.GET) === 0 ? anyOf(refused, missing) : null;
}

/** `vfio_check_feature`: null when the feature continues with its work. */
function checked(flags: number, argsz: number, supported: number, bytes: number): Results {
  const asked = flags & (FEATURE_FLAG.GET | FEATURE_FLAG.SET);
  if ((asked & ~supported) !== 0) return invalid('the feature has no GET or no SET');
  if ((flags & FEATURE_FLAG.PROBE) !== 0) return [0];
  if (asked === 0) return invalid('neither GET nor SET is asked for');
  return argsz - 8 < bytes ? tooSmall(argsz, 8 + bytes) : null;
}

/** Whether a successful FEATURE call has set the VF token of a PF. */
export const setsVfToken = (flags: number): boolean =>
  (flags & FEATURE_FLAG.ID) === DEVICE_FEATURE.PCI_VF_TOKEN && (flags & FEATURE_FLAG.PROBE) === 0;

/** Which low power state a successful FEATURE call entered, or that it left it; else null. */
export function lowPowerChange(flags: number): Exclude<LowPower, 'unknown'> | null {
  if ((flags & FEATURE_FLAG.PROBE) !== 0) return null;
  switch (flags & FEATURE_FLAG.ID) {
    case LOW_POWER.ENTRY:
      return 'on';
    case LOW_POWER.ENTRY_WAKEUP:
      return 'until resumed';
    case LOW_POWER.EXIT:
      return 'off';
    default:
      return null;
  }
}

/** Whether a FEATURE call enters a low power state, if it succeeds. */
export function entersLowPower(flags: number): boolean {
  const change = lowPowerChange(flags);
  return change !== null && change !== 'off';
}
