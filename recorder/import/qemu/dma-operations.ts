/**
 * Mappings that appear in QEMU's log several times. QEMU announces a mapping, the backend reports
 * its result, and a failure is also an error message:
 *
 *     vfio_listener_region_add_ram region_add [ram] 0x100000 - 0x1fffff [0x7f0000000000]
 *     iommufd_backend_map_dma  iommufd=10 ioas=2 iova=0x100000 size=0x100000 … (-1)
 *     qemu-system-x86_64: vfio_container_dma_map(0x55…, 0x100000, 0x100000, 0x7f…) = -22 (Invalid …
 *
 * One mapping is one operation: the announcement its begin, the report its end. A backend of type 1
 * reports nothing; an announcement without a report is a point. A report of -1 says only that the
 * call failed; the message after it has the error.
 */
import { highWord, lowWord } from '../../../traces/index.js';
import type { Role } from './events/event-form.js';
import { errnoOfText } from './strerror.js';

/** What happens to the I/O address space. */
export type DmaKind = 'dma.map' | 'dma.unmap';

/** 64 bits as a low and a high word. */
export type Words = readonly [low: number, high: number];

/** What an event or a message says about an operation. */
export interface OperationPart {
  readonly kind: DmaKind;
  readonly role: Role | 'fails';
  readonly iova: Words;
  /** Whether it failed with an error that it does not name. */
  readonly isUnnamedError?: boolean;
}

/** An error message of QEMU about an operation. */
export interface Failure extends OperationPart {
  readonly role: 'fails';
  /** The function of QEMU that failed. */
  readonly name: string;
  readonly length: Words;
  readonly ret: number;
}

/** A line or record that waits until it is known which operation it belongs to. */
export interface Heard {
  readonly part: OperationPart | null;
  /** The message when it is no trace event, otherwise null. */
  readonly message: string | null;
}

/** What happens to the first of several parts that were read. */
export interface Outcome {
  /** SpanRole of the report or message that ends it; 0 when nothing does. */
  readonly end: number;
  /** Index of a message that only adds the error; 0 if there is none. */
  readonly aside: number;
  /** The error of a failure whose number is only on another line; null otherwise. */
  readonly ret: number | null;
}

const NOTHING: Outcome = { end: 0, aside: 0, ret: null };
const FAILED = new RegExp(
  String.raw`\b(vfio(?:_container)?_dma_(un)?map)\((?:0x[\da-f]+|\(nil\)), ` +
    String.raw`(0x[\da-f]{1,16}), (0x[\da-f]{1,16})(?:, (?:0x[\da-f]+|\(nil\)))?\)` +
    String.raw` = (-\d{1,4}) \(`,
);
const IOCTL_FAILED = /\bIOMMU_IOAS_(UN)?MAP failed: ([^,]+)/;

/** A number below 2^64 as two words. */
export const words = (value: bigint): Words => [lowWord(value), highWord(value)];

/** What a line that is not a trace event says about a failed operation, or null. */
export function failureIn(message: string): Failure | null {
  const found = FAILED.exec(message);
  if (found === null) return null;
  const [, name, un, iova, length, ret] = found;
  const kind = un === undefined ? 'dma.map' : 'dma.unmap';
  const places = { iova: words(BigInt(iova)), length: words(BigInt(length)) };
  return { kind, role: 'fails', name, ...places, ret: Number(ret) };
}

/**
 * What happens to the operation that the first of `heard` begins or reports; null if that depends
 * on later lines.
 */
export function outcomeOf(heard: readonly Heard[]): Outcome | null {
  const first = heard[0].part;
  if (first === null || first.role === 'fails') return NOTHING;
  let end = first.role === 'reports' ? 0 : -1;
  if (end === 0 && first.isUnnamedError !== true) return NOTHING;
  for (let i = 1; i < heard.length; i++) {
    const { part, message } = heard[i];
    if (part !== null && (part.kind !== first.kind || !isSame(part.iova, first.iova)))
      return endedBy(end, 0, null);
    if (part?.role === 'fails') {
      const { ret } = part as Failure;
      return end < 0 ? endedBy(i, 0, null) : endedBy(end, i, ret);
    }
    if (part !== null && (part.role === 'announces' || end >= 0)) return endedBy(end, 0, null);
    if (part !== null && part.isUnnamedError !== true) return endedBy(i, 0, null);
    if (part !== null) end = i;
    const ret = end >= 0 && message !== null ? ioctlError(message, first.kind) : undefined;
    if (ret !== undefined) return endedBy(end, 0, ret);
  }
  return null;
}

/** The same when nothing more is heard. */
export function lastOutcomeOf(heard: readonly Heard[]): Outcome {
  const [{ part: first }, ...rest] = heard;
  if (first?.role !== 'announces') return NOTHING;
  const reports = (part: OperationPart | null) =>
    part?.role === 'reports' && part.kind === first.kind && isSame(part.iova, first.iova);
  return endedBy(rest.findIndex(({ part }) => reports(part)) + 1, 0, null);
}

const endedBy = (end: number, aside: number, ret: number | null): Outcome => ({
  end: Math.max(0, end),
  aside,
  ret,
});

const isSame = (a: Words, b: Words): boolean => a[0] === b[0] && a[1] === b[1];

function ioctlError(message: string, kind: DmaKind): number | undefined {
  const found = IOCTL_FAILED.exec(message);
  if (found === null || (found[1] === undefined) !== (kind === 'dma.map')) return undefined;
  return errnoOfText(found[2].trim());
}
