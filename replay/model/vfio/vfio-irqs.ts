/**
 * Interrupt setup of a device: `vfio_pci_set_irqs_ioctl` (kernel drivers/vfio/pci/vfio_pci_intrs.c
 * 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { anyOf, because, type Results } from '../reason.js';
import { CAP } from '../vfio-pci-core/capabilities.js';
import { IRQ, irqCount, type OpenDevice } from '../vfio-pci-core/open-device.js';

/** VFIO_IRQ_SET_* of uapi vfio.h: kinds of data and actions, and the masks of both. */
export const IRQ_SET = {
  DATA_NONE: 1,
  DATA_BOOL: 2,
  DATA_EVENTFD: 4,
  DATA: 7,
  MASK: 8,
  UNMASK: 16,
  TRIGGER: 32,
  ACTION: 56,
} as const;
const { DATA_NONE, DATA_EVENTFD, DATA, MASK, UNMASK, TRIGGER, ACTION } = IRQ_SET;

/** Whether a request has an eventfd by which the user unmasks the interrupt. */
export const setsUnmasker = (flags: number): boolean =>
  (flags & UNMASK) !== 0 && (flags & DATA_EVENTFD) !== 0;

export interface IrqRequest {
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
}

/**
 * Whether functions without PCI Express have the error interrupt, too: all of them in 7.3, but not
 * in 6.12 (vfio_pci_get_irq_count, drivers/vfio/pci/vfio_pci_core.c). Null: not known.
 * @param version as major * 1000 + minor; null when the recording does not state it
 */
export function errOfAll(version: number | null): boolean | null {
  if (version === null) return null;
  return version >= 7003 ? true : version <= 6013 ? false : null;
}

/** The first kernel that can have more MSI-X vectors than were enabled at first. */
const DYNAMIC_SINCE = 6005;

const oneBit = (bits: number): boolean => bits !== 0 && (bits & (bits - 1)) === 0;

/**
 * Why a request fails the checks on its form (`vfio_set_irqs_validate_and_prepare`).
 * @param request whose start and count may not have been recorded
 * @returns null when it passes, or when that is not known
 */
export function refusalOfIrqs(
  device: OpenDevice,
  { flags, index, start, count }: Unrecorded<IrqRequest, 'start' | 'count'>,
  { version }: { readonly version: number | null },
): string | null {
  const max = index === IRQ.ERR && errOfAll(version) !== false ? 1 : irqCount(device, index);
  if (index >= IRQ.NONE) return `there is no interrupt index ${index}`;
  if ((flags & ~(DATA | ACTION)) !== 0) return `flags ${hex(flags)} are not all known`;
  if (max === 0) return `the device has no interrupt of index ${index}`;
  if (!oneBit(flags & DATA)) return `flags ${hex(flags)} have not exactly one kind of data`;
  if (start === undefined || count === undefined) return null;
  const fits = start < max && start + count <= max;
  return fits ? null : `vectors ${start} to ${start + count - 1} are asked for; it has ${max}`;
}

type Unrecorded<T, K extends keyof T> = Omit<T, K> & { readonly [P in K]: T[P] | undefined };

/** Whether a request passes the checks on its form. */
export const validIrqs = (
  device: OpenDevice,
  request: IrqRequest,
  version: number | null,
): boolean => refusalOfIrqs(device, request, { version }) === null;

/**
 * What a request returns.
 * @returns the possible results; null when the type of the interrupts in use is not known
 */
export function irqsResult(
  device: OpenDevice,
  request: IrqRequest,
  version: number | null,
): Results | null {
  const { flags, index } = request;
  const action = flags & ACTION;
  switch (index) {
    case IRQ.INTX:
      if (action === MASK || action === UNMASK) return intxMask(device, request, action);
      return action === TRIGGER ? intxTrigger(device, request) : NO_ACTION;
    case IRQ.MSI:
    case IRQ.MSIX:
      return action === TRIGGER ? msiTrigger(device, request, version) : NO_ACTION;
    case IRQ.ERR:
      return errResult(device, request, errOfAll(version));
    case IRQ.REQ:
      return action === TRIGGER ? signal(device.signals.req, request) : NO_ACTION;
    default:
      return NO_ACTION;
  }
}

const NO_ACTION = because(ERRNO.ENOTTY, 'these interrupts have no such action');

const invalid = (text: string, ...cells: readonly string[]): Results =>
  because(ERRNO.EINVAL, text, ...cells);

const IRQS = 'device/vfio/irqs';
const TYPE_NAMES = ['INTx', 'MSI', 'MSI-X'] as const;

const enabled = ({ irqType }: OpenDevice, wanted: number): Results =>
  invalid(
    irqType === IRQ.NONE
      ? `${TYPE_NAMES[wanted]} is not enabled`
      : `${TYPE_NAMES[irqType ?? IRQ.INTX]} is enabled, and only one type can be`,
    IRQS,
  );

const oneOnly = (start: number, count: number): Results =>
  invalid(`there is one interrupt; start is ${start} and count ${count}`);

function errResult(device: OpenDevice, request: IrqRequest, ofAll: boolean | null): Results {
  if ((request.flags & ACTION) !== TRIGGER) return NO_ACTION;
  if (CAP.EXP in device.space.capabilities || ofAll === true) {
    return signal(device.signals.err, request);
  }
  const missing = because(ERRNO.ENOTTY, 'a device without PCI Express has no error interrupt');
  return ofAll === null ? anyOf(missing, signal(null, request)) : missing;
}

const NO_EVENTFD = anyOf(
  because(ERRNO.EBADF, 'the descriptor that was passed is not open'),
  because(ERRNO.EINVAL, 'the descriptor that was passed is no eventfd'),
);

/** Eventfds are passed by their descriptors, which are not recorded. */
const GIVEN = anyOf([0], NO_EVENTFD);

function intxMask(
  device: OpenDevice,
  { flags, start, count }: IrqRequest,
  action: number,
): Results | null {
  const { irqType } = device;
  if (start !== 0 || count !== 1) return oneOnly(start, count);
  if (irqType === null) return null;
  if (irqType !== IRQ.INTX) return enabled(device, IRQ.INTX);
  if ((flags & DATA_EVENTFD) === 0) return [0];
  return action === MASK
    ? because(ERRNO.ENOTTY, 'no eventfd can mask INTx')
    : anyOf([0], NO_EVENTFD, because(ERRNO.EBUSY, 'an eventfd unmasks INTx already'));
}

function intxTrigger(device: OpenDevice, { flags, start, count }: IrqRequest): Results | null {
  const { irqType } = device;
  if (irqType === null) return null;
  if (irqType === IRQ.INTX && count === 0 && (flags & DATA_NONE) !== 0) return [0];
  if (irqType !== IRQ.INTX && irqType !== IRQ.NONE) return enabled(device, IRQ.INTX);
  if (start !== 0 || count !== 1) return oneOnly(start, count);
  if ((flags & DATA_EVENTFD) !== 0) return GIVEN;
  return irqType === IRQ.INTX ? [0] : enabled(device, IRQ.INTX);
}

function msiTrigger(
  device: OpenDevice,
  { flags, index, start, count }: IrqRequest,
  version: number | null,
): Results | null {
  const { irqType, vectors } = device;
  if (irqType === null) return null;
  if (irqType === index && count === 0 && (flags & DATA_NONE) !== 0) return [0];
  if (irqType !== index && irqType !== IRQ.NONE) return enabled(device, index);
  const last = start + count - 1;
  const beyond = `vectors up to ${last} are asked for, and ${vectors} are enabled`;
  if ((flags & DATA_EVENTFD) !== 0) {
    // At least one vector is requested, and zero may be allocated (pci_alloc_irq_vectors,
    // drivers/pci/msi).
    if (irqType === IRQ.NONE && start + count === 0) {
      return because(ERRNO.ERANGE, 'no vector is asked for');
    }
    if (irqType === IRQ.NONE || start + count <= vectors) return count === 0 ? [0] : GIVEN;
    const refused = invalid(beyond, IRQS);
    const grows = index === IRQ.MSIX && (version === null || version >= DYNAMIC_SINCE);
    return grows ? anyOf(GIVEN, refused) : refused;
  }
  if (irqType !== index) return enabled(device, index);
  return start + count <= vectors ? [0] : invalid(beyond, IRQS);
}

/** ERR and REQ: `vfio_pci_set_ctx_trigger_single`. */
function signal(set: boolean | null, { flags, start, count }: IrqRequest): Results {
  if (start !== 0 || count > 1) return oneOnly(start, count);
  if ((flags & DATA_NONE) !== 0) {
    const missing = invalid('no eventfd is set');
    return set === null ? anyOf([0], missing) : set ? [0] : missing;
  }
  if (count === 0) return oneOnly(start, count);
  return (flags & DATA_EVENTFD) === 0 ? [0] : GIVEN;
}

/** Applies a successful request. */
export function applyIrqs(device: OpenDevice, request: IrqRequest): void {
  const { flags, index, start, count } = request;
  if ((flags & ACTION) !== TRIGGER) return;
  if (index === IRQ.ERR || index === IRQ.REQ) {
    const key = index === IRQ.ERR ? 'err' : 'req';
    if ((flags & DATA_NONE) !== 0 && count === 0) device.signals[key] = false;
    // A descriptor of -1 clears it; the descriptor is not recorded.
    else if ((flags & DATA_EVENTFD) !== 0) device.signals[key] = null;
    return;
  }
  if (index > IRQ.MSIX) return;
  if (count === 0 && (flags & DATA_NONE) !== 0) {
    device.irqType = IRQ.NONE;
    device.vectors = 0;
  } else if ((flags & DATA_EVENTFD) !== 0) enable(device, index, start + count);
}

function enable(device: OpenDevice, index: number, vectors: number): void {
  if (device.irqType === index) {
    device.vectors = Math.max(device.vectors, vectors);
    return;
  }
  device.irqType = index;
  device.vectors = vectors;
  if (index === IRQ.MSI) device.space.msiQueueMax = Math.ceil(Math.log2(vectors));
}
