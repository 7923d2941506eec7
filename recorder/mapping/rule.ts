/**
 * A rule: the catalogue's entry for one trace event, compiled to field numbers and dictionary ids,
 * so that mapping a record is a walk over integers.
 */
import {
  CELL,
  type EventAppender,
  EventRow,
  type Kind,
  type WordCell,
} from '../../traces/index.js';
import type { NumberFrom, Probe, StringFrom } from '../catalogue/index.js';

/** Place of a field in `Rule.fields`; -1 when the rule has no such field. */
export type FieldIndex = number;

/** A column of 64 bits that a field gives. */
export interface NumberSlot {
  readonly field: FieldIndex;
  readonly cell: WordCell;
}

export interface Rule {
  readonly event: string;
  /** Name under which the records are counted: the one that the input shows. */
  readonly shown: string;
  readonly probe: Probe;
  readonly role: Probe['role'];
  /** The fields it wants, in the order of the numbers it asks them by. */
  readonly fields: readonly string[];
  /** Records seen so far. */
  records: number;
  /** Number of the function, equal for its entry, value and return. */
  readonly call: number;
  /** Whether the function serves an access of a VFIO user. */
  readonly vfio: boolean;
  /** What all events of the rule have in common, for reads and for writes. */
  readonly read: EventRow;
  readonly written: EventRow;
  /** Field that is not 0 when the access is a write. */
  readonly write: FieldIndex;
  readonly pathByNesting: boolean;
  readonly device: FieldIndex;
  readonly bus: FieldIndex;
  readonly devfn: FieldIndex;
  readonly deviceBuffer: FieldIndex;
  readonly driver: FieldIndex;
  readonly region: FieldIndex;
  readonly numbers: readonly NumberSlot[];
  /** Field with the value that a value record tells. */
  readonly value: FieldIndex;
  readonly text: FieldIndex;
  readonly position: FieldIndex;
  readonly ioctl: FieldIndex;
  /** Name ids of the ioctl numbers seen so far. */
  readonly ioctlNames: Map<number, number>;
  /** Field with the first bytes that the user writes. */
  readonly userBytes: FieldIndex;
  readonly data: readonly (readonly [field: FieldIndex, bytes: 4 | 8])[];
  readonly ret: FieldIndex;
  /** True when `text` is the whole record. */
  readonly raw: boolean;
}

/** Hands out field numbers. */
class Fields {
  readonly names: string[] = [];

  of(name: string | undefined): FieldIndex {
    if (name === undefined) return -1;
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }
}

/**
 * Compiles a probe for one trace.
 * @param call number that the entry, value and return of one function share
 */
export function compileRule(
  probe: Probe,
  call: number,
  shown: string,
  events: EventAppender,
): Rule {
  const fields = new Fields();
  const { columns, kind } = probe;
  const { device } = columns;
  const isText = typeof device === 'string';
  const byBus = typeof device === 'object' && 'bus' in device;
  const byBuffer = typeof device === 'object' && 'buffer' in device;
  const split = typeof kind === 'object';
  return {
    event: probe.event,
    shown,
    probe,
    role: probe.role,
    fields: fields.names,
    records: 0,
    call,
    vfio: probe.vfio === true,
    read: constants(probe, split ? kind.read : kind, events),
    written: constants(probe, split ? kind.write : kind, events),
    write: fields.of(split ? kind.by : undefined),
    pathByNesting: probe.path === 'user',
    device: fields.of(isText ? device : undefined),
    bus: fields.of(byBus ? device.bus : undefined),
    devfn: fields.of(byBus ? device.devfn : undefined),
    deviceBuffer: fields.of(byBuffer ? device.buffer : undefined),
    driver: fields.of(fieldOf(columns.driver)),
    region: fields.of(fieldOf(columns.region)),
    numbers: NUMBERS.flatMap((name) => {
      const field = fields.of(fieldOf(columns[name]));
      return field < 0 ? [] : [{ field, cell: CELL[name] }];
    }),
    value: fields.of(fieldOf(columns.value)),
    text: fields.of(columns.text),
    position: fields.of(columns.position),
    ioctl: fields.of(columns.ioctl?.field),
    ioctlNames: new Map(),
    userBytes: fields.of(columns.written),
    data: (columns.data ?? []).map(([name, bytes]) => [fields.of(name), bytes] as const),
    ret: fields.of(probe.role === 'point' || probe.role === 'value' ? undefined : 'ret'),
    raw: probe.raw === true,
  };
}

const NUMBERS = ['offset', 'length', 'value'] as const;

/** The columns that are the same in all events of a probe. */
function constants({ name, path, columns }: Probe, kind: Kind, events: EventAppender): EventRow {
  const row = new EventRow();
  const { dictionaries } = events;
  row.set(CELL.kind, events.kind(kind));
  row.set(CELL.name, dictionaries.name.id(name));
  if (path !== undefined && path !== 'user') row.set(CELL.path, dictionaries.path.id(path));
  const { driver, region } = columns;
  if (typeof driver === 'object') row.set(CELL.driver, dictionaries.driver.id(driver.constant));
  if (typeof region === 'number') row.set(CELL.region, region);
  for (const column of NUMBERS) {
    const constant = columns[column];
    if (typeof constant === 'number') row.setNumber(CELL[column], constant);
  }
  return row;
}

const fieldOf = (from: StringFrom | NumberFrom | undefined) =>
  typeof from === 'string' ? from : undefined;
