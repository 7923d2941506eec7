/**
 * The fields of events that calls share, as the words of their columns. They are compared in stored
 * form, and an event is only read column by column if its words differ from another's.
 */
import {
  type Batch,
  type DictView,
  fromWords,
  type IntView,
  isPresent,
  type WordView,
} from '../../../traces/index.js';
import type { Handed } from '../rules/call-graph.js';
import type { EventCursor } from './event-cursor.js';

/**
 * The columns that calls pass on and repeat; of dictionary columns the ids, which are what is
 * compared.
 */
export const FIELDS = [
  'device',
  'driver',
  'name',
  'region',
  'offset',
  'length',
  'value',
  'direction',
] as const satisfies readonly Handed[];
const fieldOf = (field: Handed): number => FIELDS.indexOf(field);
export const DEVICE = fieldOf('device');
export const DRIVER = fieldOf('driver');
export const NAME = fieldOf('name');
export const REGION = fieldOf('region');
const OFFSET = fieldOf('offset');
const LENGTH = fieldOf('length');
const VALUE = fieldOf('value');
/** 1 for writing. */
const DIRECTION = fieldOf('direction');

/** The value of a null column; as a field, that there is none. */
export const NONE = -1;

/**
 * The fields of an event: the low word of each of {@link FIELDS}, by its number; after them the
 * high words of those that have one, and a bit set of the fields that are not null. Nulls are 0.
 */
export type CallFields = Int32Array;
const OFFSET_HIGH = FIELDS.length;
const LENGTH_HIGH = OFFSET_HIGH + 1;
const VALUE_HIGH = OFFSET_HIGH + 2;
const PRESENT = OFFSET_HIGH + 3;
export const newFields = (): CallFields => new Int32Array(PRESENT + 1);

/** A field of small numbers or of ids; {@link NONE} if it is null. */
export const fieldValue = (said: CallFields, field: number): number =>
  ((said[PRESENT] >>> field) & 1) === 1 ? said[field] : NONE;

/** Fields as a bit set, and in the order in which differences are reported. */
export interface Fields {
  readonly bits: number;
  readonly order: readonly number[];
}

export const fieldsOf = (names: readonly Handed[]): Fields => {
  const order = names.map(fieldOf);
  return { order, bits: order.reduce((bits, field) => bits | (1 << field), 0) };
};

/** What an end says again of its begin. */
const REPEATED = fieldsOf(FIELDS);

/** The first field that two events have with different values, or {@link NONE}. */
export function differing(a: CallFields, b: CallFields, { bits, order }: Fields): number {
  const differ = unlike(a, b) & bits & a[PRESENT] & b[PRESENT];
  return differ === 0 ? NONE : first(differ, order);
}

const first = (bits: number, order: readonly number[]): number =>
  order.find((field) => ((bits >> field) & 1) === 1) ?? NONE;

/** Fields that two events do not say alike, as bits. */
const unlike = (a: CallFields, b: CallFields): number =>
  (a[DEVICE] === b[DEVICE] ? 0 : 1 << DEVICE) |
  (a[DRIVER] === b[DRIVER] ? 0 : 1 << DRIVER) |
  (a[NAME] === b[NAME] ? 0 : 1 << NAME) |
  (a[REGION] === b[REGION] ? 0 : 1 << REGION) |
  (a[OFFSET] === b[OFFSET] && a[OFFSET_HIGH] === b[OFFSET_HIGH] ? 0 : 1 << OFFSET) |
  (a[LENGTH] === b[LENGTH] && a[LENGTH_HIGH] === b[LENGTH_HIGH] ? 0 : 1 << LENGTH) |
  (a[VALUE] === b[VALUE] && a[VALUE_HIGH] === b[VALUE_HIGH] ? 0 : 1 << VALUE) |
  (a[DIRECTION] === b[DIRECTION] ? 0 : 1 << DIRECTION);

/** What a field says, for people. */
export function textOf(e: EventCursor, field: number, said: CallFields): string {
  const name = FIELDS[field];
  switch (name) {
    case 'device':
    case 'driver':
    case 'name':
      return e.entryOf(name, said[field]);
    case 'direction':
      return said[field] === 1 ? 'write' : 'read';
    case 'region':
      return `0x${said[field].toString(16)}`;
    default: {
      const high = said[field - OFFSET + OFFSET_HIGH];
      return `0x${fromWords(said[field] >>> 0, high >>> 0).toString(16)}`;
    }
  }
}

/** Kinds of events that are writing. */
const WRITES: ReadonlySet<string> = new Set(['config.write', 'region.write']);

/** Reads what the events of a batch say. */
export class SaidReader {
  #device!: DictView;
  #driver!: DictView;
  #name!: DictView;
  #region!: IntView;
  #offset!: WordView;
  #length!: WordView;
  #value!: WordView;
  #kind!: DictView;
  /** Direction by the id of the kind. */
  #directions = new Uint8Array(0);

  open(batch: Batch): void {
    this.#device = batch.column('device');
    this.#driver = batch.column('driver');
    this.#name = batch.column('name');
    this.#region = batch.column('region');
    this.#offset = batch.column('offset');
    this.#length = batch.column('length');
    this.#value = batch.column('value');
    this.#kind = batch.column('kind');
    this.#directions = Uint8Array.from(this.#kind.entries, (kind) => (WRITES.has(kind) ? 1 : 0));
  }

  /** What the event of a row says. */
  read(row: number, into: CallFields): void {
    const low = row * 2;
    const high = low + 1;
    into[DEVICE] = this.#device.ids[row];
    into[DRIVER] = this.#driver.ids[row];
    into[NAME] = this.#name.ids[row];
    into[REGION] = this.#region.values[row];
    into[OFFSET] = this.#offset.words[low];
    into[OFFSET_HIGH] = this.#offset.words[high];
    into[LENGTH] = this.#length.words[low];
    into[LENGTH_HIGH] = this.#length.words[high];
    into[VALUE] = this.#value.words[low];
    into[VALUE_HIGH] = this.#value.words[high];
    into[DIRECTION] = this.#directions[this.#kind.ids[row]];
    into[PRESENT] = this.#presentIn(row);
  }

  #presentIn(row: number): number {
    return (
      (isPresent(this.#device.bits, row) ? 1 << DEVICE : 0) |
      (isPresent(this.#driver.bits, row) ? 1 << DRIVER : 0) |
      (isPresent(this.#name.bits, row) ? 1 << NAME : 0) |
      (isPresent(this.#region.bits, row) ? 1 << REGION : 0) |
      (isPresent(this.#offset.bits, row) ? 1 << OFFSET : 0) |
      (isPresent(this.#length.bits, row) ? 1 << LENGTH : 0) |
      (isPresent(this.#value.bits, row) ? 1 << VALUE : 0) |
      (1 << DIRECTION)
    );
  }

  /** The first field in which an event differs from another one, or {@link NONE}. */
  differing(said: CallFields, row: number): number {
    const differ = this.#unlike(said, row) & said[PRESENT];
    // A read has a value at its end only: nearly always nothing is left here.
    if (differ === 0) return NONE;
    return first(differ & this.#presentIn(row), REPEATED.order);
  }

  /** The fields, as bits, in which an event differs from another one. */
  #unlike(said: CallFields, row: number): number {
    const low = row * 2;
    const high = low + 1;
    const offset = this.#offset.words;
    const length = this.#length.words;
    const value = this.#value.words;
    return (
      (said[DEVICE] === this.#device.ids[row] ? 0 : 1 << DEVICE) |
      (said[DRIVER] === this.#driver.ids[row] ? 0 : 1 << DRIVER) |
      (said[NAME] === this.#name.ids[row] ? 0 : 1 << NAME) |
      (said[REGION] === this.#region.values[row] ? 0 : 1 << REGION) |
      (((said[OFFSET] ^ offset[low]) | (said[OFFSET_HIGH] ^ offset[high])) === 0
        ? 0
        : 1 << OFFSET) |
      (((said[LENGTH] ^ length[low]) | (said[LENGTH_HIGH] ^ length[high])) === 0
        ? 0
        : 1 << LENGTH) |
      (((said[VALUE] ^ value[low]) | (said[VALUE_HIGH] ^ value[high])) === 0 ? 0 : 1 << VALUE) |
      (said[DIRECTION] === this.#directions[this.#kind.ids[row]] ? 0 : 1 << DIRECTION)
    );
  }

  /** A field of small numbers or of ids; {@link NONE} if it is null. */
  field(row: number, field: number): number {
    switch (field) {
      case DEVICE:
        return isPresent(this.#device.bits, row) ? this.#device.ids[row] : NONE;
      case DRIVER:
        return isPresent(this.#driver.bits, row) ? this.#driver.ids[row] : NONE;
      case NAME:
        return isPresent(this.#name.bits, row) ? this.#name.ids[row] : NONE;
      case REGION:
        return isPresent(this.#region.bits, row) ? this.#region.values[row] : NONE;
      default:
        return NONE;
    }
  }
}
