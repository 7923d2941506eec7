import type { Installation } from './installer.js';

/** One probe's records beside the kernel's own count of them (`kprobe_profile`). */
export interface ProbeCount {
  readonly event: string;
  readonly decoded: number;
  /** How often the probe was hit, and how often the kernel could not serve it. */
  readonly hits: number;
  readonly misses: number;
}

/** Counts of this recorder's probes; to be read before the probes are removed. */
export function probeCounts(
  { top, instance, name }: Installation,
  decoded: ReadonlyMap<string, number>,
): ProbeCount[] {
  const counts: ProbeCount[] = [];
  for (const line of top.readOptional('kprobe_profile').split('\n')) {
    const [, event, hits, misses] = /^\s*(\S+)\s+(\d+)\s+(\d+)/.exec(line) ?? [];
    // The profile lists the probes of everybody, without their groups.
    if (event === undefined || !instance.has(`events/${name}/${event}`)) continue;
    const own = decoded.get(event) ?? 0;
    counts.push({ event, decoded: own, hits: Number(hits), misses: Number(misses) });
  }
  return counts;
}
