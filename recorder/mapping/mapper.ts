import {
  CELL,
  type EventAppender,
  EventRow,
  formatBdf,
  type Kind,
  parseBdf,
} from '../../traces/index.js';
import { findProbe, type Probe } from '../catalogue/index.js';
import { vfioIoctlName } from '../vfio-ioctls.js';
import { ThreadCalls } from './calls.js';
import type { FieldReader, TraceRecord } from './record.js';
import { compileRule, type Rule } from './rule.js';
import { syscallProbe } from './syscalls.js';

/** Bits of a VFIO file position below the region index (include/linux/vfio_pci_core.h). */
const POSITION_SHIFT = 40;
const POSITION_HIGH_BITS = POSITION_SHIFT - 32;
/** The region of a position: its bits 40 and up; a position beyond region 32767 is nobody's. */
const REGION_MAX = 0x7fff;
const DEVFN_COUNT = 1 << 16;
/** Bytes of the user buffer that an access's `written` field holds. */
const WRITTEN_BYTES = 4;

/** What became of the records of one input. */
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
  readonly #rules = new Map<string, Rule>();
  readonly #calls = new Map<string, number>();
  readonly #threads = new ThreadCalls();
  /** For events that no call keeps. */
  readonly #row = new EventRow();
  readonly #deviceOfDevfn = new Int32Array(DEVFN_COUNT).fill(-1);
  readonly #data = Buffer.alloc(64);
  readonly #pathHardware: number;
  readonly #pathSysfs: number;
  readonly #begin: number;
  readonly #end: number;
  readonly #point: number;
  #unparsed = 0;
  #lost = 0;

  constructor(events: EventAppender) {
    this.#events = events;
    this.#pathHardware = events.dictionaries.path.id('hardware');
    this.#pathSysfs = events.dictionaries.path.id('sysfs');
    this.#begin = events.phase('begin');
    this.#end = events.phase('end');
    this.#point = events.phase('point');
  }

  /**
   * The rule for a trace event; one that makes `log` events when the catalogue lacks it.
   * @param shown name to count its records by, when the input shows another than `event`
   */
  rule(event: string, shown = event): Rule {
    const key = `${event}\0${shown}`;
    let rule = this.#rules.get(key);
    if (rule === undefined) {
      const probe = findProbe(event) ?? syscallProbe(event) ?? unknownProbe(event);
      rule = compileRule(probe, this.#callOf(probe), shown, this.#events);
      this.#rules.set(key, rule);
    }
    return rule;
  }

  /** Maps one record; what it needs of `record` and `fields` is copied. */
  record(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    rule.records++;
    const { role } = rule;
    if (role === 'value') this.#value(rule, record, fields);
    else if (role === 'return') this.#return(rule, record, fields);
    else if (role === 'point') this.#whole(rule, record, fields);
    else if (rule.ret >= 0 && fields.has(rule.ret)) this.#whole(rule, record, fields);
    else this.#entry(rule, record, fields);
  }

  /** A piece of the input that was not understood: it is kept as a `log` event, and counted. */
  unparsed(text: string, record?: TraceRecord): void {
    this.#unparsed++;
    this.#open('log', record);
    this.#events.text(text);
    this.#events.append(this.#row);
  }

  /** The source says that it lost `count` events on a CPU, between the last event and the next. */
  lost(cpu: number, count: number, record?: TraceRecord): void {
    this.#lost += count;
    this.#threads.forget(cpu);
    this.#open('lost', record);
    if (record === undefined && cpu >= 0) this.#row.set(CELL.cpu, cpu);
    this.#row.setNumber(CELL.value, count);
    this.#events.append(this.#row);
  }

  /** Ends the input: a value whose return never came is told by an end without a result. */
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
  #entry(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    const stack = this.#threads.of(record.tid, record.cpu);
    const { inVfio } = stack;
    const open = stack.push(rule.call, record.cpu, rule.vfio);
    const { row } = open;
    this.#fill(row, rule, record, fields, inVfio);
    row.set(CELL.phase, this.#begin);
    open.seq = this.#events.append(row);
  }

  /** A record that tells all of its event: a point, or a call with its result. */
  #whole(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    const { inVfio } = this.#threads.of(record.tid, record.cpu);
    const row = this.#row;
    this.#fill(row, rule, record, fields, inVfio);
    row.set(CELL.phase, this.#point);
    this.#result(row, rule, fields);
    this.#events.append(row);
  }

  #value(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    const open = this.#threads.of(record.tid, record.cpu).find(rule.call);
    if (open === null) this.#orphan(rule, record, fields);
    else if (fields.number(rule.value)) {
      open.row.setWords(CELL.value, fields.low, fields.high);
      open.valueSeen = true;
    }
  }

  /** A value or return whose entry was lost, or came before the recording began. */
  #orphan(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    const row = this.#row;
    row.copy(rule.read);
    row.set(CELL.phase, this.#end);
    setOrigin(row, record);
    if (rule.role === 'value' && fields.number(rule.value)) {
      row.setWords(CELL.value, fields.low, fields.high);
    }
    this.#result(row, rule, fields);
    this.#events.append(row);
  }

  #return(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    const open = this.#threads.of(record.tid, record.cpu).pop(rule.call);
    if (open === null) {
      this.#orphan(rule, record, fields);
      return;
    }
    const { row } = open;
    row.set(CELL.phase, this.#end);
    setOrigin(row, record);
    row.setNumber(CELL.span, open.seq);
    this.#result(row, rule, fields);
    this.#events.append(row);
  }

  #result(row: EventRow, rule: Rule, fields: FieldReader): void {
    if (rule.ret >= 0 && fields.number(rule.ret)) row.setWords(CELL.ret, fields.low, fields.high);
  }

  /** Opens an event that no rule makes. */
  #open(kind: Kind, record: TraceRecord | undefined): void {
    const row = this.#row;
    row.clear();
    row.set(CELL.kind, this.#events.kind(kind));
    row.set(CELL.phase, this.#point);
    if (record === undefined) this.#events.timeOfLast(row);
    else setOrigin(row, record);
  }

  /** Everything that an entry tells. */
  #fill(
    row: EventRow,
    rule: Rule,
    record: TraceRecord,
    fields: FieldReader,
    inVfio: boolean,
  ): void {
    const writes = rule.write >= 0 && fields.number(rule.write) && fields.low !== 0;
    row.copy(writes ? rule.written : rule.read);
    setOrigin(row, record);
    if (rule.pathByNesting) row.set(CELL.path, inVfio ? this.#pathHardware : this.#pathSysfs);
    const device = this.device(rule, fields);
    if (device >= 0) row.set(CELL.device, device);
    if (rule.driver >= 0) {
      const driver = fields.intern(rule.driver, this.#events.dictionaries.driver);
      if (driver >= 0) row.set(CELL.driver, driver);
    }
    if (rule.region >= 0 && fields.number(rule.region)) row.set(CELL.region, fields.low);
    for (const { field, cell } of rule.numbers) {
      if (fields.number(field)) row.setWords(cell, fields.low, fields.high);
    }
    if (rule.position >= 0) this.#position(row, rule, fields);
    if (rule.ioctl >= 0) this.#ioctl(row, rule, fields);
    if (writes && rule.userBytes >= 0) this.#userBytes(row, rule, fields);
    if (rule.data.length > 0) this.#words(rule, fields);
    if (rule.text >= 0 && fields.has(rule.text)) this.#events.text(fields.text(rule.text));
    else if (rule.raw) this.#events.text(fields.raw());
  }

  /** Dictionary id of the device that a record is of, or -1 when it tells none. */
  device(rule: Rule, fields: FieldReader): number {
    const { device } = this.#events.dictionaries;
    if (rule.device >= 0) return fields.intern(rule.device, device);
    if (rule.bus >= 0) {
      if (!fields.number(rule.bus)) return -1;
      // Records of bus accesses do not tell the domain; it is 0 on all but very large machines.
      const bus = fields.low & 0xff;
      if (!fields.number(rule.devfn)) return -1;
      const devfn = fields.low & 0xff;
      const key = (bus << 8) | devfn;
      if (this.#deviceOfDevfn[key] < 0) {
        this.#deviceOfDevfn[key] = device.id(formatBdf(0, bus, devfn));
      }
      return this.#deviceOfDevfn[key];
    }
    if (rule.deviceBuffer < 0 || !fields.has(rule.deviceBuffer)) return -1;
    const bdf = parseBdf(fields.text(rule.deviceBuffer).trim());
    return bdf === null ? -1 : device.id(bdf);
  }

  #position(row: EventRow, rule: Rule, fields: FieldReader): void {
    if (!fields.number(rule.position)) return;
    const region = fields.high >>> POSITION_HIGH_BITS;
    if (region > REGION_MAX) return;
    row.set(CELL.region, region);
    row.setWords(CELL.offset, fields.low, fields.high & ((1 << POSITION_HIGH_BITS) - 1));
  }

  #ioctl(row: EventRow, rule: Rule, fields: FieldReader): void {
    if (!fields.number(rule.ioctl)) return;
    const command = fields.low;
    let name = rule.ioctlNames.get(command);
    if (name === undefined) {
      const file = rule.probe.columns.ioctl?.file;
      const text = vfioIoctlName(command, file) ?? `0x${command.toString(16)}`;
      name = this.#events.dictionaries.name.id(text);
      rule.ioctlNames.set(command, name);
    }
    row.set(CELL.name, name);
    row.setNumber(CELL.value, command);
  }

  /** What a user writes: the value of a short access; of a longer one, its first bytes are data. */
  #userBytes(row: EventRow, rule: Rule, fields: FieldReader): void {
    if (!fields.number(rule.userBytes)) return;
    const bytes = row.has(CELL.length) ? row.cells[CELL.length] : 0;
    const isShort = bytes >= 0 && bytes <= WRITTEN_BYTES && row.cells[CELL.length + 1] === 0;
    if (isShort) {
      row.setWords(CELL.value, lowBytes(fields.low, bytes), 0);
    } else {
      this.#data.writeUInt32LE(fields.low >>> 0, 0);
      this.#events.data(this.#data.subarray(0, WRITTEN_BYTES));
    }
  }

  /** Fields that the kernel could not read end the data: what follows them has no known place. */
  #words(rule: Rule, fields: FieldReader): void {
    let length = 0;
    for (const [field, bytes] of rule.data) {
      if (!fields.number(field)) break;
      this.#data.writeUInt32LE(fields.low >>> 0, length);
      if (bytes === 8) this.#data.writeUInt32LE(fields.high >>> 0, length + 4);
      length += bytes;
    }
    if (length > 0) this.#events.data(this.#data.subarray(0, length));
  }
}

/** The columns that say where a record comes from. */
const ORIGIN = [CELL.cpu, CELL.tid, CELL.pid, CELL.task] as const;
const ORIGIN_BITS = ORIGIN.reduce((bits, cell) => bits | (1 << cell), 0);

/** Sets all of them at once: one after the other, each would wait for the one before. */
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

/** The lowest `bytes` bytes of a word. */
const lowBytes = (word: number, bytes: number) =>
  bytes >= 4 ? word : word & ((1 << (bytes * 8)) - 1);

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
