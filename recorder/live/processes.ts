import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { VfrError } from '../../traces/index.js';

/** The program that is recorded. */
export class RecordedCommand {
  /** Exit code; null while it runs, or when there is no command. */
  code: number | null = null;
  readonly #child: ChildProcess | undefined;

  /**
   * @param command Program and arguments; empty for none.
   * @throws VfrError when there is no such program.
   */
  constructor(command: readonly string[]) {
    const [program, ...args] = command;
    if (program === undefined) return;
    const child = spawn(program, args, { stdio: 'inherit' });
    // The failure is known from the missing pid; the event comes too late to be thrown.
    child.on('error', () => undefined);
    if (child.pid === undefined) {
      const next = 'Name a program that can be run, with its path where PATH does not have it.';
      throw new VfrError('usage', 'RECORD_OPTION', `${program} cannot be run`, next);
    }
    child.once('exit', (code) => {
      this.code = code ?? 1;
    });
    this.#child = child;
  }

  get ended(): boolean {
    return this.code !== null;
  }

  /** Asks a program that still runs to end. */
  end(): void {
    if (!this.ended) this.#child?.kill('SIGTERM');
  }
}

/** The threads of a process; none when there is no such process. */
function threadsOf(pid: number): number[] {
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

/**
 * The threads to follow. A command is followed from its first instruction because it is made by
 * this process while that is followed; what this process does itself is not recorded.
 */
export function threadsToFollow(pids: readonly number[], command: readonly string[]): number[] {
  return [...pids.flatMap(threadsOf), ...(command.length > 0 ? [process.pid] : [])];
}
