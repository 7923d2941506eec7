/** Cuts a trace at every byte: all complete batches must come back, with a verdict. */
import { MemorySource, TraceReader, VfrError } from '../../traces/index.js';
import { expectedValue, makeTrace } from './corpus.js';
import { demand, isProgram, progress, sweepOptions } from './options.js';

const TRACE = { seed: 1, events: 34_000, batchRows: 4_000 };
const HANG_MS = 2_000;

export interface CutFigures {
  readonly bytes: number;
  readonly cuts: number;
  readonly slowestMs: number;
}

/** Cuts at `count` places, evenly spread over the trace; at every byte when there are that many. */
export function sweepCuts(count: number, options = TRACE): CutFigures {
  const trace = makeTrace(options);
  const whole = new TraceReader(new MemorySource(trace));
  const ends = whole.batches.map(({ frame }) => frame.end);
  const opening = 8 + trace.readUInt32LE(4);
  const cuts = Math.min(count, trace.byteLength);
  let slowestMs = 0;
  for (let i = 0; i < cuts; i++) {
    const size = Math.floor((i * trace.byteLength) / cuts);
    const start = process.cpuUsage();
    const complete = ends.filter((end) => end <= size).length;
    checkCut(trace.subarray(0, size), size < opening ? null : complete);
    // Processor time: a machine that is busy with other things is no hang.
    const { user, system } = process.cpuUsage(start);
    slowestMs = Math.max(slowestMs, (user + system) / 1_000);
    progress(i, cuts);
  }
  demand(slowestMs < HANG_MS, `a cut took ${slowestMs} ms`);
  return { bytes: trace.byteLength, cuts, slowestMs };
}

/** @param batches how many batches are complete, or null when the opening is not */
function checkCut(bytes: Buffer, batches: number | null): void {
  const size = bytes.byteLength;
  let reader: TraceReader;
  try {
    reader = new TraceReader(new MemorySource(bytes));
  } catch (error) {
    demand(error instanceof VfrError && batches === null, `cut at ${size}: ${error}`);
    return;
  }
  demand(batches !== null, `cut at ${size}: opened without its opening`);
  demand(reader.batches.length === batches, `cut at ${size}: ${reader.batches.length} batches`);
  demand(reader.cutAt !== null && reader.cutAt <= size, `cut at ${size}: no verdict`);
  demand(reader.damage.length === 0, `cut at ${size}: told as damage`);
  const last = reader.batches.at(-1);
  if (last === undefined) return;
  const value = reader.batch(last).column('value');
  const row = last.rows - 1;
  demand(value.low(row) === expectedValue(last.seqFirst + row), `cut at ${size}: another value`);
}

if (isProgram(import.meta)) {
  const { bytes, cuts, slowestMs } = sweepCuts(sweepOptions(Number.MAX_SAFE_INTEGER).count);
  console.log(`cut: ${cuts} cuts of a trace of ${bytes} bytes, all complete batches read at each,`);
  console.log(`     0 crashes, 0 hangs, slowest ${slowestMs.toFixed(1)} ms`);
}
