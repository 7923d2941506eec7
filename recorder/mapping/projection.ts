/**
 * A rule: the catalogue's entry for one trace event, compiled to a row of constants and the setters
 * of the other columns, so that everything known about the event is decided once and not per
 * record.
 */
import { CELL, type EventAppender, EventRow, type Kind, type Path } from '../../traces/index.js';
import type { Probe } from '../catalogue/index.js';
import {
  type ColumnSetter,
  type DeviceOf,
  type FieldIndex,
  type IndexOfField,
  NUMBERS,
  SetterMaker,
} from './column-setters.js';
import type { FieldReader } from './trace-record.js';

/** How records of a probe become events. */
export interface Projection {
  /** What all of their events have in common. */
  readonly constants: EventRow;
  /** How the rest is filled in, in this order. */
  readonly steps: readonly ColumnSetter[];
}

/**
 * Chooses the projection of a record.
 * @param inVfio whether its thread serves an access of a VFIO user
 */
export type ProjectionOf = (fields: FieldReader, inVfio: boolean) => Projection;

export interface MappingRule {
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
  /** Of an entry, or of a record that is all of its event. */
  readonly projectionOf: ProjectionOf;
  /** Columns of an event whose entry is missing. */
  readonly constants: EventRow;
  readonly deviceOf: DeviceOf | null;
  /** Field with the value of a value record. */
  readonly value: FieldIndex;
  readonly ret: FieldIndex;
  /** Field with what a user received, in a return. */
  readonly given: FieldIndex;
  /** Appends what a return adds to the caller's argument to the data; null if it adds nothing. */
  readonly answer: ColumnSetter | null;
  /** Field with a message of the kernel's log. */
  readonly message: FieldIndex;
}

/** Makes the rules of one trace. */
export class MappingRuleMaker {
  readonly #steps: SetterMaker;

  constructor(private readonly events: EventAppender) {
    this.#steps = new SetterMaker(events);
  }

  /**
   * Compiles a probe.
   * @param call number that the entry, value and return of one function share
   */
  rule(probe: Probe, call: number, shown: string): MappingRule {
    const { columns, kind, role, path = null, raw = false } = probe;
    const names: string[] = [];
    const indexOf = (name: string): FieldIndex => {
      const known = names.indexOf(name);
      return known >= 0 ? known : names.push(name) - 1;
    };
    const deviceOf = this.#steps.deviceOf(columns.device, indexOf);
    const steps = this.#steps.steps(columns, deviceOf, raw, indexOf);
    return {
      event: probe.event,
      shown,
      probe,
      role,
      fields: names,
      records: 0,
      call,
      vfio: probe.vfio === true,
      projectionOf: this.#projectionOf(probe, steps, indexOf),
      constants: constants(
        probe,
        typeof kind === 'object' ? kind.read : kind,
        path === 'user' ? null : path,
        this.events,
      ),
      deviceOf,
      value: typeof columns.value === 'string' ? indexOf(columns.value) : -1,
      ret: role === 'point' || role === 'value' ? -1 : indexOf('ret'),
      given: columns.given === undefined ? -1 : indexOf(columns.given),
      answer: columns.answer === undefined ? null : this.#steps.words(columns.answer, indexOf),
      message:
        columns.isKernelText === true && columns.text !== undefined ? indexOf(columns.text) : -1,
    };
  }

  /** A form for reads and one for writes, when the probe has both. */
  #projectionOf(probe: Probe, steps: readonly ColumnSetter[], indexOf: IndexOfField): ProjectionOf {
    const { kind, columns } = probe;
    if (typeof kind !== 'object') return this.#byNesting(probe, kind, steps);
    const { written } = columns;
    const more = written === undefined ? [] : [this.#steps.userBytes(indexOf(written))];
    const read = this.#byNesting(probe, kind.read, steps);
    const write = this.#byNesting(probe, kind.write, [...steps, ...more]);
    const isWrite = indexOf(kind.by);
    return (fields, inVfio) => {
      const form = fields.number(isWrite) && fields.low !== 0 ? write : read;
      return form(fields, inVfio);
    };
  }

  /** An access on behalf of a user is one of the hardware if it is made for a VFIO access. */
  #byNesting(probe: Probe, kind: Kind, steps: readonly ColumnSetter[]): ProjectionOf {
    const { path = null } = probe;
    const form = (by: Path | null): Projection => ({
      constants: constants(probe, kind, by, this.events),
      steps,
    });
    if (path !== 'user') {
      const only = form(path);
      return () => only;
    }
    const [inside, outside] = [form('hardware'), form('sysfs')];
    return (_fields, inVfio) => (inVfio ? inside : outside);
  }
}

/** Of a row that is only copied from: a copy has the source of the row that it is in. */
const NO_SOURCE = -1;

/** The columns that are the same in all events of a probe. */
function constants(
  { name, columns }: Probe,
  kind: Kind,
  path: Path | null,
  events: EventAppender,
): EventRow {
  const row = new EventRow(NO_SOURCE);
  const { dictionaries } = events;
  row.set(CELL.kind, events.kind(kind));
  row.set(CELL.name, dictionaries.name.id(name));
  if (path !== null) row.set(CELL.path, dictionaries.path.id(path));
  const { driver, region } = columns;
  if (typeof driver === 'object') row.set(CELL.driver, dictionaries.driver.id(driver.constant));
  if (typeof region === 'number') row.set(CELL.region, region);
  for (const column of NUMBERS) {
    const constant = columns[column];
    if (typeof constant === 'number') row.setNumber(CELL[column], constant);
  }
  return row;
}
