/** Prints binding races as text. */
import type {
  DeadlockCandidate,
  Race,
  RaceClass,
  RaceReport,
  RaceSide,
  Searched,
  UndecidedRace,
} from '../analysis/index.js';
import { formatDuration } from './format-duration.js';
import { formatSeconds } from './format-seconds.js';
import { paint } from './output.js';
import { plural } from './plural.js';
import { printable } from './printable.js';
import { incidentsOf } from './race-incidents.js';

/**
 * The races of a recording, and the pairs that may be races.
 * @param zero time that the seconds count from
 */
export function formatReport(report: RaceReport, zero: bigint): string {
  const { races, untold, unrecorded, deadlocks, searched } = report;
  // Without events of binding, nothing is known about races; of locks something may be.
  const isKnown = unrecorded.length === 0 || races.length > 0;
  const sections = [
    formatUnrecorded(unrecorded, races.length > 0 ? 'more races' : 'races'),
    isKnown ? formatRaces(races, zero) : '',
    isKnown ? formatUntold(untold) : '',
    formatDeadlocks(deadlocks, zero),
    isKnown ? formatSearched(searched) : '',
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function formatDeadlocks(deadlocks: readonly DeadlockCandidate[], zero: bigint): string {
  if (deadlocks.length === 0) return '';
  const pairs = deadlocks.map(({ locks: [one, other], first, second }) =>
    [
      `  ${printable(`${one}, then ${other}; elsewhere in the opposite order`)}`,
      formatEvent('first', first, zero),
      formatEvent('second', second, zero),
    ].join('\n'),
  );
  const count = plural(deadlocks.length, 'possible deadlock');
  return [
    `${count}: locks in opposite orders`,
    `  Avoid it: ${deadlocks[0].advice}`,
    ...pairs,
  ].join('\n');
}

/** What was not searched of the orders of all operations together. */
function formatSearched(searched: Searched): string {
  const what = 'orders of the operations on all functions together';
  switch (searched) {
    case 'all':
      return '';
    case 'part':
      return `Not all ${what} were searched: there are too many.`;
    case 'tooLong':
      return (
        `The ${what} were not searched: the recording is too long. ` +
        'Other orders were tried for each function.'
      );
    case 'different':
      return (
        `The ${what} were not searched: the model of the kernel does not repeat this recording ` +
        '(`vfr enact` says where it differs). Other orders were tried for each function.'
      );
  }
}

/** The most pairs to print: more of the same kind say nothing new. */
const UNTOLD_SHOWN = 10;

function formatUnrecorded(parts: readonly string[], races: string): string {
  if (parts.length === 0) return '';
  const what = parts.join(', and ');
  return (
    `Whether there are ${races} is not known: no event says ${what}. ` +
    'It did not happen, or it was not recorded; `vfr doctor` says what this machine can record.'
  );
}

function formatUntold(untold: readonly UndecidedRace[]): string {
  if (untold.length === 0) return '';
  const reasons = [...new Set(untold.map(({ reason }) => reason))];
  const shown = untold.slice(0, UNTOLD_SHOWN).map(({ device, class: name, first, second }) => {
    const [one, two] = [first, second].map(({ seq, what }) => `seq ${seq} ${printable(what)}`);
    return `  ${device}  ${name}  ${one}; ${two}`;
  });
  const more = untold.length - shown.length;
  if (more > 0) shown.push(`  and ${more} more; --json has them`);
  return [
    `${plural(untold.length, 'pair')} of operations that may have raced, ` +
      'which the recording does not decide:',
    ...reasons.map((reason) => `  ${printable(reason)}`),
    ...shown,
    '  Record from before the flag is written, or with a snapshot, to know.',
  ].join('\n');
}

/**
 * All races, by class; the advice of a class is printed once.
 * @param zero time that the seconds count from
 */
function formatRaces(races: readonly Race[], zero: bigint): string {
  if (races.length === 0) return 'No races found.';
  const classes = [...new Set(races.map((race) => race.class))];
  const sections = classes.map((name) => {
    const members = races.filter((race) => race.class === name);
    return formatClass(name, members, zero);
  });
  return [raceCounts(races), ...sections].join('\n\n');
}

export function raceCounts(races: readonly Race[]): string {
  const devices = new Set(races.map((race) => race.device)).size;
  const incidents = incidentsOf(races).length;
  const grouped = incidents < races.length ? ` in ${plural(incidents, 'incident')}` : '';
  return `${plural(races.length, 'race')}${grouped} on ${plural(devices, 'device')}`;
}

/** The incidents with the closest windows, each by its closest race. */
export function closest(races: readonly Race[], count: number): readonly Race[] {
  const first = incidentsOf(byWindow(races)).map(([race]) => race);
  return first.slice(0, count);
}

const byWindow = (races: readonly Race[]): readonly Race[] =>
  races.toSorted((a, b) => Number(a.windowNs - b.windowNs));

function formatClass(name: RaceClass, races: readonly Race[], zero: bigint): string {
  const heading = `${paint('yellow', name)}  ${raceCounts(races)}`;
  const advice = [...new Set(races.map((race) => race.advice))].map(
    (text) => `  Avoid it: ${printable(text)}`,
  );
  const incidents = incidentsOf(races).map((own) => `\n${formatIncident(own, zero)}`);
  return [heading, ...advice, ...incidents].join('\n');
}

/** The closest race of an incident, and where the others are. */
function formatIncident(races: readonly Race[], zero: bigint): string {
  const [first, ...others] = byWindow(races);
  if (others.length === 0) return formatRace(first, zero);
  const devices = [...new Set(others.map(({ device }) => device))].sort().join(', ');
  const count = plural(others.length, 'more race');
  const more = `    and ${count} of this incident, on ${devices}; --json has all`;
  return `${formatRace(first, zero)}\n${more}`;
}

export function formatRace(race: Race, zero: bigint): string {
  return [
    `  ${paint('bold', race.device)}  ${formatDuration(race.windowNs)} apart`,
    formatEvent('first', race.first, zero),
    formatEvent('second', race.second, zero),
    `    outcome ${printable(race.outcome)}`,
  ].join('\n');
}

function formatEvent(label: string, side: RaceSide, zero: bigint): string {
  const { seq, ts, actor, what } = side;
  const who = printable(`${actor.task}-${actor.tid}`);
  const when = `seq ${seq}  ${formatSeconds(ts - zero)}`;
  return `    ${label.padEnd(6)}  ${when}  ${who}  ${printable(what)}`;
}
