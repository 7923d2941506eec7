/**
 * Imports mutants of recordings of every format. Whatever is broken, an importer gives events of
 * what it understood, or refuses with an error that says why: it does not crash, hang, or make more
 * of an input than the input has.
 */
import {
  EventAppender,
  MemorySink,
  MemorySource,
  TraceReader,
  TraceWriter,
  VfrError,
  verifyTrace,
} from '../../traces/index.js';
import { inputOf } from '../import-bytes.js';
import { Random } from './corpus.js';
import { mutantOf, type Sample, samples } from './import-corpus.js';
import { demand, isProgram, progress, sweepOptions } from './options.js';

export const HANG_MS = 2_000;
export const MEMORY_BYTES_MAX = 512 << 20;
/** Small, because each mutant gets columns of its own. */
const BATCH_ROWS = 256;
/** A trace that is written and verified costs ten times what appending its events does. */
const WRITE_EVERY = 16;
/** Bytes of text and data that events may hold, for each byte of the input and for each event. */
const HELD_PER_BYTE = 12;
const HELD_PER_EVENT = 1_000;

export interface ImportFuzzFigures {
  readonly mutants: number;
  readonly formats: number;
  /** Mutants that were refused with an error of their own. */
  readonly refused: number;
  readonly events: number;
  readonly slowestMs: number;
  readonly memoryBytes: number;
}

export function sweepImports(count: number, seed: number): ImportFuzzFigures {
  const all = samples();
  const formats = new Set(all.map(({ importer }) => importer.format)).size;
  let [refused, events, slowestMs, memoryBytes] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    // Each mutant has a seed of its own, so that one can be repeated alone.
    const random = new Random((seed + i) >>> 0);
    const sample = random.pick(all);
    const bytes = mutantOf(sample, all, random);
    const chunkBytes = 1 + random.below(5_000);
    const start = process.cpuUsage();
    try {
      const made = importMutant(sample, bytes, chunkBytes, i % WRITE_EVERY === 0);
      if (made === null) refused++;
      else events += made;
    } catch (error) {
      const what = `${sample.importer.format}, ${sample.name}: --seed ${(seed + i) >>> 0} --count 1`;
      throw new Error(what, { cause: error });
    }
    // Processor time: a machine that is busy with other things is no hang.
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, took);
    demand(took < HANG_MS, `mutant --seed ${seed + i} --count 1 took ${took} ms`);
    if (i % 256 === 0) memoryBytes = Math.max(memoryBytes, process.memoryUsage.rss());
    progress(i, count);
  }
  return { mutants: count, formats, refused, events, slowestMs, memoryBytes };
}

/** Events that the importer made of a mutant, or null when it refused it. */
function importMutant(
  { importer, name }: Sample,
  bytes: Buffer,
  chunkBytes: number,
  isWritten: boolean,
): number | null {
  const input = inputOf(bytes, chunkBytes, name);
  const confidence = importer.detect(input.head, name);
  demand(confidence >= 0 && confidence <= 1, `confidence ${confidence}`);
  let held = 0;
  const sink = new MemorySink();
  try {
    const meta = { ...importer.meta(input), writer: 'sweep', notes: {} };
    const writer = isWritten ? new TraceWriter(sink, meta, { batchRows: BATCH_ROWS }) : null;
    const events =
      writer?.events ??
      new EventAppender(BATCH_ROWS, ({ columns }) => {
        held += columns.reduce((sum, { buffers }) => sum + (buffers[1]?.byteLength ?? 0), 0);
      });
    const report = importer.read(input, events);
    events.flush();
    writer?.finish();
    demand(report.unparsed <= events.seq, 'every record that was not understood is an event');
    // A byte can make an event of its own only where it is a line of its own.
    demand(
      events.seq <= 2 * bytes.byteLength + 64,
      `${events.seq} events of ${bytes.length} bytes`,
    );
    const most = HELD_PER_BYTE * bytes.byteLength + HELD_PER_EVENT * (events.seq + 1);
    demand(held <= most, `${held} bytes held of ${bytes.length}`);
    if (isWritten) demand(readsBack(sink.bytes(), events.seq), 'the trace reads back');
    return events.seq;
  } catch (error) {
    if (error instanceof VfrError) return null;
    throw error;
  }
}

function readsBack(trace: Buffer, events: number): boolean {
  const reader = new TraceReader(new MemorySource(trace));
  return reader.events === events && verifyTrace(reader).length === 0;
}

if (isProgram(import.meta)) {
  const { count, seed } = sweepOptions(200_000);
  const figures = sweepImports(count, seed);
  const { mutants, formats, refused, events, slowestMs, memoryBytes } = figures;
  demand(memoryBytes < MEMORY_BYTES_MAX, `memory reached ${memoryBytes} bytes`);
  console.log(
    `import-fuzz (seed ${seed}): ${mutants} mutants of ${formats} formats, ${events} events, ` +
      `${refused} refused, 0 crashes, 0 hangs, slowest ${slowestMs.toFixed(0)} ms, ` +
      `memory ${(memoryBytes / (1 << 20)).toFixed(0)} MiB`,
  );
}
