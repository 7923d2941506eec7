import { readFileSync } from 'node:fs';

/**
 * When a process started, in clock ticks since boot: it distinguishes a process from an earlier one
 * with the same pid.
 * @returns undefined when there is no such process
 */
export function processStart(pid: number | 'self'): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The comm in parentheses may hold anything, so counting starts after the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
