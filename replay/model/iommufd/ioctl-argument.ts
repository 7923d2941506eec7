/** The recorded part of the struct that a caller passes to an ioctl. */

export interface Argument {
  /** Its address in the caller; null when not recorded. */
  readonly address: number | null;
  readonly bytes: Uint8Array;
}

const view = ({ bytes }: Argument) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export const recorded = ({ bytes }: Argument, end: number): boolean => bytes.length >= end;

/** A member; the caller has made sure that it was recorded. */
export const u16 = (argument: Argument, at: number): number => view(argument).getUint16(at, true);
export const u32 = (argument: Argument, at: number): number => view(argument).getUint32(at, true);
export const u64 = (argument: Argument, at: number): bigint =>
  view(argument).getBigUint64(at, true);

/**
 * What the kernel wrote into the struct before it returned; null for what was not recorded. Records
 * of returns have the words at 4, 8, 16, 32 and 24, in this order.
 */
export interface Written {
  u32(at: number): number | null;
  u64(at: number): bigint | null;
}

const PLACES: readonly (readonly [from: number, to: number, at: number])[] = [
  [4, 16, 0],
  [16, 24, 12],
  [32, 40, 20],
  [24, 32, 28],
];

/** @param data of the end of an ioctl; null if it has none */
export function written(data: Buffer | null): Written {
  const place = (at: number, size: number): number => {
    const found = PLACES.find(([from, to]) => at >= from && at + size <= to);
    const start = found === undefined ? -1 : found[2] + at - found[0];
    return data !== null && start >= 0 && start + size <= data.length ? start : -1;
  };
  return {
    u32: (at) => (place(at, 4) < 0 ? null : (data?.readUInt32LE(place(at, 4)) ?? null)),
    u64: (at) => (place(at, 8) < 0 ? null : (data?.readBigUInt64LE(place(at, 8)) ?? null)),
  };
}

export const NOTHING_WRITTEN: Written = written(null);
