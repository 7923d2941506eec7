/**
 * nvgrace-gpu-vfio-pci: GPU memory that the CPU reaches coherently, shown to the user as BARs that
 * the device does not have (variants §2.2 to §2.8; kernel drivers/vfio/pci/nvgrace-gpu/main.c 6.9).
 */
import { ERRNO } from '../machine/errno.js';

const MIB = 2n ** 20n;
const RESERVED_BYTES = 1024n * MIB;
const BLOCK = 512n * MIB;
const BAR_FLAGS = 0xcn;

/** A region of memory behind a BAR that only the user sees. */
export interface FakeBar {
  /** Region index; its BAR registers are those of two 32-bit BARs from there on. */
  readonly region: 2 | 4;
  /** Bytes of memory. */
  readonly bytes: bigint;
  /** Bytes that the BAR claims: a power of two. */
  readonly barBytes: bigint;
  /** What the user wrote into the registers. */
  stored: bigint;
}

const powerOfTwo = (n: bigint): bigint => {
  let power = 1n;
  while (power < n) power *= 2n;
  return power;
};

const fakeBar = (region: 2 | 4, bytes: bigint, barBytes = powerOfTwo(bytes)): FakeBar => ({
  region,
  bytes,
  barBytes,
  stored: 0n,
});

/**
 * Divides the memory of a GPU.
 * @param reserved true when the hardware needs memory that is not cached (no fix of its MIG bug)
 * @returns the regions, or a negative errno with which the probe fails
 */
export function divideMemory(total: bigint, reserved: boolean): readonly FakeBar[] | number {
  if (!reserved) return [fakeBar(4, total)];
  if (total < RESERVED_BYTES) return -ERRNO.EOVERFLOW;
  const usable = total - RESERVED_BYTES;
  const bytes = usable - (usable % BLOCK);
  if (bytes === 0n) return -ERRNO.EINVAL;
  // The BAR's size is that of the memory before it is rounded down.
  return [fakeBar(2, total - bytes), fakeBar(4, bytes, powerOfTwo(usable))];
}

const registersAt = ({ region }: FakeBar): number => 0x10 + 4 * region;

/** Which of the two pairs of registers an access touches: the lower one wins. */
function touched(bars: readonly FakeBar[], offset: number, count: number): FakeBar | undefined {
  const pair = ([2, 4] as const).find((region) => {
    const at = 0x10 + 4 * region;
    return offset < at + 8 && offset + count > at;
  });
  return bars.find(({ region }) => region === pair);
}

/** Puts the registers of a fake BAR over what vfio-pci-core read. */
export function overlayRead(bars: readonly FakeBar[], offset: number, bytes: Uint8Array): void {
  const bar = touched(bars, offset, bytes.length);
  if (bar === undefined) return;
  const value = (bar.stored & ~(bar.barBytes - 1n)) | BAR_FLAGS;
  for (let i = 0; i < bytes.length; i++) {
    const at = offset + i - registersAt(bar);
    if (at >= 0 && at < 8) bytes[i] = Number((value >> BigInt(8 * at)) & 0xffn);
  }
}

/**
 * Takes a write to the registers of a fake BAR.
 * @returns bytes taken, fewer than written when the write is longer; null when it is the core's
 */
export function takeWrite(
  bars: readonly FakeBar[],
  offset: number,
  bytes: Uint8Array,
): number | null {
  const bar = touched(bars, offset, bytes.length);
  if (bar === undefined) return null;
  let taken = 0;
  for (let i = 0; i < bytes.length; i++) {
    const at = offset + i - registersAt(bar);
    if (at < 0 || at >= 8) continue;
    const shift = BigInt(8 * at);
    bar.stored = BigInt.asUintN(64, bar.stored & ~(0xffn << shift)) | (BigInt(bytes[i]) << shift);
    taken++;
  }
  return taken;
}

/** A reset clears the registers, also when the core then fails to reset. */
export function resetBars(bars: readonly FakeBar[]): void {
  for (const bar of bars) bar.stored = 0n;
}

/** An access of a fake BAR: bytes of memory, and filler behind its end. */
export interface Split {
  readonly memory: number;
  readonly filler: number;
}

/** @returns how an access divides, or a negative errno */
export function accessBar(bar: FakeBar, offset: bigint, count: number): Split | number {
  if (offset >= bar.barBytes) return -ERRNO.EINVAL;
  const left = bar.barBytes - offset;
  const served = left < BigInt(count) ? Number(left) : count;
  const real = bar.bytes > offset ? bar.bytes - offset : 0n;
  const memory = real < BigInt(served) ? Number(real) : served;
  return { memory, filler: served - memory };
}

/** Only memory can be mapped. @returns 0 or a negative errno */
export function mapBar(bar: FakeBar, offset: bigint, bytes: bigint): number {
  if (offset + bytes >= 2n ** 64n) return -ERRNO.EOVERFLOW;
  return offset + bytes > bar.bytes ? -ERRNO.EINVAL : 0;
}

/**
 * What probing returns when the GPU is not ready after 30 s.
 * @param isError a version of the driver forgot the result, and goes on
 */
export const notReady = (isError: boolean): number => (isError ? -ERRNO.ETIME : 0);
