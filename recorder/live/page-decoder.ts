import { type EventAppender, highWord, lowWord } from '../../traces/index.js';
import type { MappingRule } from '../mapping/projection.js';
import { RecordMapper } from '../mapping/record-mapper.js';
import type { TraceRecord } from '../mapping/trace-record.js';
import {
  BinaryFields,
  type BoundFields,
  bindFields,
  type EventFormat,
  type Field,
  fieldOf,
  type PageFormat,
  readField,
  readText,
} from '../ring-buffer/index.js';
import type { DeviceFilter } from './device-filter.js';
import type { PageQueue } from './page-queue.js';
import { type Actors, isAct } from './process-actors.js';
import type { Tasks } from './tasks.js';

/** An event with its format, and how its records are handled. */
interface Handler {
  readonly format: EventFormat;
  readonly tid: Field | undefined;
  /** Undefined for the events that only have the names of tasks. */
  readonly rule: MappingRule | undefined;
  /** Whether its records show that a process does something to a device. */
  readonly isAct: boolean;
  readonly fields: BoundFields;
  records: number;
}

/** Events that are recorded for the names of tasks alone and do not become events of the trace. */
export const TASK_EVENTS = ['task_newtask', 'task_rename'] as const;

/** Where decoded events go, and what is needed to decode them. */
export interface DecoderTarget {
  readonly events: EventAppender;
  readonly tasks: Tasks;
  /**
   * Reports the processes that act. Unset if pages are decoded long after they were made, when that
   * is unknown.
   */
  readonly actors?: Actors;
  /** Restricts the recording to some devices. */
  readonly filter: DeviceFilter | undefined;
  /**
   * Whether a loss without a number becomes an event at its place. If the kernel's figures at the
   * end report all losses, it would be counted twice.
   */
  readonly tellsUnknown?: boolean;
}

/** Turns the records of ring-buffer pages into events, by the events' formats and the catalogue. */
export class PageDecoder {
  readonly mapper: RecordMapper;
  /** Records of events without a description. */
  unknown = 0;
  readonly #handlers = new Map<number, Handler>();
  readonly #record: TraceRecord = { cpu: -1, tid: -1, tgid: -1, task: -1, tsLow: 0, tsHigh: 0 };
  readonly #fields: BinaryFields;
  readonly #littleEndian: boolean;
  #endHigh = Number.POSITIVE_INFINITY;
  #endLow = 0;

  constructor(
    private readonly target: DecoderTarget,
    page: PageFormat,
    formats: readonly EventFormat[],
  ) {
    this.mapper = new RecordMapper(target.events, 'tracefs');
    this.#littleEndian = page.littleEndian;
    this.#fields = new BinaryFields(page.littleEndian);
    for (const format of formats) {
      const known = TASK_EVENTS.some((name) => name === format.name);
      const rule = known ? undefined : this.mapper.rule(format.name);
      const fields = bindFields(format, rule?.fields ?? []);
      const tid = fieldOf(format, 'common_pid');
      const acts = rule !== undefined && isAct(rule.probe);
      this.#handlers.set(format.id, { format, tid, rule, isAct: acts, fields, records: 0 });
    }
  }

  /** Reports that events of a queue were lost, before `record` if that is known. */
  lost(queue: PageQueue, count: number, record?: TraceRecord): void {
    queue.lost += count;
    this.mapper.lost(queue.cpu, count, record);
  }

  /**
   * Where the recording ends: later records are counted, and become no events. The kernel switches
   * events off one by one, so that those of some functions are missing before the last is off.
   *
   * @param time in nanoseconds of the records' clock
   */
  endAt(time: bigint): void {
    this.#endHigh = highWord(time);
    this.#endLow = lowWord(time);
  }

  /** Records by event, those of the task events among them. */
  counts(): Map<string, number> {
    return new Map(
      [...this.#handlers.values()].map(({ format, records }) => [format.name, records]),
    );
  }

  /** Handles the record under the cursor of a queue, after the loss before it, if any. */
  decode(queue: PageQueue): void {
    const { cursor } = queue;
    const record = this.#record;
    record.cpu = queue.cpu;
    record.tsLow = cursor.timeLow;
    record.tsHigh = cursor.timeHigh;
    record.tid = record.tgid = record.task = -1;
    if (queue.missed !== 0) {
      // If the kernel only says that events were lost, their number is known at the end of the
      // recording.
      if (queue.missed !== 'unknown') this.lost(queue, queue.missed, record);
      else if (this.target.tellsUnknown === true) this.mapper.lost(queue.cpu, null, record);
      queue.missed = 0;
    }
    const handler = this.#handlers.get(cursor.eventId);
    if (handler === undefined) {
      this.unknown++;
      return;
    }
    handler.records++;
    const { tsLow, tsHigh } = record;
    if (tsHigh > this.#endHigh || (tsHigh === this.#endHigh && tsLow > this.#endLow)) return;
    const { tid, rule, format } = handler;
    if (tid !== undefined && tid.offset + 4 <= cursor.length) {
      record.tid = cursor.view.getInt32(cursor.offset + tid.offset, this.#littleEndian);
      record.tgid = this.target.tasks.tgid(record.tid);
      record.task = this.target.tasks.comm(record.tid);
    }
    if (rule === undefined) {
      this.#taskEvent(format, queue);
      return;
    }
    // A recorder follows itself only so that the command it starts is followed.
    if (rule.probe.kind === 'syscall' && record.tgid === process.pid) return;
    this.#fields.load(cursor, format, handler.fields);
    if (this.target.filter?.wants(rule, record.tid, this.#fields) === false) return;
    if (handler.isAct) this.target.actors?.act(record);
    this.mapper.record(rule, record, this.#fields);
  }

  #taskEvent(format: EventFormat, { cursor }: PageQueue): void {
    const number = (name: string): number | undefined => {
      const field = fieldOf(format, name);
      const value = field && readField(cursor, field, this.#littleEndian);
      return value === undefined ? undefined : Number(value);
    };
    const text = (name: string): string => {
      const field = fieldOf(format, name);
      return (field && readText(cursor, field, this.#littleEndian)) ?? '';
    };
    const self = this.#record.tid;
    if (format.name === 'task_rename') {
      // The thread renames itself unless a field says otherwise (kernels before 6.16 have one).
      const tid = number('pid') ?? self;
      this.target.tasks.renamed(tid, text('newcomm'));
      this.target.actors?.forget(tid);
    } else {
      this.target.tasks.created(
        self,
        number('pid') ?? -1,
        text('comm'),
        number('clone_flags') ?? 0,
      );
      this.target.actors?.forget(number('pid') ?? -1);
    }
  }
}
