import { ownerOf } from './owner.js';
import type { TraceDirectory } from './tracefs.js';

/** What was found and removed, by name. */
export interface CleanupReport {
  readonly instances: readonly string[];
  readonly probes: readonly string[];
  /** What could not be removed, with the reason. */
  readonly failed: readonly string[];
}

/** `GROUP/EVENT` of every dynamic event in a group that `wanted` accepts. */
export function dynamicEvents(top: TraceDirectory, wanted: (group: string) => boolean): string[] {
  const file = top.has('dynamic_events') ? 'dynamic_events' : 'kprobe_events';
  return top
    .readOptional(file)
    .split('\n')
    .map((line) => /^\w[^:]*:(\w+)\/(\w+)/.exec(line))
    .filter((match) => match !== null && wanted(match[1]!))
    .map((match) => `${match![1]}/${match![2]}`);
}

/** Removes one instance and one group of probes; an instance must go first, it holds the probes. */
export function removeAll(top: TraceDirectory, wanted: (name: string) => boolean): CleanupReport {
  const failed: string[] = [];
  const attempt = (what: string, action: () => void): boolean => {
    try {
      action();
      return true;
    } catch (error) {
      failed.push(`${what}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
      return false;
    }
  };
  const instances = top
    .list('instances')
    .filter(wanted)
    .filter((name) =>
      attempt(`instance ${name}`, () => {
        top.writeOptional(`instances/${name}/tracing_on`, '0');
        top.writeOptional(`instances/${name}/events/enable`, '0');
        top.removeInstance(name);
      }),
    );
  const file = top.has('dynamic_events') ? 'dynamic_events' : 'kprobe_events';
  const probes = [...new Set(dynamicEvents(top, wanted))].filter((name) =>
    attempt(`probe ${name}`, () => top.write(file, `-:${name}\n`, 'append')),
  );
  return { instances, probes, failed };
}

/** Removes what recorders left that were killed; those that still run keep theirs. */
export function cleanup(top: TraceDirectory): CleanupReport {
  return removeAll(top, (name) => ownerOf(name) === 'gone');
}
