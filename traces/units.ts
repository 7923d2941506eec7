/**
 * Units and identities as branded types: a number of nanoseconds cannot be passed as a sequence
 * number. A brand has no cost at run time.
 */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Position of an event in its trace, dense from 0. Below 2^53, so a JavaScript number holds it. */
export type Seq = Brand<number, 'Seq'>;
/** Nanoseconds of the trace's clock. 64 bits: a REALTIME stamp does not fit a JavaScript number. */
export type Nanos = Brand<bigint, 'Nanos'>;
/** A signed distance between two times, in nanoseconds. */
export type NanosDelta = Brand<bigint, 'NanosDelta'>;
/** I/O virtual address: the address that a device uses, before the IOMMU translates it. */
export type Iova = Brand<bigint, 'Iova'>;
/** Byte offset in a function's configuration space, 0 to 4095. */
export type ConfigOffset = Brand<number, 'ConfigOffset'>;

/** Brands a number as a sequence number; only for numbers that came from a trace. */
export const toSeq = (value: number): Seq => value as Seq;
/** Brands a bigint as nanoseconds; only for readings of the trace's clock. */
export const toNanos = (value: bigint): Nanos => value as Nanos;
/** Distance from `from` to `to`; negative when the clock went backwards. */
export const nanosBetween = (from: Nanos, to: Nanos): NanosDelta => (to - from) as NanosDelta;
