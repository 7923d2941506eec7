/** When an event of a run is the one that was recorded. */
import type { Access, Emitted } from './emitted.js';

/** Kinds whose `offset` is an address of the process, or of its struct. */
const AT_ADDRESSES: ReadonlySet<string> = new Set(['ioctl', 'mmap', 'fault.page']);
/** Kinds whose `length` is an address of the kernel. */
const NO_LENGTH: ReadonlySet<string> = new Set(['ioctl', 'file.close', 'dma.attach', 'dma.detach']);
/** Kinds whose `value` is what hardware or memory answers. */
const ANSWERS: ReadonlySet<string> = new Set([
  'config.read',
  'region.read',
  'dma.map',
  'dma.unmap',
]);
/** Runs of pages: memory of a run is one piece, that of a recorded process was several. */
const RUNS: ReadonlySet<string> = new Set(['dma.map', 'dma.unmap']);

export const isRun = ({ kind }: Emitted): boolean => RUNS.has(kind);

/**
 * Whether two events agree. What a recording has no column of is not compared; nor are addresses
 * of processes and of the kernel, what hardware answers, and the number of a new descriptor.
 */
export function agree(emitted: Emitted, recorded: Emitted): boolean {
  if (emitted.name !== recorded.name || emitted.phase !== recorded.phase) return false;
  const { access } = emitted;
  if (access === null || recorded.access === null) {
    return (
      access === recorded.access &&
      isSameDevice(emitted, recorded) &&
      emitted.driver === recorded.driver &&
      emitted.ret === recorded.ret
    );
  }
  return (
    emitted.kind === recorded.kind &&
    isSame(emitted.device, recorded.device) &&
    isSame(emitted.driver, recorded.driver) &&
    isSameResult(emitted, recorded) &&
    agreeOnAccess(emitted.kind, access, recorded.access)
  );
}

const isSame = (emitted: unknown, recorded: unknown): boolean =>
  recorded === null || emitted === recorded;

/** Some recordings do not have the parent of mediated devices. */
const isSameDevice = (emitted: Emitted, recorded: Emitted): boolean =>
  emitted.device === recorded.device ||
  (emitted.kind === 'mdev.parent' && recorded.device === null);

/** The lowest errno that a call returns (include/linux/err.h 6.1): what is below is an address. */
const ERRNO_MIN = -4095;

function isSameResult({ name, ret }: Emitted, recorded: Emitted): boolean {
  if (recorded.ret !== null && recorded.ret < ERRNO_MIN) return ret === null;
  const isDescriptor = name === 'VFIO_GROUP_GET_DEVICE_FD' && (ret ?? 0) > 0;
  return isDescriptor ? (recorded.ret ?? 0) > 0 : isSame(ret, recorded.ret);
}

const agreeOnAccess = (kind: string, emitted: Access, recorded: Access): boolean =>
  isSame(emitted.path, recorded.path) &&
  isSame(emitted.region, recorded.region) &&
  (AT_ADDRESSES.has(kind) || isSame(emitted.offset, recorded.offset)) &&
  (NO_LENGTH.has(kind) || RUNS.has(kind) || isSame(emitted.length, recorded.length)) &&
  (ANSWERS.has(kind) || isSame(emitted.value, recorded.value));

/**
 * Whether a run of pages continues another without a gap.
 * @param from where the pages before it end
 */
export const continues = (first: Emitted, next: Emitted | undefined, from: number): boolean =>
  next !== undefined && next.kind === first.kind && next.access?.offset === from;
