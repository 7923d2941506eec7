/** How many incidents there are of each class on each device: what a list or an overview counts. */
import type { RaceClass } from '../../replay/index.js';
import type { Bdf, Seq } from '../../traces/index.js';
import type { Race } from './find.js';

export interface IncidentCount {
  readonly device: Bdf;
  readonly class: RaceClass;
  /** Incidents, each once, however many races and events it has. */
  readonly incidents: number;
  readonly races: number;
  /** The first event of the earliest race. */
  readonly first: Seq;
}

/** Counts incidents by device and class, in the order of their first events. */
export function countIncidents(races: readonly Race[]): IncidentCount[] {
  const byKind = new Map<string, Race[]>();
  for (const race of races) {
    const key = `${race.device} ${race.class}`;
    byKind.set(key, [...(byKind.get(key) ?? []), race]);
  }
  const counts = [...byKind.values()].map((own): IncidentCount => {
    const seqs = own.flatMap(({ first, second }) => [first.seq, second.seq]);
    const [{ device, class: name }] = own;
    return {
      device,
      class: name,
      incidents: new Set(own.map(({ incident }) => incident)).size,
      races: own.length,
      first: Math.min(...seqs) as Seq,
    };
  });
  return counts.sort((a, b) => a.first - b.first);
}
