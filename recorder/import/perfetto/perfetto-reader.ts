import type { EventAppender } from '../../../traces/index.js';
import { RecordMapper } from '../../mapping/record-mapper.js';
import type { TraceRecord } from '../../mapping/trace-record.js';
import { emptyRecord } from '../ftrace/record-time.js';
import type { ImportReport } from '../importer.js';
import type { Input } from '../input-stream.js';
import { TimeOrder } from '../time-order.js';
import { Descriptors } from './event-descriptors.js';
import { EventFields } from './event-fields.js';
import {
  BUNDLE,
  COUNTED,
  DESCRIBED_MIN,
  EVENT,
  GENERIC,
  KPROBE,
  NAMING,
  PACKET,
  PACKET_NAMES,
  PACKET_PROPERTIES,
  SYS_ENTER,
  SYS_EXIT,
  TYPED,
  type TypedEvent,
} from './field-numbers.js';
import { Packets } from './packets.js';
import { Losses } from './perfetto-losses.js';
import { Threads } from './threads.js';
import { Wire } from './wire.js';

const SYSCALLS: Readonly<Record<number, TypedEvent>> = {
  [SYS_ENTER]: { name: 'sys_enter', fields: { 1: 'id', 2: 'args' } },
  [SYS_EXIT]: { name: 'sys_exit', fields: { 1: 'id', 2: 'ret' } },
};
/** KprobeEvent.KprobeType: what Perfetto's own probes at a return are. */
const KPROBE_END = 2;

/** Reads a trace of Perfetto. Events of all CPUs are put in the order of their times. */
export class PerfettoReader {
  readonly #packets: Packets;
  readonly #mapper: RecordMapper;
  readonly #fields = new EventFields();
  readonly #record: TraceRecord = emptyRecord();
  readonly #descriptors = new Descriptors();
  readonly #threads: Threads;
  readonly #losses: Losses;
  readonly #order = new TimeOrder((view, start, end, cpu) => this.#event(view, start, end, cpu));
  readonly #counted = new Map<string, number>();

  constructor(input: Input, events: EventAppender) {
    this.#packets = new Packets(input);
    this.#mapper = new RecordMapper(events, 'perfetto');
    this.#threads = new Threads(events.dictionaries.task);
    this.#losses = new Losses(this.#mapper);
  }

  read(): ImportReport {
    for (const packet of this.#packets.all()) this.#packet(packet);
    this.#order.end();
    this.#losses.end();
    this.#mapper.finish();
    const report = this.#mapper.report();
    const records = { ...report.records, ...Object.fromEntries(this.#counted) };
    const { stopped } = this.#packets;
    return { ...report, records, ...(stopped !== null && { stopped }) };
  }

  #packet(packet: Wire): void {
    let [sequence, dropped, what] = [0, false, ''];
    while (packet.next()) {
      const { field } = packet;
      if (field === PACKET.sequence) sequence = packet.number;
      else if (field === PACKET.dropped) dropped = packet.number !== 0;
      else if (PACKET_PROPERTIES.has(field)) continue;
      else if (field === PACKET.ftraceEvents) what = this.#bundle(packet.message());
      else if (field === PACKET.processTree) this.#threads.tree(packet.message());
      else if (field === PACKET.ftraceStats) this.#losses.stats(packet.message());
      else if (field !== PACKET.clockSnapshot && field !== PACKET.systemInfo)
        this.#count(PACKET_NAMES[field] ?? `packet ${field}`);
    }
    if (packet.isDamaged) this.#mapper.unparsed('a packet that is damaged');
    this.#losses.sequence(sequence, dropped, what !== '');
  }

  #bundle(bundle: Wire): 'ftrace' {
    let cpu = 0;
    const { bytes } = bundle;
    const events: number[] = [];
    let [isLost, errors] = [false, 0];
    while (bundle.next()) {
      const { field } = bundle;
      if (field === BUNDLE.cpu) cpu = bundle.int;
      else if (field === BUNDLE.event && bundle.isBytes) events.push(bundle.start, bundle.end);
      else if (field === BUNDLE.lostEvents) isLost = bundle.low !== 0;
      else if (field === BUNDLE.error) errors++;
      else if (field === BUNDLE.compactSched) this.#compact(bundle.message());
      else if (field === BUNDLE.descriptor) this.#descriptors.add(bundle.message());
    }
    if (bundle.isDamaged) this.#mapper.unparsed('a bundle of events that is damaged');
    if (isLost || errors > 0) this.#losses.bundle(cpu, errors);
    for (let i = 0; i < events.length; i += 2) this.#add(bytes, events[i], events[i + 1], cpu);
    return 'ftrace';
  }

  #add(bytes: Buffer, start: number, end: number, cpu: number): void {
    const event = new Wire(bytes, start, end);
    while (event.next()) {
      if (event.field !== EVENT.timestamp) continue;
      this.#order.add(bytes.subarray(start, end), event.low, event.high, cpu);
      return;
    }
    this.#mapper.unparsed('an event of ftrace without a time');
  }

  /** Switches and wakeups in columns: as many as there are times, which end at bit 7 being 0. */
  #compact(sched: Wire): void {
    while (sched.next()) {
      const name = { 1: 'sched_switch', 7: 'sched_waking' }[sched.field];
      if (name === undefined || !sched.isBytes) continue;
      let count = 0;
      for (let at = sched.start; at < sched.end; at++) if (sched.bytes[at] < 0x80) count++;
      if (count > 0) this.#count(name, count);
    }
  }

  #count(name: string, count = 1): void {
    this.#counted.set(name, (this.#counted.get(name) ?? 0) + count);
  }

  /** An event whose turn has come. */
  #event(view: DataView, start: number, end: number, cpu: number): void {
    const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    const event = new Wire(bytes, start, end);
    const record = this.#record;
    record.cpu = cpu;
    record.tid = record.tgid = record.task = -1;
    let payload: Wire | null = null;
    let id = 0;
    while (event.next()) {
      const { field } = event;
      if (field === EVENT.timestamp) [record.tsLow, record.tsHigh] = [event.low, event.high];
      else if (field === EVENT.pid) record.tid = event.int;
      else if (event.isBytes) [id, payload] = [field, event.message()];
    }
    if (payload === null) {
      this.#mapper.unparsed('an event of ftrace that is of no kind', record);
      return;
    }
    record.task = this.#threads.task(record.tid);
    record.tgid = this.#threads.tgid(record.tid);
    this.#payload(id, payload);
  }

  #payload(id: number, payload: Wire): void {
    const known = TYPED[id] ?? SYSCALLS[id] ?? this.#descriptors.get(id);
    this.#fields.begin(id);
    if (id === GENERIC) this.#map(genericName(payload), () => this.#fields.generic(payload));
    else if (id === KPROBE) this.#map(kprobeName(payload), () => undefined);
    else if (known !== undefined) this.#map(known.name, () => this.#fields.typed(payload, known));
    else if (id >= DESCRIBED_MIN) this.#map(`event ${id}`, () => undefined);
    else {
      for (const [tid, name] of NAMING[id] ?? []) this.#threads.named(payload.copy(), tid, name);
      this.#count(COUNTED[id] ?? `ftrace event ${id}`);
    }
  }

  #map(name: string, read: () => void): void {
    if (name === '') {
      this.#mapper.unparsed('an event of ftrace without a name', this.#record);
      return;
    }
    read();
    const rule = this.#mapper.rule(name);
    this.#fields.use(rule);
    this.#mapper.record(rule, this.#record, this.#fields);
  }
}

function genericName(payload: Wire): string {
  const event = payload.copy();
  while (event.next()) if (event.field === 1) return event.text();
  return '';
}

/** Perfetto's own probes have no arguments; at a return they are called as vfr calls its own. */
function kprobeName(payload: Wire): string {
  let [name, type] = ['', 0];
  while (payload.next()) {
    if (payload.field === 1) name = payload.text();
    else if (payload.field === 2) type = payload.number;
  }
  return type === KPROBE_END && name !== '' ? `${name}_ret` : name;
}
