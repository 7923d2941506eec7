/**
 * Interrupt setup of a device: `vfio_pci_set_irqs_ioctl` (kernel drivers/vfio/pci/vfio_pci_intrs.c
 * 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import { CAP } from '../vfio-pci-core/capabilities.js';
import { IRQ, irqCount, type OpenDevice } from '../vfio-pci-core/open-device.js';

/** VFIO_IRQ_SET_* of uapi vfio.h. */
const DATA_NONE = 1;
const DATA_EVENTFD = 4;
const DATA = 7;
const MASK = 8;
const UNMASK = 16;
const TRIGGER = 32;
const ACTION = 56;

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

const oneBit = (bits: number): boolean => bits !== 0 && (bits & (bits - 1)) === 0;

/** Whether a request passes the checks on its form (`vfio_set_irqs_validate_and_prepare`). */
export function validIrqs(
  device: OpenDevice,
  { flags, index, start, count }: IrqRequest,
  version: number | null,
): boolean {
  const max = index === IRQ.ERR && errOfAll(version) !== false ? 1 : irqCount(device, index);
  if (index >= IRQ.NONE || (flags & ~(DATA | ACTION)) !== 0) return false;
  if (start >= max || start + count > max) return false;
  return oneBit(flags & DATA);
}

/**
 * What a request returns.
 * @returns the possible results; null when the type of the interrupts in use is not known
 */
export function irqsResult(
  device: OpenDevice,
  request: IrqRequest,
  version: number | null,
): readonly number[] | null {
  const { flags, index } = request;
  const action = flags & ACTION;
  switch (index) {
    case IRQ.INTX:
      if (action === MASK || action === UNMASK) return intxMask(device, request, action);
      return action === TRIGGER ? intxTrigger(device, request) : [-ERRNO.ENOTTY];
    case IRQ.MSI:
    case IRQ.MSIX:
      return action === TRIGGER ? msiTrigger(device, request) : [-ERRNO.ENOTTY];
    case IRQ.ERR:
      return errResult(device, request, errOfAll(version));
    case IRQ.REQ:
      return action === TRIGGER ? signal(device.signals.req, request) : [-ERRNO.ENOTTY];
    default:
      return [-ERRNO.ENOTTY];
  }
}

function errResult(
  device: OpenDevice,
  request: IrqRequest,
  ofAll: boolean | null,
): readonly number[] {
  if ((request.flags & ACTION) !== TRIGGER) return [-ERRNO.ENOTTY];
  if (CAP.EXP in device.space.capabilities || ofAll === true) {
    return signal(device.signals.err, request);
  }
  return ofAll === null ? [-ERRNO.ENOTTY, ...signal(null, request)] : [-ERRNO.ENOTTY];
}

function intxMask(
  { irqType }: OpenDevice,
  { flags, start, count }: IrqRequest,
  action: number,
): readonly number[] | null {
  if (start !== 0 || count !== 1) return [-ERRNO.EINVAL];
  if (irqType === null) return null;
  if (irqType !== IRQ.INTX) return [-ERRNO.EINVAL];
  if ((flags & DATA_EVENTFD) === 0) return [0];
  return action === MASK ? [-ERRNO.ENOTTY] : [0, -ERRNO.EBADF];
}

function intxTrigger(
  { irqType }: OpenDevice,
  { flags, start, count }: IrqRequest,
): readonly number[] | null {
  if (irqType === null) return null;
  if (irqType === IRQ.INTX && count === 0 && (flags & DATA_NONE) !== 0) return [0];
  if (irqType !== IRQ.INTX && irqType !== IRQ.NONE) return [-ERRNO.EINVAL];
  if (start !== 0 || count !== 1) return [-ERRNO.EINVAL];
  if ((flags & DATA_EVENTFD) !== 0) return [0];
  return irqType === IRQ.INTX ? [0] : [-ERRNO.EINVAL];
}

function msiTrigger(
  { irqType, vectors }: OpenDevice,
  { flags, index, start, count }: IrqRequest,
): readonly number[] | null {
  if (irqType === null) return null;
  if (irqType === index && count === 0 && (flags & DATA_NONE) !== 0) return [0];
  if (irqType !== index && irqType !== IRQ.NONE) return [-ERRNO.EINVAL];
  if ((flags & DATA_EVENTFD) !== 0) {
    // At least one vector is requested, and zero may be allocated (pci_alloc_irq_vectors,
    // drivers/pci/msi).
    if (irqType === IRQ.NONE && start + count === 0) return [-ERRNO.ERANGE];
    if (irqType === IRQ.NONE || start + count <= vectors) return [0];
    // With dynamic allocation of MSI-X vectors (from Linux 6.5) more of them can be had.
    return index === IRQ.MSIX ? [0, -ERRNO.EINVAL] : [-ERRNO.EINVAL];
  }
  return irqType === index && start + count <= vectors ? [0] : [-ERRNO.EINVAL];
}

/** ERR and REQ: `vfio_pci_set_ctx_trigger_single`. */
function signal(set: boolean | null, { flags, start, count }: IrqRequest): readonly number[] {
  if (start !== 0 || count > 1) return [-ERRNO.EINVAL];
  if ((flags & DATA_NONE) !== 0) {
    return set === null ? [0, -ERRNO.EINVAL] : [set ? 0 : -ERRNO.EINVAL];
  }
  return count === 0 ? [-ERRNO.EINVAL] : [0];
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
