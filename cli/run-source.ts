/**
 * What orders are explored of: a scenario by name or from a file, a schedule, a trace of a run that
 * vfr made, or a recording.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type {
  Condition,
  Exploration,
  Kernel,
  Named,
  Outcome,
  RunSpec,
  World,
} from '../replay/index.js';
import type { TraceReader } from '../traces/index.js';
import type { Explored } from './explored-text.js';
import { openTrace } from './open-trace.js';
import { wrongOption } from './recording-options.js';
import {
  findScenario,
  namedBy,
  readText,
  refuseUnmodelled,
  SCHEDULE_NOTE,
} from './scenario-run.js';

export interface RunSource {
  /** Name of the scenario, or of the file. */
  readonly name: string;
  readonly run: RunSpec;
  readonly named: Named | null;
  /** The order that was recorded: the thread of each step; null when the source has no order. */
  readonly schedule: readonly number[] | null;
  /** A recording as a run: orders in which an actor waits for good do not count. */
  readonly isRecorded: boolean;
}

/** A trace of a real kernel, or of a run whose order is not in it. The caller closes it. */
export interface Recording {
  readonly reader: TraceReader;
}

/** @throws VfrError when the source is neither, or cannot be read */
export async function findRun(source: string): Promise<RunSource | Recording> {
  const { readSchedule, specOf } = await import('../replay/index.js');
  const form = formOf(source);
  if (form === 'scenario') {
    const document = await findScenario(source);
    const { name } = document;
    return {
      name,
      run: specOf(document),
      named: namedBy(document),
      schedule: null,
      isRecorded: false,
    };
  }
  const text = form === 'schedule' ? await readText(source) : await scheduleIn(source);
  if (typeof text !== 'string') return text;
  const { document, schedule } = readSchedule(text, source);
  const { run, named } = document;
  return { name: named?.scenario ?? source, run, named, schedule, isRecorded: false };
}

/** All of a short recording as one run. @param name of its file */
export async function wholeRecording(
  { reader }: Recording,
  name: string,
  kernel: string | undefined,
): Promise<RunSource> {
  const { wholeRun } = await import('../analysis/index.js');
  const run = wholeRun(reader, kernel ?? reader.meta.kernel ?? 'unknown');
  if (typeof run === 'string') {
    const why = run === 'tooLong' ? 'it is too long' : 'the model does not repeat it';
    throw await wrongOption(`the recording cannot be one run: ${why}`, 'Leave --whole out.');
  }
  return { name, run: run.spec, named: null, schedule: run.schedule, isRecorded: true };
}

/** What a file is by how it begins: scenarios and schedules are JSON documents, traces are not. */
function formOf(source: string): 'scenario' | 'schedule' | 'trace' {
  if (!/[/.]/.test(source)) return 'scenario';
  const head = Buffer.alloc(HEAD);
  let length = 0;
  try {
    const file = openSync(source, 'r');
    try {
      length = readSync(file, head);
    } finally {
      closeSync(file);
    }
  } catch {
    // The error is reported when the file is read as a scenario.
    return 'scenario';
  }
  const text = head.subarray(0, length).toString('latin1').trimStart();
  if (/^\{\s*"schedule"/.test(text)) return 'schedule';
  return text === '' || text.startsWith('{') ? 'scenario' : 'trace';
}

const HEAD = 256;

async function scheduleIn(file: string): Promise<string | Recording> {
  const reader = await openTrace(file, {});
  const text = reader.meta.notes[SCHEDULE_NOTE];
  if (text === undefined) return { reader };
  reader.close();
  return text;
}

interface Forbidden extends Condition {
  /** What it looks at: whole outcomes, or those of components; left out: anything. */
  readonly judges?: 'outcome' | 'component';
}

/** What must not be: what the scenario names, and what the options say. */
export async function forbidden(
  { run, named }: RunSource,
  kernel: string,
  never: readonly string[],
): Promise<Forbidden> {
  const { anyOf, kindOf, namesIn, namesInRecording, parseExpression, World } = await import(
    '../replay/index.js'
  );
  const names = (named === null ? namesInRecording : namesIn)(new World(run));
  const expressions = [...(named?.never ?? []), ...never].map((text) =>
    parseExpression(text, { names }),
  );
  const violated = anyOf(expressions);
  // What the scenario says of outcomes holds for its own kernel. A kind without parts allows all.
  const kinds = named !== null && kernel === named.kernel ? named.outcomes : null;
  const isAnyAllowed = kinds?.some((kind) => Object.keys(kind).length === 0) ?? true;
  const isUnnamed = (outcome: Outcome) => !isAnyAllowed && kindOf(outcome, kinds ?? []) < 0;
  const namesMore = kinds?.some((kind) => 'errors' in kind || 'variables' in kind) ?? false;
  const isByComponent = isAnyAllowed && expressions.length === 0;
  const isByOutcome = violated.isOfOutcome === true && (isAnyAllowed || !namesMore);
  return {
    watches: violated.watches,
    ...(isByOutcome ? { judges: isByComponent ? 'component' : 'outcome' } : {}),
    holds: (k, outcome) =>
      outcome.deadlock !== null ||
      outcome.faults.length > 0 ||
      isUnnamed(outcome) ||
      violated.holds(k, outcome),
  };
}

/** Whether a condition holds at the end of a run in one order, which ends with an outcome. */
export async function endsAs(
  world: World,
  schedule: readonly number[],
  end: Outcome,
  want: Condition,
): Promise<boolean> {
  const { boot } = await import('../replay/index.js');
  const k = boot(world, null, want.watches);
  for (const thread of schedule) k.step(thread);
  return want.holds(k, end);
}

/** How the orders of a run are searched. */
export interface OrderOptions {
  readonly states: number;
  readonly exact?: boolean;
  readonly reduce?: boolean;
  readonly never?: readonly string[];
  /** Only the driver of this function, and what can matter to it. */
  readonly question?: string;
}

/** Runs by chance, when there are more states. */
const SAMPLES = 2000;

/** Finds all orders of a run on a kernel. The numbers of outcomes are those of this search. */
export async function exploreRun(
  source: RunSource,
  kernel: string,
  { states, exact = false, reduce, never = [], question }: OrderOptions,
): Promise<Explored> {
  const { exploreOrders, sliceOf, waitsForGood, World } = await import('../replay/index.js');
  await refuseUnmodelled(kernel);
  const whole = { ...source.run, machine: { ...source.run.machine, kernel } };
  const device = question === undefined ? null : await functionOf(new World(whole), question);
  const world = new World(device === null ? whole : sliceOf(whole, device));
  const bad = await forbidden(source, kernel, never);
  const all = exploreOrders(world, {
    states,
    exact,
    reduce: reduce === true ? 'always' : 'ifNeeded',
    samples: SAMPLES,
    isBad: (outcome, k) => bad.holds(k, outcome),
    ...(bad.judges === undefined ? {} : { judges: bad.judges }),
    watches: bad.watches,
    ...(device === null ? {} : { question: device }),
    ...(source.isRecorded ? { markOf: (k: Kernel) => (waitsForGood(k) ? WAITS : '') } : {}),
  });
  const found = source.isRecorded ? withoutWaiting(all) : all;
  const { name, named } = source;
  return { scenario: name, named, kernel, world, found };
}

const WAITS = 'an actor waits for good';

/** Orders that could have come: an actor did what it did because it had seen what it waits for. */
function withoutWaiting(found: Exploration): Exploration {
  const outcomes = found.outcomes.filter(({ mark }) => mark !== WAITS);
  if (found.orders === null) return { ...found, outcomes };
  return {
    ...found,
    outcomes,
    orders: outcomes.reduce((sum, one) => sum + (one.orders ?? 0n), 0n),
  };
}

/** The address of a function of the machine. */
async function functionOf(world: World, text: string): Promise<string> {
  const { parseShortBdf } = await import('../traces/index.js');
  const address = parseShortBdf(text);
  if (address !== null && world.place(address) !== null) return address;
  const known = world.places.map((place) => place.address).join(', ');
  throw await wrongOption(`the run has no function ${text}`, `It has ${known}.`);
}

/** Outcome N of those that were found, from 1. */
export async function outcomeNumbered<T>(outcomes: readonly T[], number: number): Promise<T> {
  const chosen = outcomes[number - 1];
  if (chosen !== undefined) return chosen;
  const next = `Name one from 1 to ${outcomes.length}.`;
  throw await wrongOption(`there is no outcome ${number}`, next);
}
