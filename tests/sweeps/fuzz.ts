/**
 * Opens, verifies, selects from and repairs mutants of traces. Most mutants are sealed and tied
 * together anew, so that what is behind CRCs and links is reached as a hostile file would reach it.
 */
import {
  COLUMNS,
  MemorySink,
  MemorySource,
  rewriteTrace,
  TraceReader,
  TraceWriter,
  VfrError,
  verifyTrace,
} from '../../traces/index.js';
import { fileOf, forged, type Part, partsOf } from '../frames.js';
import { makeTrace, type Random } from './corpus.js';
import { type MutantFigures, sweep } from './mutants.js';
import { demand, isProgram, sweepOptions } from './options.js';

export const MEMORY_BYTES_MAX = 256 << 20;
const SMALL = [
  { seed: 21, events: 12, batchRows: 4 },
  { seed: 22, events: 40, batchRows: 40 },
  { seed: 24, events: 0, batchRows: 1 },
];
/** Large enough for a counting frame. */
const LARGE = { seed: 23, events: 4_200, batchRows: 4_200 };
const INTERESTING = [0, 1, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x1_0000, 0x40_0000];
const EXTREME = [0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];

export function sweepMutants(count: number, seed: number): MutantFigures {
  const small = SMALL.map((options) => new Seed(makeTrace(options)));
  const large = [new Seed(makeTrace(LARGE))];
  return sweep(count, seed, (random, i) => {
    const bytes = random.pick(random.below(64) === 0 ? large : small).mutate(random);
    return { name: 'mutant', survives: () => survives(bytes, i % REPAIR_EVERY === 0) };
  });
}

/** Repairing costs ten times what opening and verifying do. */
const REPAIR_EVERY = 8;

/** Does everything that commands do with a trace; false when it cannot be opened. */
function survives(bytes: Buffer, repair: boolean): boolean {
  let reader: TraceReader;
  try {
    reader = new TraceReader(new MemorySource(bytes));
  } catch (error) {
    if (error instanceof VfrError) return false;
    throw error;
  }
  const damage = verifyTrace(reader);
  if (damage.length === 0) readAll(reader);
  if (!repair) return true;
  const meta = { clock: 'mono', writer: 'fuzz', notes: {} };
  const writer = new TraceWriter(new MemorySink(), meta, { batchRows: 512 });
  rewriteTrace(reader, writer, {});
  writer.finish();
  return true;
}

/** A trace that verifies must read to its end without any error. */
function readAll(reader: TraceReader): void {
  for (const batch of reader.read()) {
    for (const { name } of COLUMNS) batch.column(name);
    for (let row = 0; row < Math.min(batch.rows, 100); row++) {
      batch.column('text').text(row);
      batch.column('device').at(row);
    }
  }
}

/** A valid trace, taken apart. */
class Seed {
  readonly #parts: readonly Part[];

  constructor(trace: Buffer) {
    this.#parts = partsOf(trace);
  }

  mutate(random: Random): Buffer {
    const parts = this.#parts.map(copyOf);
    const seal = random.below(8) > 0;
    for (let i = 0, edits = 1 + random.below(4); i < edits; i++) edit(parts, random);
    const trace = fileOf(seal ? forged(parts) : parts);
    return random.below(16) === 0 ? trace.subarray(0, random.below(trace.byteLength)) : trace;
  }
}

/** A frame whose bytes can be changed. */
export const copyOf = ({ metadata, body }: Part): Part => ({
  metadata: Buffer.from(metadata),
  body: Buffer.from(body),
});

function edit(parts: Part[], random: Random): void {
  if (parts.length === 0) return;
  const at = random.below(parts.length);
  const part = parts[at];
  switch (random.below(9)) {
    case 0:
      parts.splice(at, 1);
      break;
    case 1:
      parts.splice(random.below(parts.length + 1), 0, part);
      break;
    case 2:
      parts[at] = { metadata: part.metadata, body: parts[random.below(parts.length)].body };
      break;
    case 3:
      parts[at] = { metadata: part.metadata, body: part.body.subarray(0, random.below(64) * 8) };
      break;
    case 4:
      editBytes(part.body, random);
      break;
    default:
      editBytes(part.metadata, random);
  }
}

/** Changes one place: a bit, a byte, or a word of 1 to 8 bytes to a number that often hurts. */
export function editBytes(bytes: Buffer, random: Random): void {
  if (bytes.byteLength < 8) return;
  const at = random.below(bytes.byteLength - 8);
  switch (random.below(6)) {
    case 0:
      bytes[at] ^= 1 << random.below(8);
      break;
    case 1:
      bytes[at] = random.below(256);
      break;
    case 2:
      bytes.writeUInt16LE(random.pick(INTERESTING) & 0xffff, at & ~1);
      break;
    case 3:
      bytes.writeUInt32LE(random.pick([...INTERESTING, ...EXTREME]), at & ~3);
      break;
    case 4:
      bytes.writeBigInt64LE(BigInt(random.pick(INTERESTING)) - 2n, at & ~7);
      break;
    default:
      bytes.writeInt32LE((bytes.readInt32LE(at & ~3) + random.below(17) - 8) | 0, at & ~3);
  }
}

if (isProgram(import.meta)) {
  const { count, seed } = sweepOptions(1_000_000);
  const { mutants, refused, slowestMs, memoryBytes } = sweepMutants(count, seed);
  demand(memoryBytes < MEMORY_BYTES_MAX, `memory reached ${memoryBytes} bytes`);
  console.log(
    `fuzz (seed ${seed}): ${mutants} mutants, ${refused} refused, 0 crashes, 0 hangs, ` +
      `slowest ${slowestMs.toFixed(0)} ms, memory ${(memoryBytes / (1 << 20)).toFixed(0)} MiB`,
  );
}
