import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { VfrError } from '../../traces/index.js';

/** Waiting for a process to stop itself takes at most this long. */
const STOP_TRIES = 1000;

function state(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  } catch {
    return 'X';
  }
}

/**
 * The program that is recorded. It waits before its first instruction until `go`: a shell stops
 * itself and becomes the program when SIGCONT comes. An exit code 127 says that there is no such
 * program.
 */
export class RecordedCommand {
  /** Exit code; null while it runs, or when there is no command. */
  code: number | null = null;
  readonly #child: ChildProcess | undefined;

  /** @param command Program and arguments; empty for none. */
  constructor(command: readonly string[]) {
    if (command.length === 0) return;
    const script = 'kill -STOP $$; exec "$@"';
    const child = spawn('/bin/sh', ['-c', script, 'sh', ...command], { stdio: 'inherit' });
    this.#child = child;
    child.once('exit', (code) => {
      this.code = code ?? 1;
    });
    const wait = new Int32Array(new SharedArrayBuffer(4));
    for (let tries = 0; tries < STOP_TRIES && child.pid !== undefined; tries++) {
      if ('TXZ'.includes(state(child.pid))) break;
      Atomics.wait(wait, 0, 0, 2);
    }
  }

  get pids(): number[] {
    return this.#child?.pid === undefined ? [] : [this.#child.pid];
  }

  get ended(): boolean {
    return this.code !== null;
  }

  go(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Asks a program that still runs to end. */
  end(): void {
    if (!this.ended) this.#child?.kill('SIGTERM');
  }
}

/** The threads of a process; none when there is no such process. */
export function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** @throws VfrError when there is no process of this pid. */
export function requireProcess(pid: number): void {
  if (existsSync(`/proc/${pid}/task`)) return;
  const next = 'Give the pid of a running process; see ps.';
  throw new VfrError('usage', 'NO_PROCESS', `there is no process ${pid}`, next);
}
