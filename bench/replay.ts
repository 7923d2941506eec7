/**
 * Speed of a replay with full verdicts and hashing, and of going to random events.
 *
 *   node dist/bench/replay.js TRACE...
 *
 * Times are processor time of this process, so that other work on the machine counts less.
 */
import { basename } from 'node:path';
import { replay, Timeline } from '../replay/index.js';
import { TraceReader } from '../traces/index.js';

const ROUNDS = 5;
const SEEKS = 200;

/** Processor time in milliseconds of what `work` does, that of compiling and collecting included. */
function measure(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const quantile = (sorted: readonly number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

function benchReplay(file: string, reader: TraceReader): void {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ms = measure(() => {
      replay(reader.read(), { kernel: reader.meta.kernel });
    });
    rates.push(reader.events / ms / 1000);
  }
  const cold = rates[0].toFixed(2);
  const warm = Math.max(...rates).toFixed(2);
  const decoding = measure(() => {
    for (const batch of reader.read()) batch.column('kind');
  });
  console.log(
    `${basename(file)}: ${reader.events} events, ${cold} M/s at first, ${warm} M/s warm`,
    `(reading alone ${decoding.toFixed(0)} ms)`,
  );
}

/** The first pass makes the checkpoints; what is measured is going about after it. */
function benchSeek(file: string, reader: TraceReader): void {
  const timeline = new Timeline(reader, { kernel: reader.meta.kernel });
  const first = measure(() => timeline.seek(reader.events));
  const times: number[] = [];
  for (let i = 0; i < SEEKS; i++) {
    // Places that no pattern of checkpoints favours.
    const seq = Math.floor(((i * 0.618034) % 1) * reader.events);
    times.push(measure(() => timeline.seek(seq)));
  }
  times.sort((a, b) => a - b);
  const [median, p99, max] = [0.5, 0.99, 1].map((q) => quantile(times, q).toFixed(1));
  console.log(
    `${basename(file)}: seek ${median} ms median, ${p99} ms p99, ${max} ms at most`,
    `(checkpoints once: ${first.toFixed(0)} ms)`,
  );
}

for (const file of process.argv.slice(2)) {
  const reader = TraceReader.open(file);
  benchReplay(file, reader);
  benchSeek(file, reader);
  reader.close();
}
