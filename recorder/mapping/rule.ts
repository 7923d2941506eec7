/**
 * A rule: the catalogue's entry for one trace event, compiled to field numbers and dictionary ids,
 * so that mapping a record is a walk over integers.
 */
import type { EventAppender } from '../../traces/index.js';
import type { NumberFrom, Probe, StringFrom } from '../catalogue/index.js';

/** Place of a field in `Rule.fields`; -1 when the rule has no such field. */
export type FieldIndex = number;

/** A number column: a field, a constant, or neither. */
export interface NumberSlot {
  readonly field: FieldIndex;
  readonly constant: number | null;
}

export interface Rule {
  readonly event: string;
  /** Name under which the records are counted: the one that the input shows. */
  readonly shown: string;
  readonly probe: Probe;
  /** The fields it wants, in the order of the numbers it asks them by. */
  readonly fields: readonly string[];
  /** Records seen so far. */
  records: number;
  /** Number of the function, equal for its entry, value and return. */
  readonly call: number;
  readonly kindRead: number;
  readonly kindWrite: number;
  readonly write: FieldIndex;
  readonly name: number;
  /** Path id; -1 when null, -2 when it depends on whether a VFIO access is served. */
  readonly path: number;
  readonly device: FieldIndex;
  readonly bus: FieldIndex;
  readonly devfn: FieldIndex;
  readonly deviceBuffer: FieldIndex;
  readonly driver: FieldIndex;
  readonly driverConstant: number;
  readonly region: NumberSlot;
  readonly offset: NumberSlot;
  readonly length: NumberSlot;
  readonly value: NumberSlot;
  readonly text: FieldIndex;
  readonly position: FieldIndex;
  readonly ioctl: FieldIndex;
  /** Name ids of the ioctl numbers seen so far. */
  readonly ioctlNames: Map<number, number>;
  readonly written: FieldIndex;
  readonly data: readonly (readonly [field: FieldIndex, bytes: 4 | 8])[];
  readonly ret: FieldIndex;
  /** True when `text` is the whole record. */
  readonly raw: boolean;
}

export const PATH_BY_NESTING = -2;

/** Hands out field numbers. */
class Fields {
  readonly names: string[] = [];

  of(name: string | undefined): FieldIndex {
    if (name === undefined) return -1;
    const known = this.names.indexOf(name);
    return known >= 0 ? known : this.names.push(name) - 1;
  }

  number(from: NumberFrom | undefined): NumberSlot {
    if (typeof from === 'number') return { field: -1, constant: from };
    return { field: this.of(from), constant: null };
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
  const { dictionaries } = events;
  const isText = typeof device === 'string';
  const byBus = typeof device === 'object' && 'bus' in device;
  const byBuffer = typeof device === 'object' && 'buffer' in device;
  const split = typeof kind === 'object';
  return {
    event: probe.event,
    shown,
    probe,
    fields: fields.names,
    records: 0,
    call,
    kindRead: events.kind(split ? kind.read : kind),
    kindWrite: events.kind(split ? kind.write : kind),
    write: fields.of(split ? kind.by : undefined),
    name: dictionaries.name.id(probe.name),
    path:
      probe.path === undefined
        ? -1
        : probe.path === 'user'
          ? PATH_BY_NESTING
          : dictionaries.path.id(probe.path),
    device: fields.of(isText ? device : undefined),
    bus: fields.of(byBus ? device.bus : undefined),
    devfn: fields.of(byBus ? device.devfn : undefined),
    deviceBuffer: fields.of(byBuffer ? device.buffer : undefined),
    driver: fields.of(fieldOf(columns.driver)),
    driverConstant:
      typeof columns.driver === 'object' ? dictionaries.driver.id(columns.driver.constant) : -1,
    region: fields.number(columns.region),
    offset: fields.number(columns.offset),
    length: fields.number(columns.length),
    value: fields.number(columns.value),
    text: fields.of(columns.text),
    position: fields.of(columns.position),
    ioctl: fields.of(columns.ioctl?.field),
    ioctlNames: new Map(),
    written: fields.of(columns.written),
    data: (columns.data ?? []).map(([name, bytes]) => [fields.of(name), bytes] as const),
    ret: fields.of(probe.role === 'point' || probe.role === 'value' ? undefined : 'ret'),
    raw: probe.raw === true,
  };
}

const fieldOf = (from: StringFrom | undefined) => (typeof from === 'string' ? from : undefined);
