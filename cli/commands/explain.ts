import type { Command } from 'commander';
import type { Condition, Outcome, World } from '../../replay/index.js';
import { reportFinding } from '../exit-codes.js';
import { type Explained, factsOf, formatExplained } from '../explained-text.js';
import { parseRelease } from '../kernel-release.js';
import { parseCount } from '../number-options.js';
import { print, printJson } from '../output.js';
import { explainRecording } from '../recorded-orders.js';
import { onDifferenceOption, parseWindow, STATES, wrongOption } from '../recording-options.js';
import {
  endsAs,
  exploreRun,
  findRun,
  forbidden,
  outcomeNumbered,
  type Recording,
  type RunSource,
} from '../run-source.js';
import { refuseUnmodelled } from '../scenario-run.js';

interface Options {
  readonly want?: string;
  readonly outcome?: number;
  readonly question?: string;
  readonly window?: readonly [number, number];
  readonly onDifference?: 'continue' | 'stop';
  readonly kernel?: string;
  readonly states: number;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('explain')
    .description('say which order of which two operations decided how a run ended')
    .argument('<bad>', 'recording, trace of a run, schedule, or with --outcome a scenario')
    .option('--want <expression>', 'the end that is wanted; else the first one that is allowed')
    .option('--outcome <n>', 'explain outcome N of vfr explore', parseCount)
    .option('--question <device>', 'of a recording: why this function ended so')
    .option(
      '--window <first..last>',
      'of a recording: only lives with operations in it',
      parseWindow,
    )
    .addOption(onDifferenceOption())
    .option('--kernel <release>', 'of a recording that does not name its kernel', parseRelease)
    .option('--states <n>', 'states that one search enters at most', parseCount, STATES)
    .option('--json', 'print one JSON document')
    .action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const source = await findRun(name);
  if ('reader' in source) return explainTrace(source, name, options);
  await refuseUnmodelled(source.run.machine.kernel);
  const explained = await explain(source, options);
  if (options.json === true) await printJson(factsOf(explained));
  else await print(formatExplained(explained));
  if (explained.found === null && !explained.isWanted) reportFinding();
}

async function explainTrace({ reader }: Recording, name: string, options: Options): Promise<void> {
  try {
    if (!(await explainRecording(reader, name, options))) reportFinding();
  } finally {
    reader.close();
  }
}

async function explain(source: RunSource, options: Options): Promise<Explained> {
  const { endOf, explainRun, World } = await import('../../replay/index.js');
  const world = new World(source.run);
  const schedule = await scheduleOf(source, options);
  const bad = endOf(world, schedule);
  const { want, text } = await wantedEnd(source, world, bad, options.want);
  const isWanted = await endsAs(world, schedule, bad, want);
  const found = isWanted
    ? null
    : explainRun(world, schedule, {
        states: options.states,
        watches: want.watches,
        isBad: (outcome, kernel) => !want.holds(kernel, outcome),
      });
  const head = { name: source.name, world, bad, found };
  if (found !== null || options.want !== undefined) return { ...head, want: text, isWanted };
  // There is no wish, and nothing else that is allowed can come: an allowed end is all right.
  const not = await forbidden(source, source.run.machine.kernel, []);
  const isAllowed = !(await endsAs(world, schedule, bad, not));
  return {
    ...head,
    want: isAllowed ? 'no other allowed end was found' : text,
    isWanted: isAllowed,
  };
}

/** The order to explain. */
async function scheduleOf(source: RunSource, { outcome, states }: Options) {
  if (outcome === undefined) {
    if (source.schedule !== null) return source.schedule;
    throw await wrongOption(
      'a scenario has many orders',
      'Name an outcome of `vfr explore` by --outcome, or a trace of a run.',
    );
  }
  const explored = await exploreRun(source, source.run.machine.kernel, { states });
  return (await outcomeNumbered(explored.found.outcomes, outcome)).schedule;
}

/** What is wanted, and how it is called. */
async function wantedEnd(
  source: RunSource,
  world: World,
  bad: Outcome,
  expression: string | undefined,
): Promise<{ readonly want: Condition; readonly text: string }> {
  const { anyOf, kindOf, namesIn, parseExpression } = await import('../../replay/index.js');
  if (expression !== undefined) {
    const parsed = parseExpression(expression, { names: namesIn(world) });
    return { want: anyOf([parsed]), text: expression };
  }
  const { named } = source;
  const kind = named?.outcomes.find((one) => kindOf(bad, [one]) < 0);
  if (kind !== undefined) {
    const want: Condition = { watches: [], holds: (_, one) => kindOf(one, [kind]) >= 0 };
    return { want, text: JSON.stringify(kind) };
  }
  const not = await forbidden(source, source.run.machine.kernel, []);
  const before = JSON.stringify(bad.drivers);
  const want: Condition = {
    watches: not.watches,
    holds: (k, one) => JSON.stringify(one.drivers) !== before && !not.holds(k, one),
  };
  return { want, text: 'another allowed end' };
}
