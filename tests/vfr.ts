/** Runs the built program as a user would: another process, its streams and its exit code. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../cli/package.js';

export const PROGRAM = join(packageRoot(), 'dist', 'vfr', 'main.js');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly cwd?: string;
}

export function vfr(args: readonly string[], options: RunOptions = {}): Outcome {
  const { env, ...rest } = options;
  const result = spawnSync(process.execPath, [PROGRAM, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
    input: '',
    ...rest,
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}
