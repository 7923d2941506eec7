/** The accesses of a trace that another recording may show from its own side. */
import { type Batch, type TraceReader, VfrError } from '../../traces/index.js';

/** The most accesses to hold at a time; a JavaScript `Map` can hold twice as many. */
const ACCESSES_MAX = 1 << 23;

/** Accesses in the order of their trace, by columns. */
export interface Accesses {
  readonly count: number;
  /** Per access: what it was, as an id that both sides share. */
  readonly keys: Int32Array;
  /** Seq of the event, or of the begin of the access. */
  readonly seqs: Float64Array;
  /**
   * Time at which it was over, and by which it began, in the trace's order: never going backwards.
   */
  readonly ends: BigUint64Array;
  readonly begins: BigUint64Array;
  /**
   * 1 for an access that was reported before it was made: its time is not later than the kernel's.
   */
  readonly early: Uint8Array;
}

/** Assigns equal ids to equal accesses: same device, region, offset, length and direction. */
export class AccessKeys {
  readonly #ids = new Map<string, number>();

  /** The id; a new one only when `isNew` allows, otherwise -1. */
  id(key: string, isNew: boolean): number {
    const known = this.#ids.get(key);
    if (known !== undefined || !isNew) return known ?? -1;
    const id = this.#ids.size;
    this.#ids.set(key, id);
    return id;
  }
}

const READS: readonly string[] = ['config.read', 'region.read'];
const WRITES: readonly string[] = ['config.write', 'region.write'];

/** Accesses collected so far, in arrays that grow. */
class Collector {
  /**
   * @param file the trace that is read
   * @param most how many accesses may be held
   */
  constructor(
    private readonly file: string,
    private readonly most: number,
  ) {}

  readonly keys: number[] = [];
  readonly seqs: number[] = [];
  readonly ends: bigint[] = [];
  readonly begins: bigint[] = [];
  readonly early: number[] = [];

  add(key: number, seq: number, time: bigint, early = false): number {
    if (this.keys.length >= this.most) throw tooMany(this.file, this.most);
    this.keys.push(key);
    this.seqs.push(seq);
    this.ends.push(time);
    this.begins.push(time);
    this.early.push(early ? 1 : 0);
    return this.keys.length - 1;
  }

  done(): Accesses {
    return {
      count: this.keys.length,
      keys: Int32Array.from(this.keys),
      seqs: Float64Array.from(this.seqs),
      ends: BigUint64Array.from(this.ends),
      begins: BigUint64Array.from(this.begins),
      early: Uint8Array.from(this.early),
    };
  }
}

function tooMany(file: string, most: number): VfrError {
  const what = `there are more than ${most} accesses to devices in it`;
  const next = 'Align parts of the recordings: take them with `vfr cut`.';
  return new VfrError('ALIGN_TOO_LARGE', what, next, { file });
}

/** The access of a row as text; null when the row is no access to a device. */
function accessKey(batch: Batch, row: number): string | null {
  const kind = batch.column('kind').at(row) ?? '';
  const direction = READS.includes(kind) ? 'r' : WRITES.includes(kind) ? 'w' : null;
  const device = batch.column('device').at(row);
  if (direction === null || device === null || !batch.column('region').has(row)) return null;
  const offset = batch.column('offset').big(row);
  const length = batch.column('length').number(row);
  return `${direction} ${device} ${batch.column('region').at(row)} ${offset} ${length}`;
}

/**
 * The accesses of the layer `vfio`, as the kernel or strace shows them. An access inside another
 * one of its thread is the same access one layer down, and is omitted.
 */
export function doorAccesses(reader: TraceReader, keys: AccessKeys, most = ACCESSES_MAX): Accesses {
  const found = new Collector(reader.source.name, most);
  /** Per thread: the access that is open, by the seq of its begin. */
  const open = new Map<number, { readonly seq: number; readonly index: number }>();
  let latest = 0n;
  for (const batch of reader.read()) {
    const [paths, phases, ts, tids, spans] = [
      batch.column('path'),
      batch.column('phase'),
      batch.column('ts'),
      batch.column('tid'),
      batch.column('span'),
    ];
    for (let row = 0; row < batch.rows; row++) {
      const time = ts.big(row);
      if (time > latest) latest = time;
      if (paths.at(row) !== 'vfio') continue;
      const tid = tids.at(row);
      const current = open.get(tid);
      if (phases.at(row) === 'end') {
        if (current === undefined || spans.number(row) !== current.seq) continue;
        found.ends[current.index] = latest;
        open.delete(tid);
        continue;
      }
      const key = current === undefined ? accessKey(batch, row) : null;
      if (key === null) continue;
      const seq = batch.seqFirst + row;
      const index = found.add(keys.id(key, true), seq, latest);
      if (phases.at(row) === 'begin') open.set(tid, { seq, index });
    }
  }
  return found.done();
}

/**
 * QEMU logs a write to configuration space before it makes it, and every other access when it is
 * over (QEMU hw/vfio/pci.c and hw/vfio/common.c 7.2).
 */
const LOGGED_FIRST = 'vfio_pci_write_config';

/** The accesses of a guest to devices that the other side knows. */
export function guestAccesses(
  reader: TraceReader,
  keys: AccessKeys,
  most = ACCESSES_MAX,
): Accesses {
  const found = new Collector(reader.source.name, most);
  for (const batch of reader.read()) {
    const paths = batch.column('path');
    const names = batch.column('name');
    const ts = batch.column('ts');
    for (let row = 0; row < batch.rows; row++) {
      if (paths.at(row) !== 'guest') continue;
      const key = accessKey(batch, row);
      const id = key === null ? -1 : keys.id(key, false);
      if (id < 0) continue;
      const early = names.at(row) === LOGGED_FIRST;
      found.add(id, batch.seqFirst + row, ts.big(row), early);
    }
  }
  return found.done();
}
