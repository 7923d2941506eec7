/**
 * Runs the program within the test's own process: the same code from arguments to exit code, without
 * the cost of a process. Only what a process is (pipes, loading, signals) needs `vfr.ts`.
 */
import { vi } from 'vitest';
import { run } from '../cli/program.js';
import type { Outcome } from './vfr.js';

/** Not to be called twice at the same time: both streams are the process's own. */
export async function vfrInProcess(args: readonly string[]): Promise<Outcome> {
  const streams = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      streams[name] += chunk;
      return true;
    }),
  );
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    const code = (await run(args)) ?? Number(process.exitCode);
    return { code, ...streams };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}
