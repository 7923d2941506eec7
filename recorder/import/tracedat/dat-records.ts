import type { EventAppender, Source } from '../../../traces/index.js';
import type { MappingRule } from '../../mapping/projection.js';
import { RecordMapper } from '../../mapping/record-mapper.js';
import type { TraceRecord } from '../../mapping/trace-record.js';
import {
  type BoundFields,
  bindFields,
  type EventFormat,
  type Field,
  fieldOf,
  type Payload,
  parsePageFormat,
} from '../../ring-buffer/index.js';
import { emptyRecord } from '../ftrace/record-time.js';
import type { ImportReport } from '../importer.js';
import type { Layout } from './binary-printf.js';
import { UNKNOWN } from './cpu-stream.js';
import { DatFields } from './dat-fields.js';
import { KernelSymbols, parsePrintkFormats } from './kernel-symbols.js';
import type { TraceFile } from './trace-file.js';

/** The function tracers' records: counted, as in their text, and no events. */
const FUNCTIONS = new Set(['function', 'funcgraph_entry', 'funcgraph_exit']);
const IDLE = '<idle>';

/** An event of the file, and how its records are handled. */
interface Handler {
  readonly format: EventFormat;
  readonly rule: MappingRule | null;
  readonly fields: BoundFields;
  readonly tid: Field | undefined;
  skipped: number;
}

/** A record where it was found; the next one found overwrites it. */
export interface FoundRecord {
  /** The record, with its common fields. */
  readonly cursor: Payload & { readonly eventId: number };
  readonly cpu: number;
  /** Thread group, if known. */
  readonly tgid?: number;
  readonly timeLow: number;
  readonly timeHigh: number;
  /** Events lost before the record: a number, or `UNKNOWN`. */
  missed: number;
  /** All that were lost so far. */
  lost: number;
}

/** What must be known of a recording to read its records. */
export type RecordContext = Pick<
  TraceFile,
  | 'source'
  | 'littleEndian'
  | 'headerPage'
  | 'formats'
  | 'kallsyms'
  | 'printkFormats'
  | 'commandLines'
  | 'stats'
>;

/** Turns records of the ring buffer that a file holds into events. */
export class DatRecords {
  readonly #mapper: RecordMapper;
  readonly #fields: DatFields;
  readonly #handlers: (Handler | undefined)[] = [];
  readonly #tasks = new Map<number, number>();
  #lastTid = -1;
  #lastTask = -1;
  readonly #littleEndian: boolean;
  readonly #record: TraceRecord = emptyRecord();
  readonly #lostByStats: ReadonlyMap<number, number | null>;

  constructor(
    file: RecordContext,
    private readonly events: EventAppender,
    source: Source,
  ) {
    this.#mapper = new RecordMapper(events, source);
    this.#littleEndian = file.littleEndian;
    const symbols = new KernelSymbols(file.kallsyms);
    const strings = parsePrintkFormats(file.printkFormats);
    this.#fields = new DatFields(layoutOf(file), symbols, strings);
    for (const format of file.formats) this.#handlers[format.id] = this.#handler(format);
    const { task } = events.dictionaries;
    for (const [tid, comm] of file.commandLines) {
      if (comm !== '<...>') this.#tasks.set(tid, task.id(comm));
    }
    this.#tasks.set(0, task.id(IDLE));
    this.#lostByStats = new Map(file.stats.map(({ cpu, lost }) => [cpu, lost]));
  }

  /** Handles the record under the cursor, after the loss before it, if any. */
  handle(stream: FoundRecord): void {
    const { cursor } = stream;
    const record = this.#record;
    record.cpu = stream.cpu;
    record.tsLow = stream.timeLow;
    record.tsHigh = stream.timeHigh;
    record.tid = record.task = -1;
    record.tgid = stream.tgid ?? -1;
    if (stream.missed !== 0) this.#lost(stream, record);
    const handler = this.#handlers[cursor.eventId];
    if (handler === undefined) {
      this.#mapper.unparsed(`event ${cursor.eventId}, whose format the file lacks`, record);
      return;
    }
    const { tid, rule } = handler;
    if (rule === null) {
      handler.skipped++;
      return;
    }
    if (tid !== undefined && tid.offset + 4 <= cursor.length) {
      record.tid = cursor.view.getInt32(cursor.offset + tid.offset, this.#littleEndian);
      record.task = this.#taskOf(record.tid);
    }
    this.#fields.load(cursor, handler.format, handler.fields);
    this.#mapper.record(rule, record, this.#fields);
  }

  /** A thread has a name from now on. */
  name(tid: number, comm: string): void {
    if (tid === 0) return;
    this.#tasks.set(tid, this.events.dictionaries.task.id(comm));
    this.#lastTid = -1;
  }

  /** A new thread has the name of the one that made it. */
  inherit(tid: number, from: number): void {
    const task = this.#tasks.get(from);
    if (task === undefined || tid === 0) return;
    this.#tasks.set(tid, task);
    this.#lastTid = -1;
  }

  /** A piece of the file that is not a record of an event. */
  unparsed(text: string): void {
    this.#mapper.unparsed(text);
  }

  /** Events that were lost on a CPU, -1 for any, before the next record. */
  lost(cpu: number, count: number): void {
    this.#mapper.lost(cpu, count);
  }

  /** Most often the next record is of the same task. */
  #taskOf(tid: number): number {
    if (tid !== this.#lastTid) {
      this.#lastTid = tid;
      this.#lastTask = this.#tasks.get(tid) ?? -1;
    }
    return this.#lastTask;
  }

  /** Reports losses after the last records. */
  end(streams: readonly FoundRecord[]): void {
    for (const stream of streams) {
      if (stream.missed !== 0) this.#lost(stream, undefined);
    }
  }

  /** Reports losses that only the kernel's statistics have, and no page reported. */
  reportUncounted(streams: readonly FoundRecord[]): void {
    for (const { cpu, lost } of streams) {
      const all = this.#lostByStats.get(cpu) ?? (this.#lostByStats.has(cpu) ? null : 0);
      // The number is impossible. It is used only if no page reported a loss; otherwise it adds
      // nothing.
      if (all === null) {
        if (lost === 0) this.#mapper.lost(cpu, null);
      } else if (all > lost) this.#mapper.lost(cpu, all - lost);
    }
  }

  finish(): ImportReport {
    this.#mapper.finish();
    const report = this.#mapper.report();
    const skipped = this.#handlers
      .filter((handler) => handler !== undefined && handler.skipped > 0)
      .map((handler) => [handler!.format.name, handler!.skipped]);
    return { ...report, records: { ...report.records, ...Object.fromEntries(skipped) } };
  }

  #lost(stream: FoundRecord, record: TraceRecord | undefined): void {
    const { missed } = stream;
    stream.lost += missed === UNKNOWN ? 1 : missed;
    stream.missed = 0;
    const count = missed === UNKNOWN ? null : missed;
    this.#mapper.lost(stream.cpu, count, record === undefined ? undefined : { ...record, tid: -1 });
  }

  #handler(format: EventFormat): Handler {
    const rule = FUNCTIONS.has(format.name) ? null : this.#mapper.rule(format.name);
    const fields = bindFields(format, rule?.fields ?? []);
    return { format, rule, fields, tid: fieldOf(format, 'common_pid'), skipped: 0 };
  }
}

/** How the kernel that made the file keeps numbers; the header's long is that of user space. */
function layoutOf({ littleEndian, headerPage, source }: RecordContext): Layout {
  const { commitSize: longBytes } = parsePageFormat(headerPage, littleEndian, source.name);
  return { littleEndian, longBytes };
}
