import { ownerOf, processesName } from './instance-owner.js';
import type { TraceDirectory } from './tracefs.js';

/** What was found and removed, by name. */
export interface CleanupReport {
  readonly instances: readonly string[];
  readonly probes: readonly string[];
  /**
   * Instances that another process holds open, so that they are in use: they and their probes stay.
   */
  readonly kept: readonly string[];
  /** What could not be removed, with the reason. */
  readonly failed: readonly string[];
}

/** `GROUP/EVENT` of every dynamic event in a group that `wanted` accepts. */
function dynamicEvents(top: TraceDirectory, wanted: (group: string) => boolean): string[] {
  const file = top.has('dynamic_events') ? 'dynamic_events' : 'kprobe_events';
  return top
    .readOptional(file)
    .split('\n')
    .map((line) => /^\w[^:]*:(\w+)\/(\w+)/.exec(line))
    .filter((match) => match !== null && wanted(match[1]!))
    .map((match) => `${match![1]}/${match![2]}`);
}

/**
 * Removes instances and groups of probes; an instance must go first, since it uses the probes.
 * Nothing is switched off before: the kernel does that when it removes an instance, and refuses
 * (EBUSY) while any process has a file of it open (instance_rmdir, kernel/trace/trace.c), as a
 * running recorder does.
 */
export function removeAll(top: TraceDirectory, wanted: (name: string) => boolean): CleanupReport {
  const failed: string[] = [];
  const kept: string[] = [];
  const attempt = (what: string, action: () => void, held?: () => void): boolean => {
    try {
      action();
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EBUSY' && held !== undefined) held();
      else failed.push(`${what}: ${code ?? String(error)}`);
      return false;
    }
  };
  const remove = (name: string) => top.removeInstance(name);
  const instances = top
    .list('instances')
    .filter(wanted)
    .filter((name) =>
      attempt(
        `instance ${name}`,
        () => remove(name),
        () => kept.push(name),
      ),
    );
  // Probes of a recorder that runs may be defined and not yet switched on: they are its own, too.
  const isFree = (group: string) =>
    wanted(group) &&
    !top.has(`instances/${group}`) &&
    !top.has(`instances/${processesName(group)}`);
  const file = top.has('dynamic_events') ? 'dynamic_events' : 'kprobe_events';
  const probes = [...new Set(dynamicEvents(top, isFree))].filter((name) =>
    attempt(`probe ${name}`, () => top.write(file, `-:${name}\n`, 'append')),
  );
  return { instances, probes, kept, failed };
}

/**
 * Removes what recorders left that were killed; those that still run keep theirs, also those that
 * run in another PID namespace, where they are not seen.
 */
export function cleanup(top: TraceDirectory): CleanupReport {
  return removeAll(top, (name) => ownerOf(name) === 'gone');
}
