/**
 * What events say of calls, as the words of their columns: they are compared as they are stored,
 * and an event is looked at column by column only where its words differ from another's.
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

/** The columns that calls hand on and repeat: of a dictionary the ids, for ids are compared. */
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

/** What a column says when it says nothing; as a field, that there is none. */
export const NONE = -1;

/**
 * What an event says: the low word of each of {@link FIELDS}, by its number; behind them the high
 * words of those that have one, and which fields say something, as bits. Nulls are 0.
 */
export type Said = Int32Array;
const OFFSET_HIGH = FIELDS.length;
const LENGTH_HIGH = OFFSET_HIGH + 1;
const VALUE_HIGH = OFFSET_HIGH + 2;
const TOLD = OFFSET_HIGH + 3;
export const newSaid = (): Said => new Int32Array(TOLD + 1);

/** A field of small numbers or of ids; {@link NONE} when it says nothing. */
export const fieldOfSaid = (said: Said, field: number): number =>
  ((said[TOLD] >>> field) & 1) === 1 ? said[field] : NONE;

/** Fields as a set of bits, and in the order in which they are told. */
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

/** The first of some fields that two events say, and not alike; or {@link NONE}. */
export function differing(a: Said, b: Said, { bits, order }: Fields): number {
  const differ = unlike(a, b) & bits & a[TOLD] & b[TOLD];
  return differ === 0 ? NONE : first(differ, order);
}

const first = (bits: number, order: readonly number[]): number =>
  order.find((field) => ((bits >> field) & 1) === 1) ?? NONE;

/** Fields that two events do not say alike, as bits. */
const unlike = (a: Said, b: Said): number =>
  (a[DEVICE] === b[DEVICE] ? 0 : 1 << DEVICE) |
  (a[DRIVER] === b[DRIVER] ? 0 : 1 << DRIVER) |
  (a[NAME] === b[NAME] ? 0 : 1 << NAME) |
  (a[REGION] === b[REGION] ? 0 : 1 << REGION) |
  (a[OFFSET] === b[OFFSET] && a[OFFSET_HIGH] === b[OFFSET_HIGH] ? 0 : 1 << OFFSET) |
  (a[LENGTH] === b[LENGTH] && a[LENGTH_HIGH] === b[LENGTH_HIGH] ? 0 : 1 << LENGTH) |
  (a[VALUE] === b[VALUE] && a[VALUE_HIGH] === b[VALUE_HIGH] ? 0 : 1 << VALUE) |
  (a[DIRECTION] === b[DIRECTION] ? 0 : 1 << DIRECTION);

/** What a field says, for people. */
export function textOf(e: EventCursor, field: number, said: Said): string {
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
  read(row: number, into: Said): void {
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
    into[TOLD] = this.#told(row);
  }

  #told(row: number): number {
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

  /** The first field in which an event is not like what another said; or {@link NONE}. */
  differing(said: Said, row: number): number {
    const differ = this.#unlike(said, row) & said[TOLD];
    // A read has a value at its end only: nearly always nothing is left here.
    if (differ === 0) return NONE;
    return first(differ & this.#told(row), REPEATED.order);
  }

  /** Fields, as bits, that an event does not say as another did. */
  #unlike(said: Said, row: number): number {
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

  /** A field of small numbers or of ids; {@link NONE} when it says nothing. */
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
