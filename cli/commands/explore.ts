import { type Command, InvalidArgumentError } from 'commander';
import type { Outcome, ScenarioDocument } from '../../replay/index.js';
import { reportFinding } from '../exit-codes.js';
import { type Explored, formatByKernel, formatExplored } from '../explored-text.js';
import { parseRelease } from '../kernel-release.js';
import { listOf } from '../list-options.js';
import { print, printJson } from '../output.js';
import { findScenario, worldOn, writeRun } from '../scenario-run.js';
import { modeOption, parseOutput } from '../trace-output.js';

interface Options {
  readonly json?: boolean;
  readonly kernel?: readonly string[];
  readonly states: number;
  readonly exact?: boolean;
  readonly reduce?: boolean;
  readonly witness?: number;
  readonly output?: string;
  readonly mode?: number;
}

/** States that one search enters at most: a few seconds. */
const STATES = 200_000;
/** Runs by chance, when there are more states. */
const SAMPLES = 2000;

export function register(program: Command): void {
  const command = program
    .command('explore')
    .description('find every way in which a scenario can end, whatever the order of its steps')
    .argument('<scenario>', 'name of a scenario, as vfr scenarios lists them, or a file')
    .option(
      '--kernel <releases>',
      "on these kernels instead of the scenario's own, such as 6.12,6.18",
      listOf(parseRelease),
    )
    .option('--states <n>', 'states that one search enters at most', parseCount, STATES)
    .option('--reduce', 'skip orders that make no difference; orders are not counted then')
    .option('--exact', 'compare states by their content, not by a hash of 64 bits')
    .option('--witness <n>', 'record a run that ends with outcome N; needs -o', parseCount)
    .option('-o, --output <trace>', 'with --witness: trace to write, - for stdout', parseOutput)
    .option('--json', 'print one JSON document');
  modeOption(command).action(run);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new InvalidArgumentError('Write a number from 1 on.');
}

async function run(source: string, options: Options): Promise<void> {
  const document = await findScenario(source);
  const { kernel: kernels = [document.kernel], json, witness, output } = options;
  if ((witness === undefined) !== (output === undefined)) {
    throw await wrongOption('--witness and -o only make sense together', 'Add the other one.');
  }
  if (witness !== undefined && kernels.length > 1) {
    throw await wrongOption('a run is recorded on one kernel', 'Name one with --kernel.');
  }
  const explored: Explored[] = [];
  for (const kernel of kernels) explored.push(await exploreOn(document, kernel, options));
  const [first] = explored;
  if (witness !== undefined && output !== undefined) {
    return recordWitness(first, witness, source, { ...options, output });
  }
  if (json === true) {
    const facts = await Promise.all(explored.map((one) => factsOf(one)));
    await printJson(facts.length === 1 ? facts[0] : { kernels: facts });
  } else if (explored.length === 1) await print(await formatExplored(first));
  else await print(await formatByKernel(explored));
  if (explored.some(({ found }) => found.outcomes.some(({ isBad }) => isBad))) reportFinding();
}

async function exploreOn(
  document: ScenarioDocument,
  kernel: string,
  { states, exact = false, reduce }: Options,
): Promise<Explored> {
  const { exploreOrders, kindOf } = await import('../../replay/index.js');
  const world = await worldOn(document, kernel);
  // What the scenario says holds for its own kernel.
  const isUnnamed = (outcome: Outcome) =>
    kernel === document.kernel && kindOf(outcome, document.outcomes) < 0;
  const found = exploreOrders(world, {
    states,
    exact,
    reduce: reduce === true ? 'always' : 'ifNeeded',
    samples: SAMPLES,
    isBad: (outcome) =>
      outcome.deadlock !== null || outcome.faults.length > 0 || isUnnamed(outcome),
  });
  return { scenario: document.name, kernel, world, found };
}

async function factsOf({ scenario, kernel, world, found }: Explored): Promise<object> {
  const { describeDeadlock, shareOf, witnessOf } = await import('../../replay/index.js');
  const { closed, coverage, states, edges, orders } = found;
  const outcomes = found.outcomes.map(({ outcome, isBad, schedule, ...one }) => ({
    drivers: outcome.drivers,
    orders: one.orders,
    share: shareOf(one, found),
    deadlock: outcome.deadlock === null ? null : describeDeadlock(outcome.deadlock),
    faults: outcome.faults,
    bad: isBad,
    witness: witnessOf(world, schedule),
  }));
  return { scenario, kernel, closed, coverage, states, edges, orders, outcomes };
}

async function recordWitness(
  { scenario, kernel, world, found }: Explored,
  number: number,
  nameOrFile: string,
  options: Options & { readonly output: string },
): Promise<void> {
  const { scheduled } = await import('../../replay/index.js');
  const chosen = found.outcomes[number - 1];
  if (chosen === undefined) {
    const { length } = found.outcomes;
    throw await wrongOption(`there is no outcome ${number}`, `Name one from 1 to ${length}.`);
  }
  const notes = { scenario, outcome: String(number) };
  await writeRun(
    { nameOrFile, kernel, world, schedule: scheduled(chosen.schedule), notes },
    options,
    (outcome) => ({ scenario, kernel, witness: number, outcome }),
  );
}

async function wrongOption(what: string, next: string): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  return new VfrError('EXPLORE_OPTION', what, next);
}
