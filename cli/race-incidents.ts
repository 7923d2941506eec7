import type { Race } from '../analysis/index.js';

/**
 * Returns the races by incident, in the order of their first races: one write can make several
 * devices race in the same way.
 */
export function incidentsOf<R extends Pick<Race, 'incident'>>(
  races: readonly R[],
): readonly (readonly R[])[] {
  const incidents = new Map<number, R[]>();
  for (const race of races) {
    const own = incidents.get(race.incident);
    if (own === undefined) incidents.set(race.incident, [race]);
    else own.push(race);
  }
  return [...incidents.values()];
}
