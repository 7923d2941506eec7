/**
 * A rule: the catalogue's entry for one trace event, compiled to a row of constants and the steps
 * that fill in the rest, so that mapping a record asks nothing that is known of its event.
 */
import { CELL, type EventAppender, EventRow, type Kind, type Path } from '../../traces/index.js';
import type { Probe } from '../catalogue/index.js';
import {
  type DeviceOf,
  type FieldIndex,
  NUMBERS,
  type PlaceOf,
  type Step,
  StepMaker,
} from './column-setters.js';
import type { FieldReader } from './trace-record.js';

/** What becomes of the records of a probe that are alike. */
export interface Form {
  /** What all of their events have in common. */
  readonly constants: EventRow;
  /** How the rest is filled in, in this order. */
  readonly steps: readonly Step[];
}

/** Tells the form of a record. @param inVfio whether its thread serves an access of a VFIO user */
export type FormOf = (fields: FieldReader, inVfio: boolean) => Form;

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
  /** Of an entry, or of a record that is all of its event. */
  readonly formOf: FormOf;
  /** What is known of an event whose entry is not there. */
  readonly constants: EventRow;
  readonly deviceOf: DeviceOf | null;
  /** Field with the value that a value record tells. */
  readonly value: FieldIndex;
  readonly ret: FieldIndex;
  /** Field with what a user was given, in a return. */
  readonly given: FieldIndex;
  /** Puts what a return tells of the caller's argument into the data; null for nothing. */
  readonly answer: Step | null;
  /** Field with a message of the kernel's log. */
  readonly message: FieldIndex;
}

/** Makes the rules of one trace. */
export class RuleMaker {
  readonly #steps: StepMaker;

  constructor(private readonly events: EventAppender) {
    this.#steps = new StepMaker(events);
  }

  /**
   * Compiles a probe.
   * @param call number that the entry, value and return of one function share
   */
  rule(probe: Probe, call: number, shown: string): Rule {
    const { columns, kind, role, path = null, raw = false } = probe;
    const names: string[] = [];
    const place = (name: string): FieldIndex => {
      const known = names.indexOf(name);
      return known >= 0 ? known : names.push(name) - 1;
    };
    const deviceOf = this.#steps.deviceOf(columns.device, place);
    const steps = this.#steps.steps(columns, deviceOf, raw, place);
    return {
      event: probe.event,
      shown,
      probe,
      role,
      fields: names,
      records: 0,
      call,
      vfio: probe.vfio === true,
      formOf: this.#formOf(probe, steps, place),
      constants: constants(
        probe,
        typeof kind === 'object' ? kind.read : kind,
        path === 'user' ? null : path,
        this.events,
      ),
      deviceOf,
      value: typeof columns.value === 'string' ? place(columns.value) : -1,
      ret: role === 'point' || role === 'value' ? -1 : place('ret'),
      given: columns.given === undefined ? -1 : place(columns.given),
      answer: columns.answer === undefined ? null : this.#steps.words(columns.answer, place),
      message:
        columns.isKernelText === true && columns.text !== undefined ? place(columns.text) : -1,
    };
  }

  /** A form for reads and one for writes, when the probe has both. */
  #formOf(probe: Probe, steps: readonly Step[], place: PlaceOf): FormOf {
    const { kind, columns } = probe;
    if (typeof kind !== 'object') return this.#byNesting(probe, kind, steps);
    const { written } = columns;
    const more = written === undefined ? [] : [this.#steps.userBytes(place(written))];
    const read = this.#byNesting(probe, kind.read, steps);
    const write = this.#byNesting(probe, kind.write, [...steps, ...more]);
    const isWrite = place(kind.by);
    return (fields, inVfio) => {
      const form = fields.number(isWrite) && fields.low !== 0 ? write : read;
      return form(fields, inVfio);
    };
  }

  /** An access on behalf of a user goes to the hardware when it is done for a VFIO access. */
  #byNesting(probe: Probe, kind: Kind, steps: readonly Step[]): FormOf {
    const { path = null } = probe;
    const form = (by: Path | null): Form => ({
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

/** The columns that are the same in all events of a probe. */
function constants(
  { name, columns }: Probe,
  kind: Kind,
  path: Path | null,
  events: EventAppender,
): EventRow {
  const row = new EventRow();
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
