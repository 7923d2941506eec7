/** Recordings with one event changed, left out, repeated or exchanged, to see whether a replay notices. */
import type { EventCursor } from '../replay/index.js';
import {
  type Batch,
  BytesView,
  type ColumnName,
  DictView,
  IntView,
  WordView,
} from '../traces/index.js';

/** A repeatable source of numbers below `below` (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Columns that say what happened; the others say who recorded it, when and where. */
export const FIELDS = [
  'kind',
  'device',
  'driver',
  'path',
  'name',
  'region',
  'offset',
  'length',
  'value',
  'ret',
  'data',
  'text',
] as const satisfies readonly ColumnName[];
export type Field = (typeof FIELDS)[number];

/** What is done to one event. */
export type Mutation =
  | { readonly seq: number; readonly type: 'deleted' | 'doubled' }
  /** With the next event of its thread. */
  | { readonly seq: number; readonly type: 'swapped'; readonly with: number }
  | { readonly seq: number; readonly type: 'changed'; readonly field: Field; readonly to: Cell };

/** A dictionary's number, an integer, or bytes. */
type Cell = number | bigint | Uint8Array;

type Random = (below: number) => number;

/** Strings that stand in a column of the recording for the same kind of event, by kind. */
export type Alternatives = ReadonlyMap<string, ReadonlyMap<Field, readonly number[]>>;

/** Another value of a field of an event; null when it has none, or no other can be. */
export function otherCell(
  e: EventCursor,
  batch: Batch,
  field: Field,
  alternatives: Alternatives,
  random: Random,
): Cell | null {
  const view = batch.column(field);
  if (!view.has(e.row)) return null;
  if (view instanceof DictView) {
    const own = view.ids[e.row];
    const others = (alternatives.get(e.kind)?.get(field) ?? []).filter((id) => id !== own);
    return others.length === 0 ? null : others[random(others.length)];
  }
  if (view instanceof BytesView) return otherBytes(view.at(e.row) ?? Buffer.alloc(0), random);
  if (field === 'ret') return BigInt(otherResult(e.ret, random));
  const value = view instanceof WordView ? view.big(e.row) : BigInt((view as IntView).at(e.row));
  if (field === 'value') return value ^ (1n << BigInt(random(4)));
  return value + (field === 'region' ? 1n : BigInt([1, 4, 8][random(3)]));
}

function otherBytes(bytes: Uint8Array, random: Random): Uint8Array | null {
  if (bytes.byteLength === 0) return null;
  const other = Uint8Array.from(bytes);
  other[random(other.byteLength)] ^= 1 << random(4);
  return other;
}

const ERRNOS = [1, 5, 11, 16, 19, 22];

function otherResult(ret: number, random: Random): number {
  if (ret !== 0 && random(3) === 0) return 0;
  const errno = -ERRNOS[random(ERRNOS.length)];
  return errno === ret ? -105 : errno;
}

/** Events of a recording by number, whatever batch they are in. */
export class Events {
  constructor(readonly batches: readonly Batch[]) {}

  get count(): number {
    const last = this.batches.at(-1);
    return last === undefined ? 0 : last.seqFirst + last.rows;
  }

  at(seq: number): { readonly batch: Batch; readonly row: number } {
    const batch = this.batches.find((b) => seq < b.seqFirst + b.rows) ?? this.batches[0];
    return { batch, row: seq - batch.seqFirst };
  }

  tid(seq: number): number {
    const { batch, row } = this.at(seq);
    const view = batch.column('tid');
    return view.has(row) ? view.at(row) : -1;
  }

  device(seq: number): string | null {
    const { batch, row } = this.at(seq);
    return batch.column('device').at(row);
  }

  span(seq: number): number {
    const { batch, row } = this.at(seq);
    const view = batch.column('span');
    return view.has(row) ? view.number(row) : -1;
  }
}

/** Events from one to before another, with a mutation: a batch as a replay reads it. */
export function mutatedBatch(
  events: Events,
  from: number,
  until: number,
  mutation: Mutation,
): Batch {
  const order = orderOf(from, Math.min(until, events.count), mutation);
  const views = new Map<ColumnName, unknown>();
  return {
    rows: order.length,
    seqFirst: from,
    column(name: ColumnName) {
      let view = views.get(name);
      if (view === undefined) {
        view = viewOf(events, from, order, name, mutation);
        views.set(name, view);
      }
      return view;
    },
  } as unknown as Batch;
}

/** Events of the recording in the order of the mutant. */
function orderOf(from: number, until: number, mutation: Mutation): number[] {
  const order = Array.from({ length: until - from }, (_, i) => from + i);
  const at = mutation.seq - from;
  if (mutation.type === 'deleted') order.splice(at, 1);
  if (mutation.type === 'doubled') order.splice(at, 0, mutation.seq);
  if (mutation.type === 'swapped') {
    [order[at], order[mutation.with - from]] = [mutation.with, mutation.seq];
  }
  return order;
}

type Cells = readonly (Cell | null)[];

function viewOf(
  events: Events,
  from: number,
  order: readonly number[],
  name: ColumnName,
  mutation: Mutation,
): unknown {
  const sources = order.map((seq) => events.at(seq));
  const first = sources[0].batch.column(name);
  const cells: (Cell | null)[] = sources.map(({ batch, row }) => cellOf(batch.column(name), row));
  if (mutation.type === 'changed' && mutation.field === name) {
    cells[order.indexOf(mutation.seq)] = mutation.to;
  }
  if (name === 'span') moveSpans(cells, from, order);
  return build(first, cells);
}

/** Ends point at where their begins are now; an end whose begin is gone has none. */
function moveSpans(cells: (Cell | null)[], from: number, order: readonly number[]): void {
  const places = new Map<number, number>();
  for (const [i, seq] of order.entries()) if (!places.has(seq)) places.set(seq, from + i);
  for (const [i, span] of cells.entries()) {
    if (span === null || Number(span) < from) continue;
    const place = places.get(Number(span));
    cells[i] = place === undefined ? null : BigInt(place);
  }
}

type View = ReturnType<Batch['column']>;

function cellOf(view: View, row: number): Cell | null {
  if (!view.has(row)) return null;
  if (view instanceof DictView) return view.ids[row];
  if (view instanceof WordView) return view.big(row);
  if (view instanceof IntView) return view.at(row);
  return (view as BytesView).at(row);
}

function build(like: View, cells: Cells): View {
  const bits = new Uint8Array(Math.ceil(cells.length / 8));
  for (const [row, cell] of cells.entries()) if (cell !== null) bits[row >> 3] |= 1 << (row & 7);
  if (like instanceof DictView) {
    return new DictView(
      bits,
      Int32Array.from(cells, (c) => Number(c ?? 0)),
      like.entries,
    );
  }
  if (like instanceof IntView) {
    const values = Array.from(cells, (c) => Number(c ?? 0));
    const same = like.values.constructor as new (n: readonly number[]) => IntView['values'];
    return new IntView(bits, new same(values));
  }
  if (like instanceof WordView) {
    const words = new Uint32Array(cells.length * 2);
    for (const [row, cell] of cells.entries()) {
      const value = BigInt((cell as bigint | null) ?? 0n);
      words[row * 2] = Number(BigInt.asUintN(32, value));
      words[row * 2 + 1] = Number(BigInt.asUintN(32, value >> 32n));
    }
    return new WordView(bits, words, like.signed);
  }
  const chunks = cells.map((c) => (c as Uint8Array | null) ?? new Uint8Array(0));
  const offsets = new Int32Array(cells.length + 1);
  for (const [row, chunk] of chunks.entries()) offsets[row + 1] = offsets[row] + chunk.byteLength;
  return new BytesView(bits, offsets, Buffer.concat(chunks));
}
