import { type EventAppender, MemorySource, VfrError } from '../../../traces/index.js';
import type { ImportReport } from '../importer.js';
import { TimeOrder } from '../time-order.js';
import { DatRecords, type FoundRecord, type RecordContext } from '../tracedat/dat-records.js';
import { FEATURE, MISC_FILTERED, RECORD } from './perf-constants.js';
import type { PerfFile } from './perf-file.js';
import { type PerfRecord, RecordWalk } from './record-walk.js';
import { SampleFields } from './sample-fields.js';
import { readTracingData } from './tracing-data.js';

const HEADER_BYTES = 8;
/** The kernel's limit of thread ids (PID_MAX_LIMIT). */
const TID_MAX = 1 << 22;
/** What perf needs most to read samples: the formats of their events. */
const NO_FORMATS = 'the file has no formats of events, without which records cannot be read';
const EMPTY_PAGE = '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n';
const EMPTY_COMMIT =
  '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n' +
  '\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n';

/** One reading of a perf.data. */
export class PerfSession {
  readonly #records: DatRecords;
  readonly #order: TimeOrder;
  readonly #fields: SampleFields;
  readonly #found: { -readonly [K in keyof FoundRecord]: FoundRecord[K] };
  readonly #walk: RecordWalk;
  #damage: ImportReport['stopped'] | null;
  /** Losses reported by the buffers, and by the counters at the end. */
  #lost = 0;
  #lostSamples = 0;

  constructor(
    private readonly file: PerfFile,
    events: EventAppender,
  ) {
    const { source, data, littleEndian } = file;
    this.#damage = file.damage;
    this.#records = new DatRecords(this.#context(), events, 'perf.data');
    this.#order = new TimeOrder((view, start, end) => this.#take(view, start, end));
    this.#fields = new SampleFields(file.attributes, littleEndian);
    this.#walk = new RecordWalk(source, data.start, data.end, littleEndian);
    const cursor = { view: new DataView(new ArrayBuffer(0)), offset: 0, length: 0, eventId: 0 };
    this.#found = { cursor, cpu: 0, tgid: -1, timeLow: 0, timeHigh: 0, missed: 0, lost: 0 };
  }

  read(): ImportReport {
    for (const record of this.#walk.records()) this.#record(record);
    const { littleEndian, others } = this.file;
    const walks = others.map((source) => new RecordWalk(source, 0, source.size, littleEndian));
    this.#together(walks);
    this.#order.end();
    if (this.#lostSamples > this.#lost) this.#records.lost(-1, this.#lostSamples - this.#lost);
    const report = this.#records.finish();
    const early = [this.#walk, ...walks].find((walk) => walk.stopped !== null);
    const stopped = early?.stopped ?? this.#damage;
    return stopped === null || stopped === undefined ? report : { ...report, stopped };
  }

  /** Reads files of the same time side by side, so that few records wait for their turn. */
  #together(walks: readonly RecordWalk[]): void {
    const open = walks.map((walk) => ({ records: walk.records(), high: 0, low: 0 }));
    while (open.length > 0) {
      const next = open.reduce((a, b) => ((b.high - a.high || b.low - a.low) < 0 ? b : a));
      const { value } = next.records.next();
      if (value === undefined) open.splice(open.indexOf(next), 1);
      else if (this.#record(value)) {
        next.high = this.#fields.timeHigh;
        next.low = this.#fields.timeLow;
      }
    }
  }

  #context(): RecordContext {
    const { features, source, littleEndian, data } = this.file;
    const bytes = features.get(FEATURE.tracingData);
    let why = NO_FORMATS;
    try {
      if (bytes !== undefined) return readTracingData(bytes, source);
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      why = `the formats of events are damaged: ${error.what}`;
    }
    this.#damage ??= { offset: data.end, why };
    return {
      source: new MemorySource(Buffer.alloc(0), source.name),
      littleEndian,
      headerPage: EMPTY_PAGE + EMPTY_COMMIT,
      formats: [],
      kallsyms: () => Buffer.alloc(0),
      printkFormats: '',
      commandLines: new Map(),
      stats: [],
    };
  }

  /**
   * What has a time waits for its turn; the rest is of no time.
   * @returns whether it has a time, which the fields of samples then have
   */
  #record({ type, misc, bytes }: PerfRecord): boolean {
    if (type === RECORD.finishedRound) {
      this.#order.endRound();
      return false;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = bytes.byteLength;
    if (type === RECORD.lostSamples) {
      if ((misc & MISC_FILTERED) === 0 && end >= 16) this.#lostSamples += this.#count(view, 8);
      return false;
    }
    const isSample = type === RECORD.sample;
    if (!isSample && type !== RECORD.comm && type !== RECORD.fork && type !== RECORD.lost)
      return false;
    const fields = this.#fields;
    const isRead = isSample ? fields.sample(view, 0, end) : fields.trailer(view, 0, end);
    const hasTime = isRead && fields.hasTime;
    if (hasTime) this.#order.add(bytes, fields.timeLow, fields.timeHigh);
    else this.#take(view, 0, end);
    return hasTime;
  }

  /** A record whose turn has come. */
  #take(view: DataView, start: number, end: number): void {
    const type = view.getUint32(start, this.file.littleEndian);
    if (type === RECORD.sample) this.#sample(view, start, end);
    else if (type === RECORD.comm) this.#comm(view, start, end);
    else if (type === RECORD.fork) this.#fork(view, start, end);
    else if (type === RECORD.lost) this.#loss(view, start, end);
  }

  #sample(view: DataView, start: number, end: number): void {
    const [fields, found] = [this.#fields, this.#found];
    if (!fields.sample(view, start, end)) {
      this.#records.unparsed(`a sample of ${end - start} bytes whose fields are not in it`);
      return;
    }
    if (fields.rawLength < 2) {
      this.#records.unparsed('a sample without the record of a tracepoint');
      return;
    }
    found.cpu = fields.cpu;
    found.tgid = fields.pid;
    found.timeLow = fields.timeLow;
    found.timeHigh = fields.timeHigh;
    const eventId = view.getUint16(fields.rawAt, this.file.littleEndian);
    found.cursor = { view, offset: fields.rawAt, length: fields.rawLength, eventId };
    this.#records.handle(found);
  }

  #comm(view: DataView, start: number, end: number): void {
    if (end - start < HEADER_BYTES + 9) return;
    const tid = view.getInt32(start + 12, this.file.littleEndian);
    const name = Buffer.from(view.buffer, view.byteOffset + start + 16, end - start - 16);
    const length = name.indexOf(0);
    if (!isTid(tid) || length <= 0 || length >= 16) return;
    this.#records.name(tid, name.toString('utf8', 0, length));
  }

  #fork(view: DataView, start: number, end: number): void {
    if (end - start < HEADER_BYTES + 16) return;
    const tid = view.getInt32(start + 16, this.file.littleEndian);
    const parent = view.getInt32(start + 20, this.file.littleEndian);
    if (isTid(tid)) this.#records.inherit(tid, parent);
  }

  #loss(view: DataView, start: number, end: number): void {
    if (end - start < HEADER_BYTES + 16) return;
    this.#fields.trailer(view, start, end);
    const count = this.#count(view, start + 16);
    this.#lost += count;
    this.#records.lost(this.#fields.cpu, count);
  }

  /** A number of losses; one that cannot be counts as one. */
  #count(view: DataView, at: number): number {
    const count = view.getBigUint64(at, this.file.littleEndian);
    return count > 0n && count < 1_000_000_000_000_000n ? Number(count) : 1;
  }
}

const isTid = (tid: number): boolean => tid > 0 && tid <= TID_MAX;
