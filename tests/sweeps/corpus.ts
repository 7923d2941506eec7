/** Traces to damage: events made by chance from a seed, as varied as the schema allows. */
import {
  CELL,
  type EventAppender,
  type EventRow,
  KINDS,
  type Kind,
  MemorySink,
  PHASES,
  SOURCES,
  TraceWriter,
} from '../../traces/index.js';

/** A generator of numbers that is the same for the same seed on every machine (mulberry32). */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to `below` - 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }
}

export interface CorpusOptions {
  readonly seed: number;
  readonly events: number;
  readonly batchRows: number;
}

const NAMES = ['VFIO_DEVICE_GET_INFO', 'driver_override', 'pci_read_config', 'BAR0'];

/**
 * A complete trace. The value of each event is `expectedValue(seq)`, so that readers can be
 * checked.
 */
export function makeTrace({ seed, events: count, batchRows }: CorpusOptions): Buffer {
  const random = new Random(seed);
  const sink = new MemorySink();
  const meta = { clock: 'mono', writer: 'sweep', notes: { seed: String(seed) } };
  const writer = new TraceWriter(sink, meta, { batchRows });
  const kinds = Object.keys(KINDS).filter((kind) => kind !== 'lost') as Kind[];
  const { events } = writer;
  for (let seq = 0, ns = 1_000; seq < count; seq++) {
    ns += random.below(4_000);
    const row = events.row(random.pick(SOURCES));
    row.start(events.kind(random.pick(kinds)), events.phase(random.pick(PHASES)));
    row.time(7, ns);
    row.setWords(CELL.value, expectedValue(seq), seq);
    setRest(row, events, random, seq);
    events.append(row);
  }
  writer.finish();
  return sink.bytes();
}

/** Low word of the value of event `seq`; the high word is `seq`. */
export const expectedValue = (seq: number): number => Math.imul(seq + 1, 0x9e37_79b1) >>> 0;

function setRest(row: EventRow, events: EventAppender, random: Random, seq: number): void {
  const chance = () => random.below(3) > 0;
  if (chance()) row.set(CELL.cpu, random.below(8));
  if (chance()) row.set(CELL.tid, 100 + random.below(50));
  if (chance()) row.set(CELL.task, events.id('task', `task-${random.below(9)}`));
  if (chance()) row.set(CELL.device, events.id('device', `0000:0${random.below(8)}:00.0`));
  if (chance()) row.set(CELL.name, events.id('name', random.pick(NAMES)));
  if (chance() && seq > 0) row.setNumber(CELL.span, random.below(seq));
  if (chance()) row.set(CELL.region, random.below(9));
  if (chance()) row.setNumber(CELL.offset, random.below(0x1000));
  if (chance()) row.setNumber(CELL.ret, -random.below(40));
  if (chance()) row.text(`line ${random.below(1000)}`);
  if (chance()) row.data(Uint8Array.from({ length: random.below(16) }, () => random.below(256)));
}
