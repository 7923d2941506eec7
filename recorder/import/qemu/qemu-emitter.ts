/** Converts a QEMU trace event, given by its name and the text of its arguments, into an event. */
import {
  CELL,
  type EventAppender,
  type EventRow,
  formatBdf,
  type Seq,
} from '../../../traces/index.js';
import { Interner } from '../../byte-matching/interner.js';
import { Cursor } from '../line-cursor.js';
import { Template, type WordIds } from '../line-template.js';
import { type Failure, type OperationPart, words } from './dma-operations.js';
import { EVENT_FORMS, type EventForm } from './events/index.js';
import type { Message } from './qemu-messages.js';
import { errnoOfText } from './strerror.js';

/** Names past this many are not names of trace events; their lines count as not understood. */
const NAMES_MAX = 2048;
const MINUS_ONE = 0xffff_ffff;

/** Every trace event has an underscore in its name; words of other output mostly do not. */
const EVENT_NAME = /^[a-z0-9]+_[a-z0-9_]*$/;
/** `bb:dd.f`, also with two digits for the function. */
const BUS_ADDRESS = /^([0-9a-f]{2}:[0-9a-f]{2}\.)0?([0-9a-f])$/;

interface CompiledForm {
  readonly form: EventForm;
  readonly kind: number;
  readonly template: Template;
  readonly path: number | null;
}

/** A trace event of QEMU, with what this input shows of it. */
export interface EventType {
  readonly name: string;
  readonly nameId: number;
  readonly forms: readonly CompiledForm[];
  /** Whether it is part of an operation that other events report as well. */
  readonly hasRole: boolean;
  /** Whether one of its forms continues on the next line. */
  readonly isOfTwoLines: boolean;
  count: number;
}

/** The thread that logged something, and the time; -1 for unknown fields. */
export interface LogStamp {
  tid: number;
  pid: number;
  seconds: number;
  nanoseconds: number;
}

/** What an event is in the operation that it is part of. */
export interface SpanRole {
  readonly phase: 'begin' | 'end' | 'point';
  /** Begin of the operation, or -1. */
  readonly span: Seq | -1;
  /** The error of the operation, if another line has it. */
  readonly ret: number | null;
}
/** An event that is all there is of an operation. */
export const ALONE: SpanRole = { phase: 'point', span: -1, ret: null };

export class QemuEmitter {
  readonly types: EventType[] = [];
  /** The arguments of the event at hand. */
  readonly cursor = new Cursor();
  readonly #events: EventAppender;
  readonly #types: Interner<EventType | null>;
  readonly #known = new Map<string, EventType>();
  readonly #ids: WordIds;
  readonly #log: number;
  readonly #row: EventRow;
  readonly #phases: Readonly<Record<SpanRole['phase'], number>>;

  constructor(events: EventAppender) {
    this.#events = events;
    this.#log = events.kind('log');
    const [begin, end, point] = (['begin', 'end', 'point'] as const).map((p) => events.phase(p));
    this.#phases = { begin, end, point };
    this.#types = new Interner((name) => this.#typeOf(name));
    const { device, driver } = events.dictionaries;
    this.#ids = {
      device: new Interner((word) => device.id(word)),
      guest: new Interner((word) => device.id(word.replace(BUS_ADDRESS, '$1$2'))),
      driver: new Interner((word) => driver.id(word)),
      error: new Interner(errnoOfText),
      requester: (sid) => device.id(requesterAddress(sid)),
    };
    this.#row = events.row('qemu');
  }

  /** The type of the event called `bytes[start..end)`; null when it is no name of one. */
  type(bytes: Uint8Array, start: number, end: number): EventType | null {
    return this.#types.get(bytes, start, end);
  }

  /** Number of the event that is appended next. */
  get next(): Seq {
    return this.#events.seq;
  }

  /** Whether the arguments at the cursor have one of the event's forms. */
  matches(type: EventType): boolean {
    return this.#formAt(type, this.cursor.at) !== null;
  }

  /** What the arguments at the cursor say about an operation, or null. */
  partOf(type: EventType): OperationPart | null {
    const found = this.#formAt(type, this.cursor.at);
    const iova = found?.template.taken('offset') ?? null;
    if (found?.form.role === undefined || iova === null) return null;
    const { kind, role } = found.form;
    if (kind !== 'dma.map' && kind !== 'dma.unmap') return null;
    const [low, high] = found.template.taken('ret') ?? [0, 0];
    return { kind, role, iova, isUnnamedError: low === MINUS_ONE && high === MINUS_ONE };
  }

  /**
   * Appends the event whose arguments are at the cursor: in its form if they match one, otherwise
   * as a `log` event.
   * @param line the buffer that the cursor is on
   * @returns false when the event has forms and the arguments match none of them
   */
  emit(type: EventType, line: Buffer, at: LogStamp, place = ALONE): boolean {
    const { cursor } = this;
    const start = cursor.at;
    const found = this.#formAt(type, start);
    const row = this.#begin(found?.kind ?? this.#log, type.nameId, at);
    if (found !== null) {
      const { form, path, template } = found;
      if (path !== null) row.set(CELL.path, path);
      if (form.region !== undefined) row.set(CELL.region, form.region);
      if (form.ret !== undefined) row.setNumber(CELL.ret, form.ret);
      template.apply(row, line, this.#ids);
      if (place !== ALONE) this.#place(place);
    }
    const hasText = found === null || !found.template.isComplete;
    if (hasText && start < cursor.end) row.textBytes(line, start, cursor.end);
    this.#events.append(row);
    return found !== null || type.forms.length === 0;
  }

  /** The first form that the arguments from `start` on have. */
  #formAt(type: EventType, start: number): CompiledForm | null {
    const { cursor } = this;
    for (const form of type.forms) {
      cursor.at = start;
      if (form.template.match(cursor)) return form;
    }
    return null;
  }

  /** Appends an error message about an operation. */
  emitFailure(
    failure: Failure,
    type: EventType,
    line: Buffer,
    at: LogStamp,
    place: SpanRole,
  ): void {
    const { kind, iova, length, ret } = failure;
    const row = this.#begin(this.#events.kind(kind), type.nameId, at);
    row.setWords(CELL.offset, ...iova);
    row.setWords(CELL.length, ...length);
    this.#place({ ...place, ret });
    row.textBytes(line, 0, line.byteLength);
    this.#events.append(row);
  }

  /** Appends an error message that is about a device or a call. */
  emitMessage(message: Message, line: Buffer, at: LogStamp): void {
    const { name, device, region, offset, length, value, ret } = message;
    const { dictionaries } = this.#events;
    const kind = this.#events.kind(this.#isTraced(message) ? 'log' : message.kind);
    const row = this.#begin(kind, name === null ? -1 : dictionaries.name.id(name), at);
    if (kind !== this.#log) row.set(CELL.path, dictionaries.path.id('guest'));
    if (device !== null) row.set(CELL.device, dictionaries.device.id(device));
    if (region !== null) row.set(CELL.region, region);
    if (offset !== null) row.setWords(CELL.offset, ...words(offset));
    if (length !== null) row.setWords(CELL.length, ...words(length));
    if (value !== null) row.setWords(CELL.value, ...words(value));
    if (ret !== null) row.setNumber(CELL.ret, ret);
    row.textBytes(line, 0, line.byteLength);
    this.#events.append(row);
  }

  /** A write that failed is traced as well, where such are: it must not be there twice. */
  #isTraced({ kind, name }: Message): boolean {
    return kind.endsWith('.write') && (this.#known.get(name ?? '')?.count ?? 0) > 0;
  }

  /** Appends a line that is not a trace event, or the payload of one whose form is not known. */
  emitOther(type: EventType | null, line: Buffer, isText: boolean, at: LogStamp): void {
    const row = this.#begin(this.#log, type?.nameId ?? -1, at);
    if (isText) row.textBytes(line, 0, line.byteLength);
    else row.data(line);
    this.#events.append(row);
  }

  #begin(kind: number, name: number, { tid, pid, seconds, nanoseconds }: LogStamp): EventRow {
    const row = this.#row;
    row.start(kind, this.#phases.point);
    row.time(seconds, nanoseconds);
    if (tid >= 0) row.set(CELL.tid, tid);
    if (pid >= 0) row.set(CELL.pid, pid);
    if (name >= 0) row.set(CELL.name, name);
    return row;
  }

  #place({ phase, span, ret }: SpanRole): void {
    const row = this.#row;
    row.set(CELL.phase, this.#phases[phase]);
    if (span >= 0) row.setNumber(CELL.span, span);
    if (ret !== null) row.setNumber(CELL.ret, ret);
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
      hasRole: forms.some(({ role }) => role !== undefined),
      isOfTwoLines: forms.some(({ template }) => template.includes('\n')),
      count: 0,
    };
    this.#known.set(name, type);
    this.types.push(type);
    return type;
  }

  #compile(form: EventForm): CompiledForm {
    const { path } = form;
    return {
      form,
      kind: this.#events.kind(form.kind),
      template: new Template(form.template),
      path: path === undefined ? null : this.#events.dictionaries.path.id(path),
    };
  }
}

/** A requester id as the guest names the device: `bb:dd.f`. */
function requesterAddress(sid: number): string {
  return formatBdf(0, sid >> 8, sid & 0xff).slice('0000:'.length);
}

/** Counts by event name. */
export function countsOf(types: readonly EventType[]): Record<string, number> {
  return Object.fromEntries(types.map((type) => [type.name, type.count]));
}
