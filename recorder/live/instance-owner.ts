import { processStart } from '../../traces/index.js';
import type { TraceDirectory } from './tracefs.js';

/** What vfr leaves in tracefs is named so that everybody can see whose it is. */
const NAME = /^vfr_(\d+)_(\d+)(?:_processes)?$/;

/** The name of the second instance of a recorder, which follows chosen processes. */
export const processesName = (name: string): string => `${name}_processes`;

/**
 * The name of this process's instance and probe group: `vfr_PID_START`. The start time
 * distinguishes it from a later process with the same pid, so that a recorder that ended is not
 * mistaken for a running one.
 */
export function ownName(): string {
  return `vfr_${process.pid}_${processStart(process.pid)}`;
}

/** Whether a name in tracefs is one of vfr's, and whether the recorder that made it still runs. */
export function ownerOf(name: string): 'alive' | 'gone' | 'not ours' {
  const match = NAME.exec(name);
  if (!match) return 'not ours';
  return processStart(Number(match[1])) === match[2] ? 'alive' : 'gone';
}

/** Pids of the recorders that run now, by the names of their instances. */
export function runningRecorders(top: TraceDirectory): number[] {
  const names = top.list('instances').filter((name) => ownerOf(name) === 'alive');
  return [...new Set(names.map((name) => Number(NAME.exec(name)![1])))];
}
