/**
 * Races of a short recording, by a search of all orders of its operations on the kernel that runs:
 * also of operations on several functions, of modules, removals and users of VFIO.
 */
import {
  ADVICE,
  actionText,
  describeDeadlock,
  type NoRun,
  type OperationAt,
  type OtherEnd,
  otherEnds,
  type RecordedRun,
  type RunLimits,
} from '../../replay/index.js';
import { assert, type Bdf, parseBdf } from '../../traces/index.js';
import { addressOf, withConditions } from './enabling.js';
import { distance, type Race, type RaceSide, type WitnessOperation } from './find.js';
import { describeRecorded, touchedBy } from './outcome.js';
import type { Outcome } from './trial.js';

/** How much of a recording the search has covered. */
export type Searched =
  /** All orders of all operations. */
  | 'all'
  /** The orders of few preemptions, and some by chance. */
  | 'part'
  /** None: there are too many operations, or the run of the kernel differs from the recording. */
  | NoRun;

/** Longer recordings have too many orders. */
export const SEARCH_LIMITS: RunLimits = { events: 2000, operations: 64, steps: 2000 };
const STATES = 8000;
const SAMPLES = 50;

export interface SearchedRaces {
  readonly races: readonly Race[];
  readonly searched: Searched;
}

/** @param known races that were found otherwise: those between the same actors are not repeated */
export function searchRaces(run: RecordedRun | NoRun, known: readonly Race[]): SearchedRaces {
  if (typeof run === 'string') return { races: [], searched: run };
  const spec = withConditions(run);
  if (spec === null) return { races: [], searched: 'different' };
  const { schedule } = run;
  const found = otherEnds({ spec, schedule }, { states: STATES, samples: SAMPLES });
  const races = found.ends
    .filter((end) => wereTogether(run, end))
    .map((end) => raceOf(run, end))
    .filter((race) => !isKnown(race, known));
  return { races, searched: found.closed ? 'all' : 'part' };
}

/** Only actors that were at work at the same time can wait for each other. */
function wereTogether({ threads }: RecordedRun, { other: { deadlock } }: OtherEnd): boolean {
  if (deadlock === null) return true;
  const spans = deadlock.cycle
    .map(({ name }) => threads.find((one) => one.name === name)?.operations ?? [])
    .filter((operations) => operations.length > 0)
    .map((operations) => ({ from: operations[0].from, to: operations[operations.length - 1].to }));
  return spans.every((a) => spans.every((b) => a.from <= b.to && b.from <= a.to));
}

/** A deadlock is not what moving single operations finds. */
const isKnown = (race: Race, known: readonly Race[]): boolean =>
  race.deadlock === null &&
  known.some(
    (other) => other.device === race.device && actorsOf(other).join() === actorsOf(race).join(),
  );

const actorsOf = ({ first, second }: Race): number[] =>
  [first.actor.tid, second.actor.tid].sort((a, b) => a - b);

function raceOf(run: RecordedRun, end: OtherEnd): Race {
  const { recorded, other } = end;
  const [first, second] = [end.first, end.second].map((at) => sideOf(run, at));
  const device = deviceOf(run, end);
  const before = outcomeOf(device, recorded, end.probes.recorded);
  const after = outcomeOf(device, other, end.probes.other);
  return {
    incident: 0,
    device,
    class: end.class,
    first,
    second,
    windowNs: distance(first.ts, second.ts),
    drivers: { recorded: before.driver, other: after.driver },
    touched: { recorded: touchedBy(before), other: touchedBy(after) },
    outcome: `${describeRecorded(before)}; in the other order: ${describeEnd(other, after)}`,
    deadlock: other.deadlock === null ? null : describeDeadlock(other.deadlock),
    faults: other.faults,
    advice: ADVICE[end.class],
    witness: witnessOperations(run, end),
  };
}

/** What became of one function. */
function outcomeOf(
  device: Bdf,
  { drivers }: OtherEnd['other'],
  probes: OtherEnd['probes']['other'],
): Outcome {
  const own = probes.filter((one) => one.device === device);
  return {
    probes: own.map(({ driver, works }) => (works ? driver : `${driver}!`)),
    driver: drivers[device] ?? null,
  };
}

function describeEnd({ deadlock, faults }: OtherEnd['other'], outcome: Outcome): string {
  if (deadlock !== null) return `deadlock: ${describeDeadlock(deadlock)}`;
  const bugs = faults.map((fault) => `; bug of the kernel: ${fault}`).join('');
  return `${describeRecorded(outcome)}${bugs}`;
}

/** The function that ends otherwise; else one that the operations are about. */
function deviceOf({ spec }: RecordedRun, { device, first, second }: OtherEnd): Bdf {
  const named = [second, first].map(({ actor, operation }) =>
    addressOf(spec.actors[actor].operations[operation].action),
  );
  const known = [device, ...named, spec.machine.functions[0]?.address ?? null];
  const found = known.map((one) => (one === null ? null : parseBdf(one)));
  const address = found.find((one) => one !== null);
  assert(address != null, 'a run has a function');
  return address;
}

function sideOf({ spec, threads }: RecordedRun, { actor, operation }: OperationAt): RaceSide {
  const { task, tid, operations } = threads[actor];
  const { from, began } = operations[operation];
  const what = actionText(spec.actors[actor].operations[operation].action);
  return { seq: from, ts: began, actor: { task, tid }, what };
}

/** What workers of the kernel do is not in the list: it follows from the operations. */
function witnessOperations({ threads }: RecordedRun, { witness }: OtherEnd): WitnessOperation[] {
  return witness.flatMap(({ actor, what, operation }): WitnessOperation[] => {
    const thread = threads.find(({ name }) => name === actor);
    const place = operation === null ? undefined : thread?.operations[operation - 1];
    if (thread === undefined || place === undefined) return [];
    const { task, tid } = thread;
    return [{ seq: place.from, actor: { task, tid }, what }];
  });
}
