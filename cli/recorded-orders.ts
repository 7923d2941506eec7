/** Other orders of what a recording shows: `vfr explore` and `vfr explain` of a recorded trace. */
import type { ExploredLife, RecordedLife } from '../analysis/index.js';
import type { Condition, FoundOutcome, WitnessStep } from '../replay/index.js';
import type { Bdf, TraceReader } from '../traces/index.js';
import { type Explained, factsOf as explainedFacts, formatExplained } from './explained-text.js';
import {
  coverageText,
  noSeqText,
  outcomeFacts,
  outcomeText,
  seqText,
  shareText,
} from './explored-text.js';
import { paint, print, printJson } from './output.js';
import { plural } from './plural.js';
import { printable } from './printable.js';
import { wrongOption } from './recording-options.js';
import { endsAs, outcomeNumbered } from './run-source.js';
import { refuseUnmodelled } from './scenario-run.js';

export interface RecordingOptions {
  readonly kernel?: string;
  readonly question?: string;
  readonly window?: readonly [number, number];
  readonly onDifference?: 'continue' | 'stop';
  readonly states: number;
  readonly json?: boolean;
}

/** All orders of each life. */
export async function exploreRecording(
  reader: TraceReader,
  options: RecordingOptions & { readonly never: readonly string[] },
): Promise<readonly ExploredLife[]> {
  const { exploreLives } = await import('../analysis/index.js');
  const { anyOf, namesInRecording, parseExpression } = await import('../replay/index.js');
  // A text that is no expression is refused also where no function has a life.
  for (const text of options.never) parseExpression(text);
  const forbidden = ({ world }: RecordedLife): Condition => {
    const names = namesInRecording(world);
    const violated = anyOf(options.never.map((text) => parseExpression(text, { names })));
    return {
      watches: violated.watches,
      holds: (k, outcome) => outcome.deadlock !== null || violated.holds(k, outcome),
    };
  };
  return [...exploreLives(reader, { ...(await lifeOptions(reader, options)), forbidden })];
}

/** Outcome N of all lives together, from 1. */
export const outcomeOfLives = (lives: readonly ExploredLife[], number: number) =>
  outcomeNumbered(
    lives.flatMap((life) => life.found.outcomes.map((outcome) => ({ life, outcome }))),
    number,
  );

async function lifeOptions(reader: TraceReader, options: RecordingOptions) {
  const { parseShortBdf } = await import('../traces/index.js');
  const { question, window, states, onDifference = 'continue' } = options;
  const kernel = options.kernel ?? reader.meta.kernel ?? UNKNOWN_KERNEL;
  await refuseUnmodelled(kernel);
  const device = question === undefined ? null : parseShortBdf(question);
  if (question !== undefined && device === null) {
    throw await wrongOption(`${question} is no PCI address`, 'Write it like 0000:41:00.1.');
  }
  return {
    kernel,
    states,
    onDifference,
    ...(device === null ? {} : { device: device as Bdf }),
    ...(window === undefined ? {} : { seqs: window }),
  };
}

/** Rules for recordings that do not name their kernel. */
const UNKNOWN_KERNEL = '6.12';

/** All lives; with a single one, its members are also those of the document. */
export async function factsOfLives(lives: readonly ExploredLife[]): Promise<object> {
  const facts = await Promise.all(lives.map((life) => factsOfLife(life)));
  const counts = lives.map(({ found }) => found.orders);
  return {
    closed: lives.every(({ found }) => found.closed),
    states: lives.reduce((sum, { found }) => sum + found.states, 0),
    orders: lives.length === 1 ? counts[0] : null,
    outcomes: facts.flatMap(({ outcomes }) => outcomes),
    lives: facts,
  };
}

async function factsOfLife(one: ExploredLife) {
  const { device, from, to, assumed, life, found } = one;
  const outcomes = await Promise.all(
    found.outcomes.map(async (outcome) => ({
      device,
      ...(await outcomeFacts(outcome, found)),
      recorded: isRecorded(one, outcome),
      witness: await witnessIn(one, outcome),
    })),
  );
  const { closed, coverage, states, orders } = found;
  const head = { device, from, to, assumedAutoprobe: assumed, recorded: { [device]: life.driver } };
  return { ...head, closed, coverage, states, orders, outcomes };
}

const isRecorded = ({ device, life }: RecordedLife, { outcome }: FoundOutcome): boolean =>
  outcome.deadlock === null && (outcome.drivers[device] ?? null) === life.driver;

/** A run that ends so, with the events of the recording at which its operations began. */
async function witnessIn({ life, world }: RecordedLife, { schedule }: FoundOutcome) {
  const { recordedOperation } = await import('../analysis/index.js');
  const { witnessOf } = await import('../replay/index.js');
  return witnessOf(world, schedule).map((step: WitnessStep) => ({
    ...step,
    seq: recordedOperation(life, step.actor, step.operation)?.seq ?? null,
  }));
}

/** Outcomes are numbered through all lives. */
export async function formatLives(lives: readonly ExploredLife[]): Promise<string> {
  if (lives.length === 0) return 'No function was bound or unbound by two actors.';
  let before = 0;
  const blocks = await Promise.all(
    lives.map((life) => {
      const first = before + 1;
      before += life.found.outcomes.length;
      return formatLife(life, first);
    }),
  );
  return blocks.join('\n\n');
}

/** @param first number of its first outcome */
async function formatLife(one: ExploredLife, first: number): Promise<string> {
  const { device, from, to, assumed, found, life } = one;
  const assumption = assumed === null ? '' : `, if autoprobe was ${assumed ? 'on' : 'off'}`;
  const actors = life.actors.map(({ name }) => name).join(', ');
  const lines = [
    paint('bold', `${device}  seq ${from} to ${to}${assumption}: ${actors}`),
    `  ${plural(found.outcomes.length, 'outcome')}; ${coverageText(found)}`,
  ];
  for (const [i, outcome] of found.outcomes.entries()) {
    const share = await shareText(outcome, found);
    const mark = isRecorded(one, outcome) ? '  (recorded)' : '';
    const name = `outcome ${first + i}${share === '' ? '' : `, ${share}`}`;
    lines.push(`  ${name}: ${await outcomeText(outcome)}${mark}`);
    if (mark !== '') continue;
    const witness = await witnessIn(one, outcome);
    const steps = witness.map(({ actor, what, seq }) => `${seqText(seq)}  ${actor}  ${what}`);
    const dash = noSeqText(witness.map(({ seq }) => seq));
    lines.push(...[...steps, ...dash].map((text) => `           ${text}`));
  }
  return lines.map((line) => printable(line)).join('\n');
}

/** Explains the first life that ended otherwise than wanted. @returns whether it could */
export async function explainRecording(
  reader: TraceReader,
  file: string,
  { want, ...options }: RecordingOptions & { readonly want?: string },
): Promise<boolean> {
  const { explainLife, recordedLives } = await import('../analysis/index.js');
  const { endOf } = await import('../replay/index.js');
  const lifeOf = await lifeOptions(reader, options);
  let last: Explained | null = null;
  for (const one of recordedLives(reader, lifeOf)) {
    const wanted = await wantedOf(one, want);
    if (wanted === null) continue;
    const { end: bad, world, life } = one;
    // Of all functions: the end of a life is of its own one.
    const whole = endOf(world, life.schedule);
    const isWanted = await endsAs(world, life.schedule, whole, wanted.condition);
    const found = isWanted ? null : explainLife(one, lifeOf.states, wanted.condition);
    last = { name: file, world, bad, want: wanted.text, isWanted, found };
    if (!isWanted) break;
  }
  if (last === null) {
    const what = 'no function is there of which two actors wanted something';
    throw await wrongOption(what, 'Say what is wanted by --want, and of which function.');
  }
  if (options.json === true) await printJson(explainedFacts(last));
  else await print(formatExplained(last));
  return last.isWanted || last.found !== null;
}

/** What is wanted of a life: what the option says, or the driver of the last override. */
async function wantedOf(
  { device, world, life }: RecordedLife,
  want: string | undefined,
): Promise<{ readonly condition: Condition; readonly text: string } | null> {
  const { anyOf, namesInRecording, parseExpression } = await import('../replay/index.js');
  const override = life.lifetime.operations.findLast(
    ({ action }) => action.type === 'override' && action.driver !== null,
  )?.action;
  const driver = override?.type === 'override' ? override.driver : null;
  const text = want ?? (driver === null ? null : `driver(${device}) == "${driver}"`);
  if (text === null) return null;
  const expression = parseExpression(text);
  try {
    parseExpression(text, { names: namesInRecording(world) });
  } catch {
    // The condition is about another function.
    return null;
  }
  return { condition: anyOf([expression]), text };
}
