/** Finds scenarios by name or in a file, and records runs of them. */
import { readFileSync } from 'node:fs';
import type { Outcome, ScenarioDocument } from '../replay/index.js';
import { reportFinding } from './exit-codes.js';
import { note } from './output.js';
import { plural } from './plural.js';
import { refuseStreams } from './shell-streams.js';
import { type OutputOption, writerName, writeTrace } from './trace-output.js';

interface RunOptions extends OutputOption {
  readonly seed?: number;
  readonly kernel?: string;
}

/** A scenario that comes with vfr, or one from a file. A name with a slash or a dot is a file. */
export async function findScenario(nameOrFile: string): Promise<ScenarioDocument> {
  const { SCENARIOS, readScenario } = await import('../replay/index.js');
  const found = SCENARIOS.find(({ name }) => name === nameOrFile);
  if (found !== undefined) return found;
  if (!/[/.]/.test(nameOrFile)) throw await unknownScenario(nameOrFile);
  return readScenario(await readText(nameOrFile), nameOrFile);
}

export async function readText(file: string): Promise<string> {
  await refuseStreams([file]);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { fileError } = await import('../traces/index.js');
    throw fileError(error, file, 'reading');
  }
}

async function unknownScenario(name: string): Promise<Error> {
  const { VfrError } = await import('../traces/index.js');
  const what = `no scenario is called "${name}"`;
  const next = '`vfr scenarios` lists them; a file is named with its folder, such as ./my.json.';
  return new VfrError('SCENARIO_UNKNOWN', what, next);
}

/** Runs a scenario with one schedule and writes what a recorder would have recorded. */
export async function recordScenario(nameOrFile: string, options: RunOptions): Promise<void> {
  const { boot, kindOf, randomly, run, runsKernel, SCENARIOS, specOf, TraceRecorder, World } =
    await import('../replay/index.js');
  const document = await findScenario(nameOrFile);
  const reads = SCENARIOS.includes(document) ? [] : [nameOrFile];
  const { seed = 1, kernel = document.kernel } = options;
  if (!runsKernel(kernel)) throw await tooOld(kernel);
  const { name } = document;
  const meta = {
    clock: 'mono',
    kernel,
    writer: writerName(),
    notes: { scenario: name, seed: String(seed) },
  };
  const outcome = await writeTrace(
    { ...options, reads },
    [],
    meta,
    ({ events }) => {
      const world = new World(specOf(document, kernel));
      return run(boot(world, new TraceRecorder(world, events)), randomly(seed));
    },
    (ended) => ({ scenario: name, seed, kernel, outcome: ended }),
  );
  await printOutcome(outcome);
  if (kernel !== document.kernel || kindOf(outcome, document.outcomes) >= 0) return;
  note('this is not an outcome that the scenario names');
  reportFinding();
}

/** The error for a kernel release that the simulated kernel does not support. */
export async function tooOld(kernel: string): Promise<Error> {
  const { VfrError } = await import('../traces/index.js');
  const what = `kernel ${kernel} is not modelled`;
  return new VfrError('SCENARIO_KERNEL', what, 'Name one from 5.15 on.');
}

async function printOutcome({ drivers, deadlock, faults, notDone }: Outcome): Promise<void> {
  const { describeDeadlock } = await import('../replay/index.js');
  for (const [address, driver] of Object.entries(drivers)) {
    note(`${address}: ${driver ?? 'no driver'}`);
  }
  if (deadlock !== null) note(`deadlock: ${describeDeadlock(deadlock)}`);
  for (const fault of faults) note(`a bug of the kernel was hit: ${fault}`);
  for (const [actor, operations] of Object.entries(notDone)) {
    note(`${actor} did not reach its last ${plural(operations, 'operation')}`);
  }
}
