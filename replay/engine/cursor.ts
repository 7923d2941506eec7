import type { Batch, Phase, Seq } from '../../traces/index.js';

/**
 * One event of a batch, read column by column when asked. The cursor is moved, never copied:
 * reading
 * a million events makes no million objects.
 */
export class EventCursor {
  #batch: Batch | null = null;
  #views!: Views;
  row = 0;

  open(batch: Batch): void {
    this.#batch = batch;
    this.#views = viewsOf(batch);
    this.row = 0;
  }

  get rows(): number {
    return this.#batch?.rows ?? 0;
  }

  /** All names that occur in the trace. */
  get names(): readonly string[] {
    return this.#views.name.entries;
  }

  get seq(): Seq {
    return this.#views.seq.number(this.row) as Seq;
  }

  get ts(): bigint {
    return this.#views.ts.big(this.row);
  }

  /** Id of the kind, the same in all batches of a trace. */
  get kindId(): number {
    return this.#views.kind.ids[this.row];
  }

  /** What recorded the event. */
  get source(): string {
    return this.#views.source.at(this.row) ?? '';
  }

  get kind(): string {
    return this.#views.kind.at(this.row) ?? '';
  }

  get phase(): Phase {
    return this.#views.phase.at(this.row) as Phase;
  }

  get tid(): number {
    return this.#views.tid.has(this.row) ? this.#views.tid.at(this.row) : -1;
  }

  /** Process; the thread when the input does not tell it. */
  get pid(): number {
    return this.#views.pid.has(this.row) ? this.#views.pid.at(this.row) : this.tid;
  }

  get task(): string {
    return this.#views.task.at(this.row) ?? '';
  }

  /** Sequence number of the begin, or -1 when the event has none. */
  get span(): number {
    return this.#views.span.has(this.row) ? this.#views.span.number(this.row) : -1;
  }

  get device(): string | null {
    return this.#views.device.at(this.row);
  }

  get driver(): string | null {
    return this.#views.driver.at(this.row);
  }

  get path(): string | null {
    return this.#views.path.at(this.row);
  }

  get name(): string {
    return this.#views.name.at(this.row) ?? '';
  }

  get region(): number {
    return this.#views.region.has(this.row) ? this.#views.region.at(this.row) : -1;
  }

  get hasOffset(): boolean {
    return this.#views.offset.has(this.row);
  }

  /** Exact up to 53 bits. */
  get offset(): number {
    return this.#views.offset.number(this.row);
  }

  get offsetBig(): bigint {
    return this.#views.offset.big(this.row);
  }

  get length(): number {
    return this.#views.length.number(this.row);
  }

  get hasValue(): boolean {
    return this.#views.value.has(this.row);
  }

  /** Exact up to 53 bits. */
  get value(): number {
    return this.#views.value.number(this.row);
  }

  get valueBig(): bigint {
    return this.#views.value.big(this.row);
  }

  get hasRet(): boolean {
    return this.#views.ret.has(this.row);
  }

  get ret(): number {
    return this.#views.ret.number(this.row);
  }

  get data(): Buffer | null {
    return this.#views.data.at(this.row);
  }

  get text(): string | null {
    return this.#views.text.text(this.row);
  }
}

type Views = ReturnType<typeof viewsOf>;

const viewsOf = (batch: Batch) => ({
  seq: batch.column('seq'),
  ts: batch.column('ts'),
  source: batch.column('source'),
  kind: batch.column('kind'),
  phase: batch.column('phase'),
  pid: batch.column('pid'),
  tid: batch.column('tid'),
  task: batch.column('task'),
  span: batch.column('span'),
  device: batch.column('device'),
  driver: batch.column('driver'),
  path: batch.column('path'),
  name: batch.column('name'),
  region: batch.column('region'),
  offset: batch.column('offset'),
  length: batch.column('length'),
  value: batch.column('value'),
  ret: batch.column('ret'),
  data: batch.column('data'),
  text: batch.column('text'),
});
