/** Binding races as text for people. */
import type { Race, RaceClass, RaceReport, RaceSide, UntoldRace } from '../analysis/index.js';
import { formatDuration } from './duration.js';
import { paint } from './output.js';
import { printable } from './rows.js';

/** What is known of the races of a recording, and what cannot be told. */
export function formatReport({ races, untold, unrecorded }: RaceReport): string {
  const sections = [formatUnrecorded(unrecorded), formatRaces(races), formatUntold(untold)];
  // Without the events of binding there is nothing to say of races.
  if (unrecorded.length > 0 && races.length === 0) sections.splice(1, 1);
  return sections.filter((section) => section !== '').join('\n\n');
}

/** Kept for people: more of the same kind say no more. */
const UNTOLD_SHOWN = 10;

function formatUnrecorded(parts: readonly string[]): string {
  if (parts.length === 0) return '';
  const what = parts.join(', and ');
  return (
    `Whether there are races cannot be told: no event says ${what}. ` +
    'It did not happen, or it was not recorded; `vfr doctor` says what this machine can record.'
  );
}

function formatUntold(untold: readonly UntoldRace[]): string {
  if (untold.length === 0) return '';
  const reasons = [...new Set(untold.map(({ reason }) => reason))];
  const shown = untold.slice(0, UNTOLD_SHOWN).map(({ device, class: name, first, second }) => {
    const [one, two] = [first, second].map(({ seq, what }) => `seq ${seq} ${printable(what)}`);
    return `  ${device}  ${name}  ${one}; ${two}`;
  });
  const more = untold.length - shown.length;
  if (more > 0) shown.push(`  and ${more} more; --json has them`);
  return [
    `${plural(untold.length, 'pair')} of operations of which it cannot be told whether they raced:`,
    ...reasons.map((reason) => `  ${printable(reason)}`),
    ...shown,
    '  Record from before the flag is written, or with a snapshot, to know.',
  ].join('\n');
}

/** All races, by class; the advice that they have in common is said once. */
export function formatRaces(races: readonly Race[]): string {
  if (races.length === 0) return 'No races found.';
  const classes = [...new Set(races.map((race) => race.class))];
  const sections = classes.map((name) => {
    const members = races.filter((race) => race.class === name);
    return formatClass(name, members);
  });
  return [raceCounts(races), ...sections].join('\n\n');
}

export function raceCounts(races: readonly Race[]): string {
  const devices = new Set(races.map((race) => race.device)).size;
  return `${plural(races.length, 'race')} on ${plural(devices, 'device')}`;
}

/** The races with the closest windows, at first one of each class and device. */
export function closest(races: readonly Race[], count: number): readonly Race[] {
  const sorted = races.toSorted((a, b) => Number(a.windowNs - b.windowNs));
  const kinds = new Set<string>();
  const first = sorted.filter(({ class: name, device }) => {
    const seen = kinds.has(name) || kinds.has(device);
    kinds.add(name).add(device);
    return !seen;
  });
  return [...new Set([...first, ...sorted])].slice(0, count);
}

export const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

function formatClass(name: RaceClass, races: readonly Race[]): string {
  const heading = `${paint('yellow', name)}  ${raceCounts(races)}`;
  const advice = [...new Set(races.map((race) => race.advice))].map(
    (text) => `  Avoid it: ${text}`,
  );
  return [heading, ...advice, ...races.map((race) => `\n${formatRace(race)}`)].join('\n');
}

export function formatRace(race: Race): string {
  return [
    `  ${paint('bold', race.device)}  ${formatDuration(race.windowNs)} apart`,
    formatEvent('first', race.first),
    formatEvent('second', race.second),
    `    outcome ${printable(race.outcome)}`,
  ].join('\n');
}

function formatEvent(label: string, { seq, ts, actor, what }: RaceSide): string {
  const who = printable(`${actor.task}-${actor.tid}`);
  return `    ${label.padEnd(6)}  seq ${seq}  ${formatTime(ts)}  ${who}  ${printable(what)}`;
}

/** A time of the trace's clock in seconds, as ftrace prints it, to the nanosecond. */
export function formatTime(nanoseconds: bigint): string {
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0');
  return `${nanoseconds / 1_000_000_000n}.${fraction}`;
}
