/**
 * Interrupts of mtty: VFIO_DEVICE_SET_IRQS (mtty_set_irqs, kernel samples/vfio-mdev/mtty.c, and
 * vfio_set_irqs_validate_and_prepare, drivers/vfio/vfio_main.c 6.12). Recordings have the first
 * three words of the argument, and not always the start and the count of vectors.
 */
import { ERRNO } from '../../../traces/index.js';
import { hex } from '../hex.js';
import { IRQ_SET } from '../vfio/vfio-irqs.js';
import type { IrqUse } from './mdev-state.js';

const INDEX: Readonly<Partial<Record<number, IrqUse>>> = { 0: 'intx', 1: 'msi' };
const HEADER_BYTES = 20;
const IRQS = 5;

/** A descriptor that a call passes: of an eventfd, -1, or of nothing that signals. */
export type EventfdArgument = 'open' | 'off' | 'bad';

/** A request, and what of it is not recorded. */
interface Request {
  readonly argsz: number;
  readonly flags: number;
  readonly index: number;
  readonly start: number;
  readonly count: number;
  readonly eventfd: EventfdArgument | undefined;
}

/** A possible outcome of a request. */
export interface IrqOutcome {
  readonly ret: number;
  readonly use: IrqUse;
  /** Why it is refused; null when it is not. */
  readonly why: string | null;
}

const refuse = (use: IrqUse, errno: number, why: string): IrqOutcome[] => [
  { ret: -errno, use, why },
];
const works = (use: IrqUse): IrqOutcome[] => [{ ret: 0, use, why: null }];

/**
 * All possible outcomes of a request.
 * @param words of the argument: argsz, flags, index, and start and count if they are known
 * @param limits whether the driver knows the number of interrupts
 * @param eventfd the descriptor that is passed; undefined when it is not known
 */
export function setIrqs(
  use: IrqUse,
  words: readonly number[],
  limits: boolean,
  eventfd?: EventfdArgument,
): IrqOutcome[] {
  const [argsz, flags, index] = words;
  const starts = words[3] === undefined ? [0, 1, IRQS] : [words[3]];
  const counts = words[4] === undefined ? [0, 1, 2] : [words[4]];
  const all = { argsz, flags, index, eventfd };
  return starts.flatMap((start) =>
    counts.flatMap((count) => outcomes(use, { ...all, start, count }, limits)),
  );
}

function outcomes(use: IrqUse, request: Request, limits: boolean): IrqOutcome[] {
  const { argsz, flags, index, start, count } = request;
  const refuseForm = (why: string) => refuse(use, ERRNO.EINVAL, why);
  if (argsz < HEADER_BYTES) return refuseForm(`argsz is ${argsz}, less than ${HEADER_BYTES}`);
  if (index >= IRQS) return refuseForm(`there is no interrupt index ${index}`);
  if ((flags & ~(IRQ_SET.DATA | IRQ_SET.ACTION)) !== 0) {
    return refuseForm(`flags ${hex(flags)} are not all known`);
  }
  const max = limits ? IRQS : 0;
  if (start >= max || start + count > max) {
    return refuseForm(`start and count do not fit the ${max} interrupts`);
  }
  const bytes = sizeOf(flags);
  if (bytes === null) return refuseForm(`flags ${hex(flags)} have not exactly one kind of data`);
  if (argsz - HEADER_BYTES < count * bytes) return refuseForm('argsz is too small for the data');
  const wanted = INDEX[index];
  const served =
    wanted === undefined ? refuse(use, ERRNO.ENOTTY, NO_ACTION) : serve(use, wanted, request);
  const unread = refuse(use, ERRNO.EFAULT, 'the data cannot be read');
  return bytes * count > 0 ? [...served, ...unread] : served;
}

/** Bytes of data for each interrupt; null for no data or more than one kind. */
function sizeOf(flags: number): number | null {
  const data = flags & IRQ_SET.DATA;
  if (data === IRQ_SET.DATA_NONE) return 0;
  return data === IRQ_SET.DATA_BOOL ? 1 : data === IRQ_SET.DATA_EVENTFD ? 4 : null;
}

const NO_ACTION = 'these interrupts have no such action';
const NOT_IN_USE = 'interrupts of another type are in use, or none, or more than one is asked for';

function serve(use: IrqUse, wanted: IrqUse, request: Request): IrqOutcome[] {
  const { flags, start, count, eventfd } = request;
  const action = flags & IRQ_SET.ACTION;
  const one = start === 0 && count === 1;
  if (action === IRQ_SET.MASK || action === IRQ_SET.UNMASK) {
    if (wanted === 'msi') return refuse(use, ERRNO.ENOTTY, NO_ACTION);
    if (use !== wanted || !one) return refuse(use, ERRNO.EINVAL, NOT_IN_USE);
    return (flags & IRQ_SET.DATA_EVENTFD) !== 0 ? refuse(use, ERRNO.ENOTTY, NO_ACTION) : works(use);
  }
  // It does not handle several actions at once, or no action: it does nothing, and succeeds.
  if (action !== IRQ_SET.TRIGGER) return works(use);
  if (use === wanted && count === 0 && (flags & IRQ_SET.DATA_NONE) !== 0) return works('none');
  if ((use !== wanted && use !== 'none') || !one) return refuse(use, ERRNO.EINVAL, NOT_IN_USE);
  if ((flags & IRQ_SET.DATA_EVENTFD) !== 0) {
    if (eventfd === 'open') return works(wanted);
    // A descriptor of -1 turns the interrupt off, and so does one that is bad.
    const bad = [ERRNO.EBADF, ERRNO.EINVAL].flatMap((errno) =>
      refuse('none', errno, 'the descriptor that was passed is no eventfd'),
    );
    if (eventfd !== undefined) return eventfd === 'off' ? works('none') : bad;
    return [...works(wanted), ...works('none'), ...bad];
  }
  return use === wanted ? works(use) : refuse(use, ERRNO.EINVAL, NOT_IN_USE);
}
