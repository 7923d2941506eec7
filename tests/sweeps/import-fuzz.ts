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
import { mutantOf, type Sample, samples } from './import-corpus.js';
import { type MutantFigures, sweep } from './mutants.js';
import { demand, isProgram, sweepOptions } from './options.js';

export const MEMORY_BYTES_MAX = 512 << 20;
/** Small, because each mutant gets columns of its own. */
const BATCH_ROWS = 256;
/** A trace that is written and verified costs ten times what appending its events does. */
const WRITE_EVERY = 16;
/** Bytes of text and data that events may hold, for each byte of the input and for each event. */
const HELD_PER_BYTE = 12;
const HELD_PER_EVENT = 1_000;

export interface ImportFuzzFigures extends MutantFigures {
  readonly formats: number;
  readonly events: number;
}

export function sweepImports(count: number, seed: number): ImportFuzzFigures {
  const all = samples();
  const formats = new Set(all.map(({ importer }) => importer.format)).size;
  let events = 0;
  const figures = sweep(count, seed, (random, i) => {
    const sample = random.pick(all);
    const bytes = mutantOf(sample, all, random);
    const chunkBytes = 1 + random.below(5_000);
    const survives = () => {
      const made = importMutant(sample, bytes, chunkBytes, i % WRITE_EVERY === 0);
      events += made ?? 0;
      return made !== null;
    };
    return { name: `${sample.importer.format}, ${sample.name}`, survives };
  });
  return { ...figures, formats, events };
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
