/**
 * Random runs of the kernel that runs, judged by the judge: prints what it says of each run that it
 * does not wholly agree with.
 *
 *   node dist/tests/cross-judge.js [RUNS] [SEED] [calm | vfio | vfio-alone | udev] [group | cdev | both]
 */
import fc from 'fast-check';
import { type ReplayResult, replay } from '../replay/index.js';
import {
  boot,
  type Outcome,
  type RunSpec,
  randomly,
  run,
  TraceRecorder,
  World,
} from '../replay/kernel/index.js';
import { MemorySink, MemorySource, TraceReader, TraceWriter } from '../traces/index.js';
import { randomRun, seed } from './random-runs.js';
import { withUdev } from './random-udev.js';
import { randomVfioRun } from './random-vfio.js';
import { isProgram } from './sweeps/options.js';

/** The trace of a run. */
export const traceOf = (spec: RunSpec, random: number): TraceReader => runOf(spec, random).reader;

/** A run, and how it ended. */
export function runOf(spec: RunSpec, random: number): { reader: TraceReader; outcome: Outcome } {
  const sink = new MemorySink();
  const meta = { clock: 'mono', kernel: spec.machine.kernel, writer: 'vfr test', notes: {} };
  const writer = new TraceWriter(sink, meta);
  const world = new World(spec);
  const outcome = run(boot(world, new TraceRecorder(world, writer.events)), randomly(random));
  writer.finish();
  return { reader: new TraceReader(new MemorySource(sink.bytes())), outcome };
}

export function judge(reader: TraceReader): ReplayResult {
  return replay(reader.read(), reader.meta);
}

const doorsOf = (text = 'both') => (text === 'group' || text === 'cdev' ? text : 'both');

if (isProgram(import.meta)) {
  const [runs = 300, from = 1] = process.argv.slice(2).map(Number);
  const which = process.argv[4] ?? '';
  const runsOf = which.startsWith('vfio')
    ? randomVfioRun(which === 'vfio', doorsOf(process.argv[5]))
    : which === 'udev'
      ? fc.oneof(withUdev(randomRun()), withUdev(randomVfioRun()))
      : randomRun(which === 'calm');
  let [events, responses, unknown, odd] = [0, 0, 0, 0];
  const sample = fc.sample(fc.tuple(runsOf, seed), { numRuns: runs, seed: from });
  for (const [i, [spec, random]] of sample.entries()) {
    const result = judge(traceOf(spec, random));
    events += result.events;
    responses += result.responses;
    unknown += result.unknown;
    if (result.diverged + result.unmodelled + result.unknown === 0) continue;
    odd++;
    if (odd > 12) continue;
    const kinds = Object.entries(result.kinds).filter(
      ([, c]) => c.unknown + c.diverged + c.unmodelled > 0,
    );
    console.log(
      `run ${i} kernel ${spec.machine.kernel}`,
      JSON.stringify(Object.fromEntries(kinds)),
    );
    for (const d of result.divergences.slice(0, 4)) console.log('  ', JSON.stringify(d));
    for (const d of result.snapshot.doubts) console.log('  doubt', JSON.stringify(d));
  }
  console.log({ runs, events, responses, unknown, odd });
}
