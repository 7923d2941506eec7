/**
 * Units and identities as branded types: a number of nanoseconds cannot be passed where a sequence
 * number is wanted. A brand costs nothing at run time.
 */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Position of an event in its trace, dense from 0. Below 2^53, so a JavaScript number holds it. */
export type Seq = Brand<number, 'Seq'>;
/** Nanoseconds of the trace's clock. 64 bits: a REALTIME stamp does not fit a JavaScript number. */
export type Nanos = Brand<bigint, 'Nanos'>;
/** A signed distance between two times, in nanoseconds. */
export type NanosDelta = Brand<bigint, 'NanosDelta'>;
/** PCI address `dddd:bb:dd.f`, lower case hexadecimal, as sysfs prints it. */
export type Bdf = Brand<string, 'Bdf'>;
/** I/O virtual address: what a device puts on the bus behind an IOMMU. */
export type Iova = Brand<bigint, 'Iova'>;
/** Byte offset in a function's configuration space, 0 to 4095. */
export type ConfigOffset = Brand<number, 'ConfigOffset'>;

/** Brands a number as a sequence number; only for numbers that a trace handed out. */
export const toSeq = (value: number): Seq => value as Seq;
/** Brands a bigint as nanoseconds; only for readings of the trace's clock. */
export const toNanos = (value: bigint): Nanos => value as Nanos;
/** Distance from `from` to `to`; negative when the clock went backwards. */
export const nanosBetween = (from: Nanos, to: Nanos): NanosDelta => (to - from) as NanosDelta;

const BDF = /^[0-9a-f]{4,}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;

/** The PCI address in `text`, or null when `text` is not exactly one. */
export function parseBdf(text: string): Bdf | null {
  const lower = text.toLowerCase();
  return BDF.test(lower) ? (lower as Bdf) : null;
}

/**
 * PCI address from its numbers.
 * @param devfn device in bits 7..3, function in bits 2..0 (Linux `PCI_DEVFN`)
 */
export function formatBdf(domain: number, bus: number, devfn: number): Bdf {
  const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');
  return `${hex(domain, 4)}:${hex(bus, 2)}:${hex(devfn >> 3, 2)}.${devfn & 7}` as Bdf;
}
