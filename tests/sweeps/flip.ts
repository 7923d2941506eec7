/** Flips bits: every single one of a small trace, and bursts of up to 32 bits on a larger one. */
import { MemorySource, TraceReader, VfrError, verifyTrace } from '../../traces/index.js';
import { expectedValue, makeTrace, Random } from './corpus.js';
import { demand, isProgram, progress, sweepOptions } from './options.js';

const SMALL = { seed: 2, events: 60, batchRows: 20 };
const LARGE = { seed: 3, events: 8_000, batchRows: 1_000 };
const BURST_BITS_MAX = 32;
/** The end of stream has no CRC; damage to it is told as a missing end. */
const END_OF_STREAM_BYTES = 8;

export interface FlipFigures {
  readonly bytes: number;
  readonly flips: number;
  readonly detected: number;
  /** Flips for which the damage that is told includes the byte. */
  readonly placed: number;
  /**
   * Flips in a column of a batch for which the damage that is told is that column, and no other.
   */
  readonly columnNamed: number;
  readonly inColumns: number;
}

/** Every bit of a small trace, or `count` of them evenly spread. */
export function sweepSingleBits(count: number): FlipFigures {
  const trace = makeTrace(SMALL);
  const bits = trace.byteLength * 8;
  const flips = Math.min(count, bits);
  const at = (i: number) => ({ bit: Math.floor((i * bits) / flips), length: 1, mask: 1n });
  return sweep(trace, flips, at);
}

/** Bursts: the first and last of up to 32 bits flipped, those between by chance. */
export function sweepBursts(count: number, seed: number): FlipFigures {
  const trace = makeTrace(LARGE);
  const random = new Random(seed);
  return sweep(trace, count, () => {
    const length = 2 + random.below(BURST_BITS_MAX - 1);
    const between = BigInt(random.below(2 ** 30)) & ((1n << BigInt(length - 2)) - 1n);
    const mask = 1n | (between << 1n) | (1n << BigInt(length - 1));
    return { bit: random.below(trace.byteLength * 8 - length), length, mask };
  });
}

interface Burst {
  readonly bit: number;
  readonly length: number;
  readonly mask: bigint;
}

function sweep(trace: Buffer, flips: number, burstAt: (i: number) => Burst): FlipFigures {
  const whole = new TraceReader(new MemorySource(trace));
  let [detected, placed, columnNamed, inColumns] = [0, 0, 0, 0];
  for (let i = 0; i < flips; i++) {
    const burst = burstAt(i);
    const outcome = checkFlip(trace, burst);
    const where = `bit ${burst.bit}, mask ${burst.mask.toString(2)}`;
    demand(outcome.detected, `${where}: not detected`);
    demand(outcome.placed, `${where}: not placed`);
    detected++;
    placed++;
    const inBody = whole.batches.some(
      ({ frame }) => burst.bit >> 3 >= frame.bodyOffset && (burst.bit + 31) >> 3 < frame.end,
    );
    if (inBody) inColumns++;
    if (inBody && outcome.columns === 1) columnNamed++;
    progress(i, flips);
  }
  return { bytes: trace.byteLength, flips, detected, placed, columnNamed, inColumns };
}

function checkFlip(trace: Buffer, { bit, length, mask }: Burst) {
  const bytes = Buffer.from(trace);
  for (let i = 0; i < length; i++) {
    if (((mask >> BigInt(i)) & 1n) === 1n) bytes[(bit + i) >> 3] ^= 1 << ((bit + i) & 7);
  }
  const byte = bit >> 3;
  let reader: TraceReader;
  try {
    reader = new TraceReader(new MemorySource(bytes));
  } catch (error) {
    demand(error instanceof VfrError, `bit ${bit}: ${error}`);
    return { detected: true, placed: true, columns: 0 };
  }
  const damage = verifyTrace(reader);
  for (const info of reader.batches) {
    const row = info.rows - 1;
    const value = reader.batch(info).column('value').low(row);
    demand(value === expectedValue(info.seqFirst + row), `bit ${bit}: another value was read`);
  }
  const found = damage.find(({ offset, end }) => offset <= byte && byte < end);
  const inEnd = byte >= trace.byteLength - END_OF_STREAM_BYTES - 4;
  const placedInCut = reader.cutAt !== null && reader.cutAt <= byte;
  return {
    detected: !reader.completeness.complete,
    placed: found !== undefined || inEnd || placedInCut,
    columns: found?.columns?.length ?? 0,
  };
}

function show(what: string, figures: FlipFigures): void {
  const { bytes, flips, detected, placed, columnNamed, inColumns } = figures;
  const share = (part: number, all: number) => `${((100 * part) / all).toFixed(2)} %`;
  console.log(
    `${what}: ${flips} on ${bytes} bytes: detected ${share(detected, flips)}, ` +
      `placed ${share(placed, flips)}, column named ${columnNamed} of ${inColumns} within columns`,
  );
}

if (isProgram(import.meta)) {
  const { count, seed } = sweepOptions(Number.MAX_SAFE_INTEGER);
  show('single bits', sweepSingleBits(count));
  show(`bursts (seed ${seed})`, sweepBursts(Math.min(count, 50_000), seed));
}
