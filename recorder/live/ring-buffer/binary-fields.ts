import type { Dictionary } from '../../../traces/index.js';
import type { FieldReader } from '../../mapping/record.js';
import { type EventFormat, type Field, fieldOf } from './event-format.js';
import { type Extent, extentOf, type Payload, readField, readText } from './record.js';
import { TextInterner } from './text-interner.js';

/** The fields that a rule asks for, found in one event's format; undefined where it has none. */
export type BoundFields = readonly (Field | undefined)[];

/** Finds the fields of a rule in the format of the event. */
export function bindFields(format: EventFormat, names: readonly string[]): BoundFields {
  return names.map((name) => fieldOf(format, name));
}

const EMPTY: Payload = { view: new DataView(new ArrayBuffer(0)), offset: 0, length: 0 };

/**
 * Reads fields of binary trace records for the mapper. One object serves all records of a stream.
 */
export class BinaryFields implements FieldReader {
  #record: Payload = EMPTY;
  #fields: BoundFields = [];
  #format: EventFormat | undefined;
  #view = EMPTY.view;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #interners = new Map<Dictionary, TextInterner>();

  constructor(readonly littleEndian: boolean) {}

  /** Turns to a record; `fields` are those of its event. */
  load(record: Payload, format: EventFormat, fields: BoundFields): void {
    if (record.view !== this.#view) {
      this.#view = record.view;
      this.#bytes = new Uint8Array(record.view.buffer);
    }
    this.#record = record;
    this.#format = format;
    this.#fields = fields;
  }

  has(field: number): boolean {
    const found = this.#fields[field];
    if (found === undefined) return false;
    if (found.storage.is === 'integer') return found.offset + found.size <= this.#record.length;
    if (found.storage.is === 'array') {
      return extentOf(this.#record, found, this.littleEndian) !== undefined;
    }
    return this.#dynamicLength(found, found.storage.relative) > 0;
  }

  /**
   * Bytes of a dynamic field that lies in the record, 0 when it does not. The kernel stores no byte
   * of a string that it could not read.
   */
  #dynamicLength({ offset }: Field, relative: boolean): number {
    const { view, length } = this.#record;
    if (offset + 4 > length) return 0;
    const word = view.getUint32(this.#record.offset + offset, this.littleEndian);
    const start = (word & 0xffff) + (relative ? offset + 4 : 0);
    return start + (word >>> 16) <= length ? word >>> 16 : 0;
  }

  low(field: number): number {
    const { size, signed, offset: within } = this.#fields[field]!;
    const { view } = this.#record;
    const offset = this.#record.offset + within;
    if (size === 8)
      return view.getUint32(this.littleEndian ? offset : offset + 4, this.littleEndian);
    if (size === 4) return view.getUint32(offset, this.littleEndian);
    if (size === 2) {
      return signed
        ? view.getInt16(offset, this.littleEndian) >>> 0
        : view.getUint16(offset, this.littleEndian);
    }
    return signed ? view.getInt8(offset) >>> 0 : view.getUint8(offset);
  }

  high(field: number): number {
    const { size, signed, offset: within } = this.#fields[field]!;
    const { view } = this.#record;
    const offset = this.#record.offset + within;
    if (size === 8)
      return view.getUint32(this.littleEndian ? offset + 4 : offset, this.littleEndian);
    return signed && this.low(field) >>> 31 === 1 ? 0xffffffff : 0;
  }

  text(field: number): string {
    const found = this.#fields[field]!;
    return readText(this.#record, found, this.littleEndian) ?? '';
  }

  intern(field: number, dictionary: Dictionary): number {
    let interner = this.#interners.get(dictionary);
    if (interner === undefined) {
      interner = new TextInterner(dictionary);
      this.#interners.set(dictionary, interner);
    }
    const extent = extentOf(this.#record, this.#fields[field]!, this.littleEndian)!;
    const start = this.#record.view.byteOffset + extent.offset;
    return interner.id(this.#bytes, start, this.#textEnd(start, extent));
  }

  raw(): string {
    const format = this.#format;
    if (!format) return '';
    const parts = format.fields
      .filter(({ name }) => !name.startsWith('common_'))
      .map((field) => {
        const value = field.text
          ? readText(this.#record, field, this.littleEndian)
          : readField(this.#record, field, this.littleEndian);
        return `${field.name}=${value ?? '(fault)'}`;
      });
    return parts.join(' ');
  }

  #textEnd(start: number, extent: Extent): number {
    const limit = start + extent.length;
    let end = start;
    while (end < limit && this.#bytes[end] !== 0) end++;
    return end;
  }
}
