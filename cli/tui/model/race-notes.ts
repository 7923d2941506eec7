/** What is noted of races at their events. */
import type { Race, RaceSide } from '../../../analysis/index.js';
import { formatDuration } from '../../format-duration.js';

type Side = Pick<RaceSide, 'seq' | 'what'>;

/** What findings and notes need of a race. */
export interface NotedRace extends Pick<Race, 'incident' | 'device' | 'outcome'> {
  readonly windowNs: bigint;
  readonly first: Side;
  readonly second: Side;
}

/** By event: the other side of its race, how far apart they were, and what came of it. */
export const raceNotes = (races: readonly NotedRace[]): ReadonlyMap<number, string> =>
  new Map(races.flatMap(notesOf));

function notesOf({ first, second, windowNs, outcome }: NotedRace): [number, string][] {
  const apart = formatDuration(windowNs);
  return [
    [first.seq, `races with ${second.seq} (${second.what}), ${apart} apart: ${outcome}`],
    [second.seq, `races with ${first.seq} (${first.what}), ${apart} apart: ${outcome}`],
  ];
}
