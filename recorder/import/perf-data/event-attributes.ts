/** What one event of a recording was configured to record (struct perf_event_attr). */
import { lowWord } from '../../../traces/index.js';
import { READ, SAMPLE } from './perf-constants.js';

export interface Attribute {
  readonly sampleType: number;
  readonly readFormat: number;
  /** Whether records that are no samples have time and thread, too. */
  readonly sampleIdAll: boolean;
  /** Clock by its number (include/uapi/linux/time.h); null for perf's own. */
  readonly clock: number | null;
}

/** Least size of the struct, of its first version. */
export const ATTRIBUTE_BYTES_MIN = 64;
const SAMPLE_ID_ALL = 18;
const USE_CLOCKID = 25;
const CLOCKID_OFFSET = 92;

/** @param bytes all of the struct, at least `ATTRIBUTE_BYTES_MIN` */
export function readAttribute(bytes: Buffer, littleEndian: boolean): Attribute {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getBigUint64(40, littleEndian);
  // The compiler allots bit fields from the low bit up, on big endian machines from the high one.
  const flag = (bit: number) => ((flags >> BigInt(littleEndian ? bit : 63 - bit)) & 1n) === 1n;
  const hasClock = flag(USE_CLOCKID) && view.byteLength >= CLOCKID_OFFSET + 4;
  return {
    sampleType: lowWord(view.getBigUint64(24, littleEndian)),
    readFormat: Number(view.getBigUint64(32, littleEndian) & 0xffn),
    sampleIdAll: flag(SAMPLE_ID_ALL),
    clock: hasClock ? view.getInt32(CLOCKID_OFFSET, littleEndian) : null,
  };
}

/** The attribute of each id that the kernel assigned to an event, and where a record has the id. */
export class Attributes {
  readonly #all: Attribute[] = [];
  readonly #byId = new Map<bigint, Attribute>();
  #alike = true;

  get first(): Attribute | undefined {
    return this.#all[0];
  }

  add(attribute: Attribute, ids: Iterable<bigint>): void {
    const first = this.#all[0] ?? attribute;
    const { sampleType, readFormat } = attribute;
    this.#alike &&= sampleType === first.sampleType && readFormat === first.readFormat;
    this.#all.push(attribute);
    for (const id of ids) this.#byId.set(id, attribute);
  }

  /**
   * The attribute of a sample. All events of a session have the id at one place (perf
   * evlist__valid_sample_type), so that the first one's says where.
   * @param view from the sample's first field
   */
  ofSample(view: DataView, at: number, end: number, littleEndian: boolean): Attribute | undefined {
    const { first } = this;
    if (this.#alike || first === undefined) return first;
    const { sampleType } = first;
    let place = at;
    if ((sampleType & SAMPLE.identifier) === 0) {
      if ((sampleType & SAMPLE.id) === 0) return first;
      const before = SAMPLE.ip | SAMPLE.tid | SAMPLE.time | SAMPLE.addr;
      for (let bits = sampleType & before; bits !== 0; bits &= bits - 1) place += 8;
    }
    if (place + 8 > end) return undefined;
    return this.#byId.get(view.getBigUint64(place, littleEndian));
  }
}

/** Bytes of what a sample has of counters, -1 when it does not fit. */
export function readValuesSize(
  view: DataView,
  at: number,
  end: number,
  format: number,
  littleEndian: boolean,
): number {
  const times = ((format & READ.enabled) > 0 ? 8 : 0) + ((format & READ.running) > 0 ? 8 : 0);
  const each = 8 + ((format & READ.id) > 0 ? 8 : 0) + ((format & READ.lost) > 0 ? 8 : 0);
  if ((format & READ.group) === 0) return times + each;
  if (at + 8 > end) return -1;
  const count = view.getBigUint64(at, littleEndian);
  return count > 0xffffn ? -1 : 8 + times + Number(count) * each;
}
