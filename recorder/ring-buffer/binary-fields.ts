import { assert, type Dictionary } from '../../traces/index.js';
import { Interner } from '../byte-matching/interner.js';
import { type FieldReader, NOT_SET } from '../mapping/trace-record.js';
import { type EventFormat, type Field, fieldOf } from './event-format.js';
import { type Extent, extentOf, type Payload, readArray, readField, readText } from './payload.js';
import { compilePrint, type Printer } from './print-format.js';

/** How an integer is stored; the numbers are cheaper to switch on than size and sign. */
const U64 = 0;
const U32 = 1;
const S32 = 2;
const U16 = 3;
const S16 = 4;
const U8 = 5;
const S8 = 6;
const NO_INTEGER = 7;
/** Beyond the end of any record. */
const NEVER = 0x3fff_ffff;

/** Ids of texts in a dictionary. */
interface Texts {
  readonly dictionary: Dictionary;
  readonly ids: Interner<number>;
}

/** A field that a rule asks for, found in one event's format. */
interface BoundField {
  /** Undefined when the format has no such field. */
  readonly field: Field | undefined;
  readonly offset: number;
  /** Where the field's bytes end in the record; `NEVER` for a field that is not there. */
  readonly end: number;
  readonly integer: number;
  /** The texts of the field seen so far. */
  texts: Texts | null;
}

export type BoundFields = readonly BoundField[];

/** Finds the fields of a rule in the format of the event. */
export function bindFields(format: EventFormat, names: readonly string[]): BoundFields {
  return names.map((name) => bind(fieldOf(format, name)));
}

function bind(field: Field | undefined): BoundField {
  if (field?.storage.is !== 'integer') {
    return { field, offset: 0, end: NEVER, integer: NO_INTEGER, texts: null };
  }
  const { offset, size, signed } = field;
  return { field, offset, end: offset + size, integer: integerOf(size, signed), texts: null };
}

function integerOf(size: number, signed: boolean): number {
  if (size === 8) return U64;
  if (size === 4) return signed ? S32 : U32;
  if (size === 2) return signed ? S16 : U16;
  if (size === 1) return signed ? S8 : U8;
  return NO_INTEGER;
}

const EMPTY: Payload = { view: new DataView(new ArrayBuffer(0)), offset: 0, length: 0 };

/**
 * Reads fields of binary trace records for the mapper. One object serves all records of a stream.
 */
export class BinaryFields implements FieldReader {
  low = NOT_SET;
  high = NOT_SET;
  #record: Payload = EMPTY;
  #fields: BoundFields = [];
  #format: EventFormat | undefined;
  #view = EMPTY.view;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #texts = new Map<Dictionary, Texts>();
  readonly #printers = new Map<EventFormat, Printer | null>();

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
    const { field: found, end } = this.#fields[field];
    if (end <= this.#record.length) return true;
    if (found === undefined || found.storage.is === 'integer') return false;
    if (found.storage.is === 'array') {
      return extentOf(this.#record, found, this.littleEndian) !== undefined;
    }
    return this.#dynamicLength(found, found.storage.relative) > 0;
  }

  number(field: number): boolean {
    const { offset: within, end, integer } = this.#fields[field];
    const { view, offset: start, length } = this.#record;
    if (end > length) return false;
    const { littleEndian } = this;
    const offset = start + within;
    switch (integer) {
      case U64:
        this.low = view.getUint32(littleEndian ? offset : offset + 4, littleEndian);
        this.high = view.getUint32(littleEndian ? offset + 4 : offset, littleEndian);
        return true;
      case U32:
        this.low = view.getUint32(offset, littleEndian);
        this.high = 0;
        return true;
      case S32:
        return this.#signed(view.getInt32(offset, littleEndian));
      case U16:
        return this.#signed(view.getUint16(offset, littleEndian));
      case S16:
        return this.#signed(view.getInt16(offset, littleEndian));
      case U8:
        return this.#signed(view.getUint8(offset));
      case S8:
        return this.#signed(view.getInt8(offset));
      default:
        return false;
    }
  }

  #signed(value: number): boolean {
    this.low = value >>> 0;
    this.high = value < 0 ? 0xffff_ffff : 0;
    return true;
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

  text(field: number): string {
    const found = this.#fields[field].field;
    assert(found !== undefined, 'the record has the field');
    const text = readText(this.#record, found, this.littleEndian) ?? '';
    // Marks end with a newline that belongs to their line.
    return this.#format?.name === 'print' ? text.replace(/\n$/, '') : text;
  }

  intern(field: number, dictionary: Dictionary): number {
    const bound = this.#fields[field];
    if (bound.field === undefined) return -1;
    const extent = extentOf(this.#record, bound.field, this.littleEndian);
    // Of a string that it could not read, the kernel stores no byte.
    if (extent === undefined || extent.length === 0) return -1;
    if (bound.texts?.dictionary !== dictionary) bound.texts = this.#textsOf(dictionary);
    const start = this.#record.view.byteOffset + extent.offset;
    return bound.texts.ids.get(this.#bytes, start, this.#textEnd(start, extent));
  }

  #textsOf(dictionary: Dictionary): Texts {
    let texts = this.#texts.get(dictionary);
    if (texts === undefined) {
      texts = { dictionary, ids: new Interner((word) => dictionary.id(word)) };
      this.#texts.set(dictionary, texts);
    }
    return texts;
  }

  /** The record as ftrace prints it, if its format can be interpreted. */
  raw(): string {
    const format = this.#format;
    if (!format) return '';
    if (format.name.startsWith('sys_enter_')) return this.#arguments(format);
    let printer = this.#printers.get(format);
    if (printer === undefined) {
      printer = compilePrint(format);
      this.#printers.set(format, printer);
    }
    if (printer !== null) return printer(this.#record, this.littleEndian);
    const shown = ownFields(format).map(
      (field) => `${field.name}=${this.#value(field) ?? '(fault)'}`,
    );
    return shown.join(' ');
  }

  /** The arguments of a system call, in the same form for all sources. */
  #arguments(format: EventFormat): string {
    const shown = ownFields(format)
      .filter(({ name }) => name !== '__syscall_nr')
      .map((field) => {
        const value = this.#value(field) ?? 0n;
        const text = typeof value === 'string' ? value : hexadecimal(value, field.size);
        return `${field.name}: ${text}`;
      });
    return shown.join(', ');
  }

  #value(field: Field): string | bigint | undefined {
    const readPlain = field.storage.is === 'integer' ? readField : readArray;
    const read = field.text ? readText : readPlain;
    return read(this.#record, field, this.littleEndian);
  }

  #textEnd(start: number, extent: Extent): number {
    const limit = start + extent.length;
    let end = start;
    while (end < limit && this.#bytes[end] !== 0) end++;
    return end;
  }
}

const ownFields = (format: EventFormat) =>
  format.fields.filter(({ name }) => !name.startsWith('common_'));

const hexadecimal = (value: bigint, bytes: number) =>
  `0x${BigInt.asUintN(8 * bytes, value).toString(16)}`;
