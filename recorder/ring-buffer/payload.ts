import type { Field } from './event-format.js';

/** A stretch of bytes in the view of the page. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** One record's payload, as the page cursor leaves it. */
export interface Payload {
  readonly view: DataView;
  readonly offset: number;
  readonly length: number;
}

/** The integer at an offset, signed or not; sizes other than 1, 2, 4 and 8 return undefined. */
export function readInteger(
  view: DataView,
  at: number,
  size: number,
  signed: boolean,
  littleEndian: boolean,
): bigint | undefined {
  switch (size) {
    case 1:
      return BigInt(signed ? view.getInt8(at) : view.getUint8(at));
    case 2:
      return BigInt(signed ? view.getInt16(at, littleEndian) : view.getUint16(at, littleEndian));
    case 4:
      return BigInt(signed ? view.getInt32(at, littleEndian) : view.getUint32(at, littleEndian));
    case 8:
      return signed ? view.getBigInt64(at, littleEndian) : view.getBigUint64(at, littleEndian);
    default:
      return undefined;
  }
}

/**
 * Where the data of an array or text field are. A record is shorter than its format says when the
 * kernel cut it, and a damaged one may point anywhere: undefined then.
 */
export function extentOf(record: Payload, field: Field, littleEndian: boolean): Extent | undefined {
  const { view, offset, length } = record;
  if (field.storage.is !== 'dynamic') {
    const size = field.size === 0 ? length - field.offset : field.size;
    if (size < 0 || field.offset + size > length) return undefined;
    return { offset: offset + field.offset, length: size };
  }
  if (field.offset + 4 > length) return undefined;
  const word = view.getUint32(offset + field.offset, littleEndian);
  const start = (word & 0xffff) + (field.storage.relative ? field.offset + 4 : 0);
  const size = word >>> 16;
  if (start + size > length) return undefined;
  return { offset: offset + start, length: size };
}

const decoder = new TextDecoder('utf-8');

/**
 * Text up to its NUL; bytes that are no UTF-8 become U+FFFD. Undefined as for `extentOf`, and when
 * the kernel could not read the string: it then stores no byte at all and prints "(fault)".
 */
export function readText(record: Payload, field: Field, littleEndian: boolean): string | undefined {
  const extent = extentOf(record, field, littleEndian);
  if (!extent || (extent.length === 0 && field.storage.is === 'dynamic')) return undefined;
  const { buffer, byteOffset } = record.view;
  const bytes = new Uint8Array(buffer, byteOffset + extent.offset, extent.length);
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The integer in a field, or undefined when the record is too short or the field is no integer. */
export function readField(
  record: Payload,
  field: Field,
  littleEndian: boolean,
): bigint | undefined {
  if (field.storage.is !== 'integer' || field.offset + field.size > record.length) return undefined;
  const at = record.offset + field.offset;
  return readInteger(record.view, at, field.size, field.signed, littleEndian);
}

/**
 * The numbers of an array as the kernel prints them (`__print_array`), such as `{0x1,0x2}`;
 * undefined as for `extentOf`, and when the field is no array of integers.
 */
export function readArray(
  record: Payload,
  field: Field,
  littleEndian: boolean,
): string | undefined {
  const extent = extentOf(record, field, littleEndian);
  if (extent === undefined || field.storage.is === 'integer') return undefined;
  const { elementSize } = field.storage;
  const shown: string[] = [];
  for (let at = 0; at + elementSize <= extent.length; at += elementSize) {
    const start = extent.offset + at;
    const value = readInteger(record.view, start, elementSize, false, littleEndian);
    if (value === undefined) return undefined;
    shown.push(`0x${value.toString(16)}`);
  }
  return `{${shown.join(',')}}`;
}
