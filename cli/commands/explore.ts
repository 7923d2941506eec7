import type { Command } from 'commander';
import { reportFinding } from '../exit-codes.js';
import { type Explored, formatByKernel, formatExplored, outcomeFacts } from '../explored-text.js';
import { parseRelease } from '../kernel-release.js';
import { listOf } from '../list-options.js';
import { parseCount } from '../number-options.js';
import { print, printJson } from '../output.js';
import { exploreRecording, factsOfLives, formatLives, outcomeOfLives } from '../recorded-orders.js';
import { onDifferenceOption, parseWindow, STATES, wrongOption } from '../recording-options.js';
import {
  exploreRun,
  findRun,
  outcomeNumbered,
  type Recording,
  type RunSource,
  wholeRecording,
} from '../run-source.js';
import { writeRun } from '../scenario-run.js';
import { modeOption, parseOutput, writeText } from '../trace-output.js';

interface Options {
  readonly json?: boolean;
  readonly kernel?: readonly string[];
  readonly never?: readonly string[];
  readonly question?: string;
  readonly window?: readonly [number, number];
  readonly onDifference?: 'continue' | 'stop';
  readonly states: number;
  readonly exact?: boolean;
  readonly reduce?: boolean;
  readonly witness?: number;
  readonly output?: string;
  readonly schedule?: string;
  readonly mode?: number;
  readonly whole?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('explore')
    .description('find every way in which a run can end, whatever the order of its steps')
    .argument('<source>', 'name of a scenario, a file with one, a schedule, or a trace')
    .option(
      '--kernel <releases>',
      "on these kernels instead of the scenario's own, such as 6.12,6.18",
      listOf(parseRelease),
    )
    .option('--never <expression>', 'what no run may end with (repeatable)', collect)
    .option('--question <device>', 'only the driver of this function, and what can matter to it')
    .option(
      '--window <first..last>',
      'of a recording: only lives with operations in it',
      parseWindow,
    )
    .option('--whole', 'of a recording: all of it as one run, as `vfr races` searches it')
    .addOption(onDifferenceOption())
    .option('--states <n>', 'states that one search enters at most', parseCount, STATES)
    .option('--reduce', 'skip orders that make no difference; orders are not counted then')
    .option('--exact', 'compare states by their content, not by a hash of 64 bits')
    .option(
      '--witness <n>',
      'write a run that ends with outcome N, by -o or --schedule',
      parseCount,
    )
    .option('-o, --output <trace>', 'with --witness: trace to write, - for stdout', parseOutput)
    .option('--schedule <file>', 'with --witness: schedule to write, for vfr replay --schedule')
    .option('--json', 'print one JSON document');
  modeOption(command).action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const source = await findRun(name);
  if (!('reader' in source)) return exploreSource(source, name, options);
  try {
    if (options.whole !== true) return await exploreTrace(source, name, options);
    await exploreSource(await wholeRecording(source, name, options.kernel?.[0]), name, options);
  } finally {
    source.reader.close();
  }
}

async function exploreSource(source: RunSource, name: string, options: Options): Promise<void> {
  const { kernel: kernels = [source.run.machine.kernel], json, witness } = options;
  await refuseHalfWitness(options);
  if (witness !== undefined && kernels.length > 1) {
    throw await wrongOption('a run is recorded on one kernel', 'Name one with --kernel.');
  }
  const explored: Explored[] = [];
  for (const kernel of kernels) explored.push(await exploreRun(source, kernel, options));
  const [first] = explored;
  if (witness !== undefined) {
    const { schedule } = await outcomeNumbered(first.found.outcomes, witness);
    return writeWitness(first, schedule, witness, name, options);
  }
  if (json === true) {
    const facts = await Promise.all(explored.map((one) => factsOf(one)));
    await printJson(facts.length === 1 ? facts[0] : { kernels: facts });
  } else if (explored.length === 1) await print(await formatExplored(first));
  else await print(await formatByKernel(explored));
  if (explored.some(({ found }) => found.outcomes.some(({ isBad }) => isBad))) reportFinding();
}

/** Each life of a recording by itself: it has one kernel. */
async function exploreTrace({ reader }: Recording, name: string, options: Options): Promise<void> {
  const { kernel: kernels = [], witness, never = [], ...more } = options;
  if (kernels.length > 1) throw await wrongOption('a recording has one kernel', 'Name one.');
  await refuseHalfWitness(options);
  const [kernel] = kernels;
  const lives = await exploreRecording(reader, {
    ...more,
    never,
    ...(kernel === undefined ? {} : { kernel }),
  });
  if (witness !== undefined) {
    const { outcome, life } = await outcomeOfLives(lives, witness);
    const { world, device } = life;
    const run = { scenario: device, named: null, kernel: world.spec.machine.kernel, world };
    return writeWitness(run, outcome.schedule, witness, name, options);
  }
  if (options.json === true) await printJson(await factsOfLives(lives));
  else await print(await formatLives(lives));
  if (lives.some(({ found }) => found.outcomes.some(({ isBad }) => isBad))) reportFinding();
}

/** A witness and a file to write it to belong together. */
async function refuseHalfWitness({ witness, output, schedule }: Options): Promise<void> {
  const isWritten = output !== undefined || schedule !== undefined;
  if ((witness !== undefined) === isWritten) return;
  const what = '--witness and an output (-o or --schedule) only make sense together';
  throw await wrongOption(what, 'Add the other one.');
}

const collect = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
];

async function factsOf({ scenario, kernel, world, found }: Explored): Promise<object> {
  const { witnessOf } = await import('../../replay/index.js');
  const { closed, coverage, components, states, edges, orders } = found;
  const outcomes = await Promise.all(
    found.outcomes.map(async (one) => ({
      ...(one.component === null ? {} : { component: one.component }),
      ...(await outcomeFacts(one, found)),
      witness: witnessOf(world, one.schedule),
    })),
  );
  return { scenario, kernel, closed, coverage, components, states, edges, orders, outcomes };
}

async function writeWitness(
  { scenario, named, kernel, world }: Omit<Explored, 'found'>,
  schedule: readonly number[],
  number: number,
  nameOrFile: string,
  { output, schedule: scheduleFile, ...options }: Options,
): Promise<void> {
  if (scheduleFile !== undefined) {
    const { scheduleDocument, scheduleText } = await import('../../replay/index.js');
    const document = scheduleDocument(world.spec, schedule, { named, seed: null });
    await writeText({ ...options, output: scheduleFile }, nameOrFile, scheduleText(document));
  }
  if (output === undefined) return;
  const notes = { scenario, outcome: String(number) };
  await writeRun(
    { nameOrFile, world, schedule, named, seed: null, notes },
    { ...options, output },
    (outcome) => ({ scenario, kernel, witness: number, outcome }),
  );
}
