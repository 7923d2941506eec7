/**
 * Steps per second of the kernel that runs, forward, with events and without.
 *
 *   node dist/bench/kernel.js
 *
 * Processor time of this process, the best of several rounds of all scenarios that come with vfr.
 */
import { boot, randomly, run, SCENARIOS, specOf, TraceRecorder, World } from '../replay/index.js';
import { MemorySink, TraceWriter } from '../traces/index.js';

const ROUNDS = 5;
const SEEDS = 60;
const META = { clock: 'mono', writer: 'bench', notes: {} };

const worlds = SCENARIOS.map((document) => new World(specOf(document)));

/** @returns steps done */
function round(withEvents: boolean): number {
  let steps = 0;
  for (const world of worlds) {
    const writer = withEvents ? new TraceWriter(new MemorySink(), META) : null;
    for (let seed = 0; seed < SEEDS; seed++) {
      const recorder = writer === null ? null : new TraceRecorder(world, writer.events);
      const k = boot(world, recorder);
      run(k, randomly(seed));
      steps += k.stepsDone;
    }
    writer?.finish();
  }
  return steps;
}

/** Steps of one thread after the other, without the choice between them and without booting. */
function bare(): { steps: number; seconds: number } {
  let [steps, seconds] = [0, 0];
  for (const world of worlds) {
    for (let i = 0; i < SEEDS; i++) {
      const k = boot(world);
      const before = process.cpuUsage();
      for (let thread = 0; thread < k.threads; thread++) while (k.canRun(thread)) k.step(thread);
      const { user, system } = process.cpuUsage(before);
      steps += k.stepsDone;
      seconds += (user + system) / 1e6;
    }
  }
  return { steps, seconds };
}

function best(measure: () => number): string {
  let most = 0;
  for (let i = 0; i < ROUNDS; i++) most = Math.max(most, measure());
  return `${(most / 1e6).toFixed(2)} M steps/s`;
}

function rate(withEvents: boolean): number {
  const before = process.cpuUsage();
  const steps = round(withEvents);
  const { user, system } = process.cpuUsage(before);
  return (steps * 1e6) / (user + system);
}

console.log(
  'with events     ',
  best(() => rate(true)),
);
console.log(
  'without events  ',
  best(() => rate(false)),
);
console.log(
  'steps alone     ',
  best(() => {
    const { steps, seconds } = bare();
    return steps / seconds;
  }),
);
