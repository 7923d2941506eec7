/** Turns a QEMU trace event, given by its name and the text of its arguments, into an event. */
import { CELL, type EventAppender, EventRow } from '../../../traces/index.js';
import { Interner } from '../../words/interner.js';
import { Cursor } from '../cursor.js';
import { Template, type WordIds } from '../template.js';
import { EVENT_FORMS, type EventForm } from './events.js';

/** Names past this many are not names of trace events; their lines count as not understood. */
const NAMES_MAX = 2048;

/** Every trace event has an underscore in its name; words of other output mostly do not. */
const EVENT_NAME = /^[a-z0-9]+_[a-z0-9_]*$/;

interface CompiledForm {
  readonly kind: number;
  readonly template: Template;
  readonly path: number | null;
  readonly region: number | null;
  readonly isTextOnly: boolean;
}

/** A trace event of QEMU, as far as this input shows it. */
export interface EventType {
  readonly name: string;
  readonly nameId: number;
  readonly forms: readonly CompiledForm[];
  count: number;
}

export class QemuEmitter {
  readonly types: EventType[] = [];
  /** The arguments of the event at hand; set before `emit`. */
  readonly cursor = new Cursor();
  /** Thread that logged the event at hand, or -1. */
  tid = -1;
  /** Process that logged it, or -1. */
  pid = -1;
  seconds = 0;
  nanoseconds = 0;

  readonly #events: EventAppender;
  readonly #types: Interner<EventType | null>;
  readonly #known = new Map<string, EventType>();
  readonly #ids: WordIds;
  readonly #log: number;
  readonly #row = new EventRow();
  readonly #point: number;

  constructor(events: EventAppender) {
    this.#events = events;
    this.#log = events.kind('log');
    this.#point = events.phase('point');
    this.#types = new Interner((name) => this.#typeOf(name));
    this.#ids = {
      device: new Interner((word) => events.dictionaries.device.id(word)),
      driver: new Interner((word) => events.dictionaries.driver.id(word)),
    };
    events.source('qemu');
  }

  /** The type of the event called `bytes[start..end)`; null when there are too many names. */
  type(bytes: Uint8Array, start: number, end: number): EventType | null {
    return this.#types.get(bytes, start, end);
  }

  /**
   * Appends the event at hand: in its form when the arguments have it, otherwise as a `log` event.
   * @param line the buffer that the cursor is on
   * @returns false when the event has forms and the arguments have none of them
   */
  emit(type: EventType, line: Buffer): boolean {
    const { cursor } = this;
    const start = cursor.at;
    type.count++;
    for (const form of type.forms) {
      cursor.at = start;
      if (!form.template.match(cursor)) continue;
      this.#begin(form.kind, type);
      if (form.path !== null) this.#row.set(CELL.path, form.path);
      if (form.region !== null) this.#row.set(CELL.region, form.region);
      form.template.apply(this.#row, line, this.#ids, this.#events);
      if (!form.template.isComplete) this.#events.textBytes(line, start, cursor.end);
      this.#events.append(this.#row);
      return true;
    }
    this.#begin(this.#log, type);
    if (start < cursor.end) this.#events.textBytes(line, start, cursor.end);
    this.#events.append(this.#row);
    return type.forms.length === 0;
  }

  /** Appends a line or payload that is no trace event. */
  emitOther(type: EventType | null, text: string | null, data: Uint8Array | null): void {
    this.#begin(this.#log, type);
    if (text !== null) this.#events.text(text);
    if (data !== null) this.#events.data(data);
    this.#events.append(this.#row);
  }

  #begin(kind: number, type: EventType | null): void {
    const row = this.#row;
    row.clear();
    row.set(CELL.kind, kind);
    row.set(CELL.phase, this.#point);
    row.time(this.seconds, this.nanoseconds);
    if (this.tid >= 0) row.set(CELL.tid, this.tid);
    if (this.pid >= 0) row.set(CELL.pid, this.pid);
    if (type !== null) row.set(CELL.name, type.nameId);
  }

  #typeOf(name: string): EventType | null {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= NAMES_MAX || !EVENT_NAME.test(name)) return null;
    const forms = EVENT_FORMS.filter((f) => f.names.includes(name));
    const type: EventType = {
      name,
      nameId: this.#events.dictionaries.name.id(name),
      forms: forms.map((f) => this.#compile(f)),
      count: 0,
    };
    this.#known.set(name, type);
    this.types.push(type);
    return type;
  }

  #compile(form: EventForm): CompiledForm {
    const { path } = form;
    return {
      kind: this.#events.kind(form.kind),
      template: new Template(form.template),
      path: path === undefined ? null : this.#events.dictionaries.path.id(path),
      region: form.region ?? null,
      isTextOnly: form.isTextOnly ?? false,
    };
  }
}

/** Counts by event name. */
export function countsOf(types: readonly EventType[]): Record<string, number> {
  return Object.fromEntries(types.map((type) => [type.name, type.count]));
}
