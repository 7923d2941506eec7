import {
  CELL,
  type EventAppender,
  type EventRow,
  type Kind,
  type Source,
} from '../../traces/index.js';
import { findProbe, type Probe } from '../catalogue/index.js';
import { KernelTextColumns } from '../kernel-text/index.js';
import { lowBytes } from './column-setters.js';
import { type MappingRule, MappingRuleMaker } from './projection.js';
import { syscallProbe } from './syscall-probe.js';
import { type CallStack, type OpenCall, ThreadCalls } from './thread-calls.js';
import type { FieldReader, TraceRecord } from './trace-record.js';

/** What the console puts before a message. */
const CONSOLE_TIME = /^(?:<\d+>)?\[ *\d+\.\d+\](?:\[[^\]]*\])? ?/;

/** Counts of the records of one input, by outcome. */
export interface MappingReport {
  readonly records: Readonly<Record<string, number>>;
  readonly unparsed: number;
  readonly lost: number;
}

/**
 * Turns kernel trace records into events by the catalogue: the entry, value and return records of a
 * call become a begin and an end that repeats the begin's columns and adds `span`, `value`, `ret`.
 */
export class RecordMapper {
  readonly #events: EventAppender;
  readonly #maker: MappingRuleMaker;
  readonly #rules = new Map<string, MappingRule>();
  readonly #calls = new Map<string, number>();
  readonly #threads: ThreadCalls;
  /** For events that no call keeps. */
  readonly #row: EventRow;
  readonly #begin: number;
  readonly #end: number;
  readonly #point: number;
  readonly #configRead: number;
  readonly #regionRead: number;
  readonly #texts: KernelTextColumns;
  #unparsed = 0;
  #lost = 0;

  /** @param source what records the events */
  constructor(events: EventAppender, source: Source) {
    this.#events = events;
    this.#row = events.row(source);
    this.#threads = new ThreadCalls(() => events.row(source));
    this.#maker = new MappingRuleMaker(events);
    this.#begin = events.phase('begin');
    this.#end = events.phase('end');
    this.#point = events.phase('point');
    this.#configRead = events.kind('config.read');
    this.#regionRead = events.kind('region.read');
    this.#texts = new KernelTextColumns(events);
  }

  /**
   * The rule for a trace event; one that makes `log` events when the catalogue lacks it.
   * @param shown name to count its records by, when the input shows another than `event`
   */
  rule(event: string, shown = event): MappingRule {
    const key = `${event}\0${shown}`;
    let rule = this.#rules.get(key);
    if (rule === undefined) {
      const probe = findProbe(event) ?? syscallProbe(event) ?? unknownProbe(event);
      rule = this.#maker.rule(probe, this.#callOf(probe), shown);
      this.#rules.set(key, rule);
    }
    return rule;
  }

  /** Maps one record; what it needs of `record` and `fields` is copied. */
  record(rule: MappingRule, record: TraceRecord, fields: FieldReader): void {
    rule.records++;
    const { role } = rule;
    if (role === 'value') this.#value(rule, record, fields);
    else if (role === 'return') this.#return(rule, record, fields);
    else if (role === 'point') this.#appendComplete(rule, record, fields);
    else if (rule.ret >= 0 && fields.has(rule.ret)) this.#appendComplete(rule, record, fields);
    else this.#entry(rule, record, fields);
  }

  /** A piece of the input that was not understood: appended as a `log` event, and counted. */
  unparsed(text: string, record?: TraceRecord): void {
    this.#unparsed++;
    this.#startEvent('log', record);
    this.#row.text(text);
    this.#events.append(this.#row);
  }

  /** A further line of a text, or a possible one: appended as an event of its own. */
  continued(text: string): void {
    this.#startEvent('log', undefined);
    this.#row.text(text);
    this.#events.append(this.#row);
  }

  /**
   * The source reports that it lost events on a CPU, between the last event and the next.
   * @param count the number; null when the source does not know it or states an impossible one:
   * then it counts as one, the least possible, and its text says so
   * @param cpu -1 for all of them
   * @param why the reason, if known
   */
  lost(cpu: number, count: number | null, record?: TraceRecord, why?: string): void {
    this.#lost += count ?? 1;
    this.#threads.forget(cpu);
    this.#startEvent('lost', record);
    if (record === undefined && cpu >= 0) this.#row.set(CELL.cpu, cpu);
    this.#row.setNumber(CELL.value, count ?? 1);
    const text = count === null ? [UNKNOWN_LOSS, why] : [why];
    if (text.some((part) => part !== undefined)) {
      this.#row.text(text.filter((part) => part !== undefined).join(': '));
    }
    this.#events.append(this.#row);
  }

  /**
   * Ends the input. Appends an end without `ret` for each call whose value was seen but whose
   * return was not.
   */
  finish(): void {
    for (const { valueSeen, row, seq } of this.#threads.open()) {
      if (!valueSeen) continue;
      row.set(CELL.phase, this.#end);
      for (const cell of ORIGIN) row.unset(cell);
      this.#events.timeOfLast(row);
      row.setNumber(CELL.span, seq);
      this.#events.append(row);
    }
  }

  report(): MappingReport {
    // The text of system calls shows their entry and their return under one name.
    const records = new Map<string, number>();
    for (const { shown, records: count } of this.#rules.values()) {
      if (count > 0) records.set(shown, (records.get(shown) ?? 0) + count);
    }
    return { records: Object.fromEntries(records), unparsed: this.#unparsed, lost: this.#lost };
  }

  #callOf({ call }: Probe): number {
    let id = this.#calls.get(call);
    if (id === undefined) {
      id = this.#calls.size;
      this.#calls.set(call, id);
    }
    return id;
  }

  /** The entry of a call that has not returned. */
  #entry(rule: MappingRule, record: TraceRecord, fields: FieldReader): void {
    const stack = this.#threads.of(record.tid, record.cpu);
    const { inVfio } = stack;
    const open = stack.push(rule.call, record.cpu, rule.vfio);
    const { row } = open;
    this.#project(row, rule, record, fields, inVfio);
    row.set(CELL.phase, this.#begin);
    open.seq = this.#events.append(row);
  }

  /** A record that is a complete event: a point, or a call with its result. */
  #appendComplete(rule: MappingRule, record: TraceRecord, fields: FieldReader): void {
    const stack = this.#threads.of(record.tid, record.cpu);
    const { inVfio } = stack;
    const row = this.#row;
    this.#project(row, rule, record, fields, inVfio);
    row.set(CELL.phase, this.#point);
    if (rule.message >= 0) this.#message(row, fields, rule.message);
    this.#result(row, rule, fields);
    if (inVfio) this.#give(stack, row);
    this.#events.append(row);
  }

  /** What the kernel's message says, as in its log. */
  #message(row: EventRow, fields: FieldReader, field: number): void {
    if (!fields.has(field)) return;
    const fact = this.#texts.next(row, fields.text(field).replace(CONSOLE_TIME, '').trimEnd());
    if (fact.kind === 'lost') this.#lost += Number(fact.value ?? 1);
  }

  /** Hands a read of the hardware to the user's reads that it was made for. */
  #give(stack: CallStack, read: EventRow): void {
    if (read.cells[CELL.kind] !== this.#configRead || read.cells[CELL.ret] !== 0) return;
    for (const { vfio, given, row } of stack.open()) {
      if (vfio && row.cells[CELL.device] === read.cells[CELL.device]) given.add(row, read);
    }
  }

  /**
   * The value of a user's read: the content of the buffer, or what the hardware returned for it.
   */
  #given(row: EventRow, open: OpenCall, rule: MappingRule, fields: FieldReader): void {
    const { cells } = row;
    const kind = cells[CELL.kind];
    if (kind !== this.#configRead && kind !== this.#regionRead) return;
    const isAll =
      row.has(CELL.ret) && row.has(CELL.length) && cells[CELL.ret] === cells[CELL.length];
    if (!isAll || cells[CELL.ret + 1] !== 0 || cells[CELL.length + 1] !== 0) return;
    const length = cells[CELL.length];
    if (length < 1 || length > 4) return;
    if (rule.given >= 0 && fields.number(rule.given)) {
      row.setWords(CELL.value, lowBytes(fields.low, length), 0);
    } else if (kind === this.#configRead) open.given.setValue(row);
  }

  #value(rule: MappingRule, record: TraceRecord, fields: FieldReader): void {
    const open = this.#threads.of(record.tid, record.cpu).find(rule.call);
    if (open === null) this.#appendUnpairedEnd(rule, record, fields);
    else if (fields.number(rule.value)) {
      open.row.setWords(CELL.value, fields.low, fields.high);
      open.valueSeen = true;
    }
  }

  /** A value or return whose entry was lost, or came before the recording began. */
  #appendUnpairedEnd(rule: MappingRule, record: TraceRecord, fields: FieldReader): void {
    const row = this.#row;
    row.copy(rule.constants);
    row.set(CELL.phase, this.#end);
    setOrigin(row, record);
    if (rule.role === 'value' && fields.number(rule.value)) {
      row.setWords(CELL.value, fields.low, fields.high);
    }
    this.#result(row, rule, fields);
    this.#events.append(row);
  }

  #return(rule: MappingRule, record: TraceRecord, fields: FieldReader): void {
    const stack = this.#threads.of(record.tid, record.cpu);
    const open = stack.pop(rule.call);
    if (open === null) {
      this.#appendUnpairedEnd(rule, record, fields);
      return;
    }
    const { row } = open;
    row.set(CELL.phase, this.#end);
    setOrigin(row, record);
    row.setNumber(CELL.span, open.seq);
    this.#result(row, rule, fields);
    if (open.vfio) this.#given(row, open, rule, fields);
    else if (stack.inVfio) this.#give(stack, row);
    rule.answer?.(row, fields);
    this.#events.append(row);
  }

  #result(row: EventRow, rule: MappingRule, fields: FieldReader): void {
    if (rule.ret >= 0 && fields.number(rule.ret)) row.setWords(CELL.ret, fields.low, fields.high);
  }

  /** Opens an event that no rule makes. */
  #startEvent(kind: Kind, record: TraceRecord | undefined): void {
    const row = this.#row;
    row.start(this.#events.kind(kind), this.#point);
    if (record === undefined) this.#events.timeOfLast(row);
    else setOrigin(row, record);
  }

  /** Fills all columns that an entry record provides. */
  #project(
    row: EventRow,
    rule: MappingRule,
    record: TraceRecord,
    fields: FieldReader,
    inVfio: boolean,
  ): void {
    const { constants, steps } = rule.projectionOf(fields, inVfio);
    row.copy(constants);
    setOrigin(row, record);
    for (const step of steps) step(row, fields);
  }
}

/** The text of a loss of unknown number. */
const UNKNOWN_LOSS = 'unknown number';

/** The columns that say where a record comes from. */
const ORIGIN = [CELL.cpu, CELL.tid, CELL.pid, CELL.task] as const;
const ORIGIN_BITS = ORIGIN.reduce((bits, cell) => bits | (1 << cell), 0);

/** Sets all of them together: separate calls would each wait for the one before. */
function setOrigin(row: EventRow, { tsLow, tsHigh, cpu, tid, tgid, task }: TraceRecord): void {
  row.timeWords(tsLow, tsHigh);
  const { cells } = row;
  cells[CELL.cpu] = cpu;
  cells[CELL.tid] = tid;
  cells[CELL.pid] = tgid;
  cells[CELL.task] = task;
  let present = row.present | ORIGIN_BITS;
  if (cpu < 0) present &= ~(1 << CELL.cpu);
  if (tid < 0) present &= ~(1 << CELL.tid);
  if (tgid < 0) present &= ~(1 << CELL.pid);
  if (task < 0) present &= ~(1 << CELL.task);
  row.present = present;
}

/** An event that the catalogue lacks: its records become `log` events with their text. */
const unknownProbe = (event: string): Probe => ({
  event,
  group: 'log',
  role: 'point',
  call: event,
  kind: 'log',
  name: event,
  columns: {},
  raw: true,
  site: { type: 'tracepoint', system: '', event },
});
