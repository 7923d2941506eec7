import type { Installation } from './installer.js';

/** One probe's records together with the kernel's own count of them (`kprobe_profile`). */
export interface ProbeCount {
  readonly event: string;
  readonly decoded: number;
  /** How often the probe was hit, and how often the kernel could not serve it. */
  readonly hits: number;
  readonly misses: number;
}

/**
 * Counts of this recorder's probes; call it before the probes are removed. The profile lists the
 * events without their groups, in the order of `kprobe_events`, which has both.
 */
export function probeCounts(
  { top, name }: Pick<Installation, 'top' | 'name'>,
  decoded: ReadonlyMap<string, number>,
): ProbeCount[] {
  const profile = top.readOptional('kprobe_profile').trimEnd().split('\n');
  const definitions = top.readOptional('kprobe_events').trimEnd().split('\n');
  return definitions.flatMap((definition, line) => {
    const [, group, event] = /^\w+:(\w+)\/(\w+)/.exec(definition) ?? [];
    const [, counted, hits, misses] = /^\s*(\S+)\s+(\d+)\s+(\d+)/.exec(profile[line] ?? '') ?? [];
    if (group !== name || event === undefined || event !== counted) return [];
    const own = decoded.get(event) ?? 0;
    return [{ event, decoded: own, hits: Number(hits), misses: Number(misses) }];
  });
}
