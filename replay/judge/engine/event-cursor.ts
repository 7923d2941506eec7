import {
  type Batch,
  DictView,
  type IntView,
  isPresent,
  type Phase,
  type Seq,
  type WordView,
} from '../../../traces/index.js';

/**
 * One event of a batch, read column by column when asked. The cursor is moved, never copied:
 * reading a million events makes no million objects. What rules ask of nearly every event, more
 * than once, is read when the cursor is moved.
 */
export class EventCursor {
  #batch!: Batch;
  #first = 0;
  #source!: DictView;
  #kind!: DictView;
  #phase!: DictView;
  #tid!: IntView;
  #span!: WordView;
  #device!: DictView;
  #driver!: DictView;
  #path!: DictView;
  #name!: DictView;
  #region!: IntView;
  #offset!: WordView;
  #length!: WordView;
  #value!: WordView;
  #ret!: WordView;
  /** Id of the source strace; -1 if the trace has no such source. */
  #strace = NO_ID;
  /** Kinds that are writing, by their ids. */
  #writes: readonly boolean[] = [];

  /** The row that the cursor is at. */
  row = 0;
  seq = 0 as Seq;
  /** Id of the kind, the same in all batches of a trace. */
  kindId = NO_ID;
  phase: Phase = 'point';
  /** Thread; -1 when it is not recorded. */
  tid = -1;
  /** Sequence number of the begin, or -1 when the event has none. */
  span = -1;
  device: string | null = null;
  /** Numbers of strings, the same in all batches of a trace; -1 for null. */
  deviceId = NO_ID;
  path: string | null = null;

  /** Columns that many rules read are held; the others are read on demand. */
  open(batch: Batch): void {
    this.#batch = batch;
    this.#first = batch.seqFirst;
    this.#kind = interned(batch.column('kind'));
    this.#phase = interned(batch.column('phase'));
    this.#tid = batch.column('tid');
    this.#span = batch.column('span');
    this.#device = batch.column('device');
    this.#driver = batch.column('driver');
    this.#path = interned(batch.column('path'));
    this.#name = batch.column('name');
    this.#region = batch.column('region');
    this.#offset = batch.column('offset');
    this.#length = batch.column('length');
    this.#value = batch.column('value');
    this.#ret = batch.column('ret');
    this.#writes = this.#kind.entries.map((kind) => WRITES.has(kind));
    this.#source = batch.column('source');
    this.#strace = this.#source.entries.indexOf('strace');
  }

  /** Moves to an event of the batch. */
  moveTo(row: number): void {
    this.row = row;
    this.seq = (this.#first + row) as Seq;
    this.kindId = this.#kind.ids[row];
    this.phase = this.#phase.entries[this.#phase.ids[row]] as Phase;
    this.tid = isPresent(this.#tid.bits, row) ? this.#tid.values[row] : -1;
    this.span = isPresent(this.#span.bits, row) ? this.#span.number(row) : -1;
    const device = isPresent(this.#device.bits, row) ? this.#device.ids[row] : NO_ID;
    this.deviceId = device;
    this.device = device < 0 ? null : this.#device.entries[device];
    const path = this.#path;
    this.path = isPresent(path.bits, row) ? path.entries[path.ids[row]] : null;
  }

  get rows(): number {
    return this.#batch.rows;
  }

  /** All kinds that occur in the trace, by their ids. */
  get kinds(): readonly string[] {
    return this.#kind.entries;
  }

  /** All names that occur in the trace. */
  get names(): readonly string[] {
    return this.#name.entries;
  }

  /** Names of functions that end in this batch without a begin, and begin nowhere in it. */
  beginless(): readonly string[] {
    const end = this.#phase.entries.indexOf('end');
    const ended = new Set<number>();
    for (let row = 0; row < this.rows; row++) {
      if (!isPresent(this.#span.bits, row) && this.#phase.ids[row] === end)
        ended.add(this.#name.id(row));
    }
    ended.delete(NO_ID);
    for (let row = 0; row < this.rows && ended.size > 0; row++) {
      if (this.#phase.ids[row] !== end) ended.delete(this.#name.id(row));
    }
    return Array.from(ended, (id) => this.#name.entries[id]);
  }

  /** Ids of the kinds of the batch's events. */
  get kindIds(): Int32Array {
    return this.#kind.ids;
  }

  /** Offset of the event of a row; also 0 if it is null. */
  offsetAt(row: number): number {
    return this.#offset.number(row);
  }

  get ts(): bigint {
    return this.#batch.column('ts').big(this.row);
  }

  get kind(): string {
    return this.#kind.entries[this.kindId];
  }

  /** A system call that strace saw. */
  get isOfStrace(): boolean {
    return this.#strace >= 0 && this.#source.ids[this.row] === this.#strace;
  }

  /** It writes to configuration space or to a region. */
  get isWrite(): boolean {
    return this.#writes[this.kindId];
  }

  /** Process; the thread if the input does not have the process. */
  get pid(): number {
    const pids = this.#batch.column('pid');
    return pids.has(this.row) ? pids.at(this.row) : this.tid;
  }

  get task(): string {
    return this.#batch.column('task').at(this.row) ?? '';
  }

  get driver(): string | null {
    return this.#driver.at(this.row);
  }

  get driverId(): number {
    return isPresent(this.#driver.bits, this.row) ? this.#driver.ids[this.row] : NO_ID;
  }

  get nameId(): number {
    return isPresent(this.#name.bits, this.row) ? this.#name.ids[this.row] : NO_ID;
  }

  /** The string of a number; of -1, a dash. */
  entryOf(column: 'device' | 'driver' | 'name', id: number): string {
    return this.#batch.column(column).entries[id] ?? '-';
  }

  get name(): string {
    return this.#name.at(this.row) ?? '';
  }

  get region(): number {
    return isPresent(this.#region.bits, this.row) ? this.#region.values[this.row] : -1;
  }

  get hasOffset(): boolean {
    return isPresent(this.#offset.bits, this.row);
  }

  /** Exact up to 53 bits. */
  get offset(): number {
    return this.#offset.number(this.row);
  }

  get offsetBig(): bigint {
    return this.#offset.big(this.row);
  }

  get hasLength(): boolean {
    return isPresent(this.#length.bits, this.row);
  }

  get length(): number {
    return this.#length.number(this.row);
  }

  get hasValue(): boolean {
    return isPresent(this.#value.bits, this.row);
  }

  /** Exact up to 53 bits. */
  get value(): number {
    return this.#value.number(this.row);
  }

  get valueBig(): bigint {
    return this.#value.big(this.row);
  }

  get hasRet(): boolean {
    return isPresent(this.#ret.bits, this.row);
  }

  get ret(): number {
    return this.#ret.number(this.row);
  }

  get data(): Buffer | null {
    return this.#batch.column('data').at(this.row);
  }

  /** Whether a message of the kernel's log says so, and no record of the function that did it. */
  get isLogMessage(): boolean {
    return this.phase === 'point' && this.#batch.column('text').has(this.row);
  }

  get text(): string | null {
    return this.#batch.column('text').text(this.row);
  }
}

const NO_ID = -1;

const WRITES: ReadonlySet<string> = new Set(['config.write', 'region.write']);

/**
 * A column with the engine's own copies of its strings, so that comparing them with literals of the
 * program compares addresses. Rules compare several for each event.
 */
const interned = ({ bits, ids, entries }: DictView): DictView =>
  new DictView(bits, ids, entries.map(intern));

/** Names of fields are stored once. */
const intern = (text: string): string => Object.keys({ [text]: 0 })[0];
