/**
 * The setters with which a rule fills a row: each sets one column, or a few that belong together,
 * from the fields of a record. Columns of fields that a record lacks stay null.
 *
 * A rule has only the setters that its probe needs, so that nothing that is fixed per rule is
 * tested per record. And each setter is compiled by itself; one function with all of them was
 * recompiled for each kind of record that occurred for the first time.
 */
import {
  CELL,
  type EventAppender,
  type EventRow,
  formatBdf,
  parseBdf,
  type WordCell,
} from '../../traces/index.js';
import type { Columns, DeviceFrom } from '../catalogue/index.js';
import { type VfioFile, vfioIoctlName } from '../vfio-ioctls.js';
import { Mappings } from './bar-mappings.js';
import type { FieldReader } from './trace-record.js';

/** Place of a field in `Rule.fields`; -1 when the rule has no such field. */
export type FieldIndex = number;

/** Assigns each field name a stable index. */
export type IndexOfField = (name: string) => FieldIndex;

/** Sets what it finds in a record's fields. */
export type ColumnSetter = (row: EventRow, fields: FieldReader) => void;

/** Dictionary id of the device of a record, or -1 when it has none. */
export type DeviceOf = (fields: FieldReader) => number;

/** Bits of a VFIO file position below the region index (include/linux/vfio_pci_core.h). */
const POSITION_SHIFT = 40;
const POSITION_HIGH_BITS = POSITION_SHIFT - 32;
/**
 * The largest region of a position (its bits 40 and up); positions above region 32767 are invalid.
 */
const REGION_MAX = 0x7fff;
const DEVFN_COUNT = 1 << 16;
/** Bytes of the user buffer that an access's `written` field holds. */
const WRITTEN_BYTES = 4;

const GUID_BYTES = 16;
/** Where the parts of a UUID's text are in its bytes. */
const GUID_PARTS = [
  [0, 4],
  [4, 6],
  [6, 8],
  [8, 10],
  [10, 16],
] as const;
/** Makes the steps of one trace's rules. */
export class SetterMaker {
  readonly #deviceOfDevfn = new Int32Array(DEVFN_COUNT).fill(-1);
  readonly #data = Buffer.alloc(64);
  readonly #mappings = new Mappings();

  constructor(private readonly events: EventAppender) {}

  /** How to find the device of a record; null if records have none. */
  deviceOf(from: DeviceFrom | undefined, indexOf: IndexOfField): DeviceOf | null {
    if (from === undefined) return null;
    if (typeof from === 'string') return this.#deviceByName(indexOf(from));
    if ('bus' in from) return this.#deviceByBus(indexOf(from.bus), indexOf(from.devfn));
    if ('guid' in from) return this.#deviceByGuid(indexOf(from.guid), indexOf(from.rest));
    return this.#deviceInText(indexOf(from.buffer));
  }

  /** Setters for all columns that the fields of an entry or a point provide. */
  steps(
    columns: Columns,
    device: DeviceOf | null,
    raw: boolean,
    indexOf: IndexOfField,
  ): ColumnSetter[] {
    const { driver, region, position, ioctl, data, text, mapping, words, uevent } = columns;
    const steps: ColumnSetter[] = [];
    if (device !== null) steps.push(setDevice(device));
    if (typeof driver === 'string') steps.push(this.#driver(indexOf(driver)));
    if (typeof region === 'string') steps.push(setRegion(indexOf(region)));
    for (const name of NUMBERS) {
      const from = columns[name];
      if (typeof from === 'string') steps.push(setNumber(indexOf(from), CELL[name]));
    }
    if (position !== undefined) steps.push(setPosition(indexOf(position)));
    if (mapping !== undefined) {
      const { start, pages, is } = mapping;
      steps.push(this.#mappings.step(indexOf(start), indexOf(pages), is));
    }
    if (ioctl !== undefined) steps.push(this.#ioctl(indexOf(ioctl.field), ioctl.file));
    if (data !== undefined) steps.push(this.words(data, indexOf));
    if (text !== undefined) steps.push(this.#text(indexOf(text), raw));
    else if (raw) steps.push((row, fields) => row.text(fields.raw()));
    if (words !== undefined) {
      steps.push(this.#commandLine(indexOf(words.count), words.fields.map(indexOf)));
    }
    if (uevent !== undefined)
      steps.push(this.#uevent(indexOf(uevent.action), indexOf(uevent.object)));
    return steps;
  }

  /** What a user writes: the value of a short access; of a longer one, its first bytes are data. */
  userBytes(field: FieldIndex): ColumnSetter {
    return (row, fields) => {
      if (!fields.number(field)) return;
      const bytes = row.has(CELL.length) ? row.cells[CELL.length] : 0;
      const isShort = bytes >= 0 && bytes <= WRITTEN_BYTES && row.cells[CELL.length + 1] === 0;
      if (isShort) {
        row.setWords(CELL.value, lowBytes(fields.low, bytes), 0);
      } else {
        this.#data.writeUInt32LE(fields.low >>> 0, 0);
        row.data(this.#data.subarray(0, WRITTEN_BYTES));
      }
    };
  }

  #deviceByName(field: FieldIndex): DeviceOf {
    const { device } = this.events.dictionaries;
    return (fields) => fields.intern(field, device);
  }

  /** Records of bus accesses have no domain; it is 0 on all but very large machines. */
  #deviceByBus(busField: FieldIndex, devfnField: FieldIndex): DeviceOf {
    const { device } = this.events.dictionaries;
    return (fields) => {
      if (!fields.number(busField)) return -1;
      const bus = fields.low & 0xff;
      if (!fields.number(devfnField)) return -1;
      const devfn = fields.low & 0xff;
      const key = (bus << 8) | devfn;
      if (this.#deviceOfDevfn[key] < 0) {
        this.#deviceOfDevfn[key] = device.id(formatBdf(0, bus, devfn));
      }
      return this.#deviceOfDevfn[key];
    };
  }

  /** Mediated devices are named by their UUID; a guid_t has its first three parts little-endian. */
  #deviceByGuid(first: FieldIndex, rest: FieldIndex): DeviceOf {
    const bytes = Buffer.alloc(GUID_BYTES);
    return (fields) => {
      for (const [at, field] of [first, rest].entries()) {
        if (!fields.number(field)) return -1;
        bytes.writeUInt32LE(fields.low >>> 0, at * 8);
        bytes.writeUInt32LE(fields.high >>> 0, at * 8 + 4);
      }
      bytes.subarray(0, 4).swap32();
      bytes.subarray(4, 8).swap16();
      const parts = GUID_PARTS.map(([from, to]) => bytes.toString('hex', from, to));
      return this.events.dictionaries.device.id(parts.join('-'));
    };
  }

  /** The arguments of a program as JSON; the last is `…` when it has more than were recorded. */
  #commandLine(count: FieldIndex, words: readonly FieldIndex[]): ColumnSetter {
    return (row, fields) => {
      if (!fields.number(count)) return;
      const all = fields.low;
      row.setNumber(CELL.value, all);
      // The memory after the arguments holds the environment, which must not be recorded.
      const own = words.slice(0, Math.max(0, all));
      const told = own.map((word) => (fields.has(word) ? fields.text(word) : ''));
      row.text(JSON.stringify(all > words.length ? [...told, '…'] : told));
    };
  }

  /** Like a line of `udevadm monitor`: `bind@0000:01:00.0`; `@name` for the name of an object. */
  #uevent(action: FieldIndex, object: FieldIndex): ColumnSetter {
    return (row, fields) => {
      if (!fields.has(object)) return;
      const variable = fields.has(action) ? fields.text(action) : '';
      row.text(`${variable.replace(/^ACTION=/, '')}@${fields.text(object)}`);
    };
  }

  #deviceInText(field: FieldIndex): DeviceOf {
    const { device } = this.events.dictionaries;
    return (fields) => {
      if (!fields.has(field)) return -1;
      const bdf = parseBdf(fields.text(field).trim());
      return bdf === null ? -1 : device.id(bdf);
    };
  }

  #driver(field: FieldIndex): ColumnSetter {
    const { driver } = this.events.dictionaries;
    return (row, fields) => {
      const id = fields.intern(field, driver);
      if (id >= 0) row.set(CELL.driver, id);
    };
  }

  #ioctl(field: FieldIndex, file: VfioFile): ColumnSetter {
    const names = new Map<number, number>();
    return (row, fields) => {
      if (!fields.number(field)) return;
      const command = fields.low;
      let name = names.get(command);
      if (name === undefined) {
        const text = vfioIoctlName(command, file) ?? `0x${command.toString(16)}`;
        name = this.events.dictionaries.name.id(text);
        names.set(command, name);
      }
      row.set(CELL.name, name);
      row.setNumber(CELL.value, command);
    };
  }

  /**
   * Appends fields to the data in sequence. It stops at a field that the kernel could not read,
   * because the positions after it are not known.
   */
  words(data: NonNullable<Columns['data']>, indexOf: IndexOfField): ColumnSetter {
    const words = data.map(([name, bytes]) => [indexOf(name), bytes] as const);
    return (row, fields) => {
      let length = 0;
      for (const [field, bytes] of words) {
        if (!fields.number(field)) break;
        this.#data.writeUInt32LE(fields.low >>> 0, length);
        if (bytes === 8) this.#data.writeUInt32LE(fields.high >>> 0, length + 4);
        length += bytes;
      }
      if (length > 0) row.data(this.#data.subarray(0, length));
    };
  }

  #text(field: FieldIndex, raw: boolean): ColumnSetter {
    return (row, fields) => {
      if (fields.has(field)) row.text(fields.text(field));
      else if (raw) row.text(fields.raw());
    };
  }
}

/** Columns of 64 bits that are copied from a field unchanged. */
export const NUMBERS = ['offset', 'length', 'value'] as const;

const setDevice =
  (deviceOf: DeviceOf): ColumnSetter =>
  (row, fields) => {
    const id = deviceOf(fields);
    if (id >= 0) row.set(CELL.device, id);
  };

const setRegion =
  (field: FieldIndex): ColumnSetter =>
  (row, fields) => {
    if (fields.number(field)) row.set(CELL.region, fields.low);
  };

const setNumber =
  (field: FieldIndex, cell: WordCell): ColumnSetter =>
  (row, fields) => {
    if (fields.number(field)) row.setWords(cell, fields.low, fields.high);
  };

const setPosition =
  (field: FieldIndex): ColumnSetter =>
  (row, fields) => {
    if (!fields.number(field)) return;
    const region = fields.high >>> POSITION_HIGH_BITS;
    if (region > REGION_MAX) return;
    row.set(CELL.region, region);
    row.setWords(CELL.offset, fields.low, fields.high & ((1 << POSITION_HIGH_BITS) - 1));
  };

/** The lowest `bytes` bytes of a word. */
export const lowBytes = (word: number, bytes: number) =>
  bytes >= 4 ? word : word & ((1 << (bytes * 8)) - 1);
