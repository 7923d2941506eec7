import { type EventAppender, formatBdf, type Phase, parseBdf } from '../../traces/index.js';
import { findProbe, type Probe } from '../catalogue/index.js';
import { vfioIoctlName } from '../vfio-ioctls.js';
import { type OpenCall, ThreadCalls } from './calls.js';
import { Draft } from './draft.js';
import type { FieldReader, TraceRecord } from './record.js';
import { compileRule, type NumberSlot, PATH_BY_NESTING, type Rule } from './rule.js';
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
  readonly #draft = new Draft();
  readonly #deviceOfDevfn = new Int32Array(DEVFN_COUNT).fill(-1);
  readonly #data = Buffer.alloc(64);
  readonly #pathHardware: number;
  readonly #pathSysfs: number;
  readonly #kindLog: number;
  #unparsed = 0;
  #lost = 0;

  constructor(events: EventAppender) {
    this.#events = events;
    this.#pathHardware = events.dictionaries.path.id('hardware');
    this.#pathSysfs = events.dictionaries.path.id('sysfs');
    this.#kindLog = events.kind('log');
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
    const { role } = rule.probe;
    if (role === 'value') this.#value(rule, record, fields);
    else if (role === 'return') this.#return(rule, record, fields);
    else if (role === 'point') this.#entry(rule, record, fields, 'point');
    else if (rule.ret >= 0 && fields.has(rule.ret)) this.#entry(rule, record, fields, 'point');
    else this.#entry(rule, record, fields, 'begin');
  }

  /** A piece of the input that was not understood: it is kept as a `log` event, and counted. */
  unparsed(text: string, record?: TraceRecord): void {
    this.#unparsed++;
    this.#events.begin(this.#kindLog, 'point');
    this.#origin(record);
    this.#events.text(text);
    this.#events.commit();
  }

  /** The source says that it lost `count` events on a CPU, between the last event and the next. */
  lost(cpu: number, count: number, record?: TraceRecord): void {
    this.#lost += count;
    this.#threads.forget(cpu);
    this.#events.begin(this.#events.kind('lost'), 'point');
    this.#origin(record);
    if (record === undefined && cpu >= 0) this.#events.int('cpu', cpu);
    this.#events.word('value', count);
    this.#events.commit();
  }

  /** Ends the input: a value whose return never came is told by an end without a result. */
  finish(): void {
    for (const open of this.#threads.open()) {
      if (!open.valueSeen) continue;
      open.draft.begin(this.#events, 'end');
      this.#origin(undefined);
      this.#events.word('span', open.seq);
      this.#events.commit();
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

  #entry(rule: Rule, record: TraceRecord, fields: FieldReader, phase: Phase): void {
    const stack = this.#threads.of(record.tid, record.cpu);
    const draft = this.#draft;
    const writes = rule.write >= 0 && fields.has(rule.write) && fields.low(rule.write) !== 0;
    this.#fill(draft, rule, fields, writes);
    if (rule.path === PATH_BY_NESTING) {
      draft.path = stack.inVfio ? this.#pathHardware : this.#pathSysfs;
    }
    draft.begin(this.#events, phase);
    this.#origin(record);
    this.#payload(rule, fields, writes);
    if (phase === 'point' && rule.ret >= 0) {
      this.#events.words('ret', fields.low(rule.ret), fields.high(rule.ret));
    }
    const seq = this.#events.commit();
    if (phase === 'begin') {
      stack.push(rule.call, seq, record.cpu, rule.probe.vfio === true).draft.copy(draft);
    }
  }

  #value(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    const open = this.#threads.of(record.tid, record.cpu).find(rule.call);
    const { field } = rule.value;
    if (open === null) {
      this.#orphan(rule, record, field, fields);
      return;
    }
    if (!fields.has(field)) return;
    open.draft.hasValue = true;
    open.draft.valueLow = fields.low(field);
    open.draft.valueHigh = fields.high(field);
    open.valueSeen = true;
  }

  /** A value or return whose entry was lost, or came before the recording began. */
  #orphan(rule: Rule, record: TraceRecord, valueField: number, fields: FieldReader): void {
    const draft = this.#draft;
    draft.clear();
    draft.kind = rule.kindRead;
    draft.name = rule.name;
    if (rule.path >= 0) draft.path = rule.path;
    draft.begin(this.#events, 'end');
    this.#origin(record);
    if (valueField >= 0 && fields.has(valueField)) {
      this.#events.words('value', fields.low(valueField), fields.high(valueField));
    }
    this.#result(rule, fields);
    this.#events.commit();
  }

  #return(rule: Rule, record: TraceRecord, fields: FieldReader): void {
    const open: OpenCall | null = this.#threads.of(record.tid, record.cpu).pop(rule.call);
    if (open === null) {
      this.#orphan(rule, record, -1, fields);
      return;
    }
    open.draft.begin(this.#events, 'end');
    this.#origin(record);
    this.#events.word('span', open.seq);
    this.#result(rule, fields);
    this.#events.commit();
  }

  #result(rule: Rule, fields: FieldReader): void {
    if (rule.ret >= 0 && fields.has(rule.ret)) {
      this.#events.words('ret', fields.low(rule.ret), fields.high(rule.ret));
    }
  }

  #origin(record: TraceRecord | undefined): void {
    if (record === undefined) {
      this.#events.timeOfLast();
      return;
    }
    this.#events.timeWords(record.tsLow, record.tsHigh);
    if (record.cpu >= 0) this.#events.int('cpu', record.cpu);
    if (record.tid >= 0) this.#events.int('tid', record.tid);
    if (record.tgid >= 0) this.#events.int('pid', record.tgid);
    if (record.task >= 0) this.#events.dict('task', record.task);
  }

  #fill(draft: Draft, rule: Rule, fields: FieldReader, writes: boolean): void {
    draft.clear();
    draft.kind = writes ? rule.kindWrite : rule.kindRead;
    draft.name = rule.name;
    if (rule.path >= 0) draft.path = rule.path;
    draft.device = this.device(rule, fields);
    draft.driver = rule.driverConstant;
    if (rule.driver >= 0 && fields.has(rule.driver)) {
      draft.driver = fields.intern(rule.driver, this.#events.dictionaries.driver);
    }
    if (has(rule.region, fields)) draft.region = low(rule.region, fields);
    draft.hasOffset = has(rule.offset, fields);
    draft.offsetLow = low(rule.offset, fields);
    draft.offsetHigh = high(rule.offset, fields);
    draft.hasLength = has(rule.length, fields);
    draft.lengthLow = low(rule.length, fields);
    draft.lengthHigh = high(rule.length, fields);
    draft.hasValue = has(rule.value, fields);
    draft.valueLow = low(rule.value, fields);
    draft.valueHigh = high(rule.value, fields);
    if (rule.position >= 0 && fields.has(rule.position)) this.#position(draft, rule, fields);
    if (rule.ioctl >= 0 && fields.has(rule.ioctl)) this.#ioctl(draft, rule, fields.low(rule.ioctl));
    if (writes && rule.written >= 0 && draft.lengthHigh === 0 && draft.lengthLow <= WRITTEN_BYTES) {
      draft.hasValue = fields.has(rule.written);
      draft.valueLow = draft.hasValue ? lowBytes(fields.low(rule.written), draft.lengthLow) : 0;
      draft.valueHigh = 0;
    }
  }

  /** Dictionary id of the device that a record is of, or -1 when it tells none. */
  device(rule: Rule, fields: FieldReader): number {
    const { device } = this.#events.dictionaries;
    if (rule.device >= 0) return fields.has(rule.device) ? fields.intern(rule.device, device) : -1;
    if (rule.bus >= 0) {
      if (!fields.has(rule.bus) || !fields.has(rule.devfn)) return -1;
      // Records of bus accesses do not tell the domain; it is 0 on all but very large machines.
      const bus = fields.low(rule.bus) & 0xff;
      const devfn = fields.low(rule.devfn) & 0xff;
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

  #position(draft: Draft, rule: Rule, fields: FieldReader): void {
    const upper = fields.high(rule.position);
    const region = upper >>> POSITION_HIGH_BITS;
    if (region > REGION_MAX) return;
    draft.region = region;
    draft.hasOffset = true;
    draft.offsetLow = fields.low(rule.position);
    draft.offsetHigh = upper & ((1 << POSITION_HIGH_BITS) - 1);
  }

  #ioctl(draft: Draft, rule: Rule, command: number): void {
    let name = rule.ioctlNames.get(command);
    if (name === undefined) {
      const file = rule.probe.columns.ioctl?.file;
      const text = vfioIoctlName(command, file) ?? `0x${command.toString(16)}`;
      name = this.#events.dictionaries.name.id(text);
      rule.ioctlNames.set(command, name);
    }
    draft.name = name;
    draft.hasValue = true;
    draft.valueLow = command;
    draft.valueHigh = 0;
  }

  /** Text and data, which belong to the begin alone. */
  #payload(rule: Rule, fields: FieldReader, writes: boolean): void {
    if (rule.data.length > 0) this.#words(rule, fields);
    else if (writes && rule.written >= 0 && !this.#draft.hasValue && fields.has(rule.written)) {
      this.#data.writeUInt32LE(fields.low(rule.written) >>> 0, 0);
      this.#events.data(this.#data.subarray(0, WRITTEN_BYTES));
    }
    if (rule.text >= 0 && fields.has(rule.text)) this.#events.text(fields.text(rule.text));
    else if (rule.raw) this.#events.text(fields.raw());
  }

  /** Fields that the kernel could not read end the data: what follows them has no known place. */
  #words(rule: Rule, fields: FieldReader): void {
    let length = 0;
    for (const [field, bytes] of rule.data) {
      if (!fields.has(field)) break;
      this.#data.writeUInt32LE(fields.low(field) >>> 0, length);
      if (bytes === 8) this.#data.writeUInt32LE(fields.high(field) >>> 0, length + 4);
      length += bytes;
    }
    if (length > 0) this.#events.data(this.#data.subarray(0, length));
  }
}

const has = (slot: NumberSlot, fields: FieldReader) =>
  slot.constant !== null || (slot.field >= 0 && fields.has(slot.field));

const low = (slot: NumberSlot, fields: FieldReader) =>
  slot.constant ?? (slot.field >= 0 && fields.has(slot.field) ? fields.low(slot.field) : 0);

const high = (slot: NumberSlot, fields: FieldReader) =>
  slot.constant === null && slot.field >= 0 && fields.has(slot.field) ? fields.high(slot.field) : 0;

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
