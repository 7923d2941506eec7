/** Binding races as text for people. */
import type { Race, RaceClass, RaceSide } from '../analysis/index.js';
import { formatDuration } from './duration.js';
import { paint } from './output.js';
import { printable } from './printable.js';

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
    (text) => `  Avoid it: ${printable(text)}`,
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
