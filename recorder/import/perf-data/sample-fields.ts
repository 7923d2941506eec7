/**
 * Parses perf's records (kernel kernel/events/core.c, perf_output_sample() and
 * __perf_event__output_id_sample(), 6.16).
 */
import { type Attributes, readValuesSize } from './event-attributes.js';
import { SAMPLE } from './perf-constants.js';

const HEADER_BYTES = 8;

/** The fields of the last record read; -1 for missing ones. */
export class SampleFields {
  pid = -1;
  tid = -1;
  cpu = -1;
  hasTime = false;
  timeLow = 0;
  timeHigh = 0;
  /**
   * Offset and length of the raw data, which is the kernel's trace record. Length -1 when there is
   * none.
   */
  rawAt = 0;
  rawLength = -1;

  constructor(
    private readonly attributes: Attributes,
    private readonly littleEndian: boolean,
  ) {}

  /** Reads a sample in [start, end) of the view; false when its fields do not fit into it. */
  sample(view: DataView, start: number, end: number): boolean {
    this.#clear();
    const { littleEndian } = this;
    const attribute = this.attributes.ofSample(view, start + HEADER_BYTES, end, littleEndian);
    if (attribute === undefined) return false;
    const type = attribute.sampleType;
    const has = (bit: number) => (type & bit) !== 0;
    let at = start + HEADER_BYTES;
    if (has(SAMPLE.identifier)) at += 8;
    if (has(SAMPLE.ip)) at += 8;
    if (has(SAMPLE.tid)) at = this.#thread(view, at, end);
    if (has(SAMPLE.time)) at = this.#time(view, at, end);
    if (has(SAMPLE.addr)) at += 8;
    if (has(SAMPLE.id)) at += 8;
    if (has(SAMPLE.streamId)) at += 8;
    if (has(SAMPLE.cpu)) at = this.#cpu(view, at, end);
    if (has(SAMPLE.period)) at += 8;
    if (has(SAMPLE.read)) {
      const size = readValuesSize(view, at, end, attribute.readFormat, littleEndian);
      at = size < 0 ? end + 1 : at + size;
    }
    if (has(SAMPLE.callchain) && at + 8 <= end) {
      const frames = view.getBigUint64(at, littleEndian);
      at = frames > 0xffffn ? end + 1 : at + 8 + 8 * Number(frames);
    }
    if (at > end) return false;
    if (!has(SAMPLE.raw)) return true;
    if (at + 4 > end) return false;
    this.rawAt = at + 4;
    this.rawLength = view.getUint32(at, littleEndian);
    return this.rawLength <= end - this.rawAt;
  }

  /** Reads the fields after a record that is not a sample; false when it has none of them. */
  trailer(view: DataView, start: number, end: number): boolean {
    this.#clear();
    const { first } = this.attributes;
    if (first === undefined || !first.sampleIdAll) return false;
    const has = (bit: number) => (first.sampleType & bit) !== 0;
    const fields = [SAMPLE.tid, SAMPLE.time, SAMPLE.id, SAMPLE.streamId, SAMPLE.cpu];
    const count = [...fields, SAMPLE.identifier].filter(has).length;
    let at = end - 8 * count;
    if (at < start + HEADER_BYTES) return false;
    if (has(SAMPLE.tid)) at = this.#thread(view, at, end);
    if (has(SAMPLE.time)) at = this.#time(view, at, end);
    if (has(SAMPLE.id)) at += 8;
    if (has(SAMPLE.streamId)) at += 8;
    if (has(SAMPLE.cpu)) this.#cpu(view, at, end);
    return true;
  }

  #clear(): void {
    this.pid = this.tid = this.cpu = this.rawLength = -1;
    this.hasTime = false;
    this.timeLow = this.timeHigh = 0;
  }

  #thread(view: DataView, at: number, end: number): number {
    if (at + 8 > end) return end + 1;
    this.pid = view.getInt32(at, this.littleEndian);
    this.tid = view.getInt32(at + 4, this.littleEndian);
    return at + 8;
  }

  #time(view: DataView, at: number, end: number): number {
    if (at + 8 > end) return end + 1;
    this.timeLow = view.getUint32(this.littleEndian ? at : at + 4, this.littleEndian);
    this.timeHigh = view.getUint32(this.littleEndian ? at + 4 : at, this.littleEndian);
    // perf itself makes records with no time, or all ones, for what it found when it began.
    this.hasTime =
      (this.timeLow | this.timeHigh) !== 0 && (this.timeLow & this.timeHigh) !== ~0 >>> 0;
    return at + 8;
  }

  #cpu(view: DataView, at: number, end: number): number {
    if (at + 8 > end) return end + 1;
    const cpu = view.getInt32(at, this.littleEndian);
    this.cpu = cpu >= 0 ? cpu : -1;
    return at + 8;
  }
}
