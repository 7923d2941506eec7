import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { VfrError } from '../../traces/index.js';
import { optional } from './optional.js';
import { commandAs, environmentOf, type RunAs } from './run-as.js';

/** What a shell adds to the number of the signal that ended a program. */
const SIGNALLED = 128;

/** File descriptors. */
const [STDIN, STDOUT, STDERR] = [0, 1, 2];

/** The program that is recorded. */
export class RecordedCommand {
  /** Exit code as a shell reports it; null while the command runs, or when there is no command. */
  code: number | null = null;
  readonly #child: ChildProcess | undefined;

  /**
   * @param command Program and arguments; empty for no command.
   * @param user The user to run it as; null for that of this process.
   * @param output Where it writes: to standard error when the recording has standard output.
   * @throws VfrError when there is no such program.
   */
  constructor(
    command: readonly string[],
    user: RunAs | null = null,
    output: 'stdout' | 'stderr' = 'stdout',
  ) {
    const [program, ...args] = commandAs(user, command);
    if (program === undefined) return;
    const env = environmentOf(user, process.env);
    const stdio = [STDIN, output === 'stdout' ? STDOUT : STDERR, STDERR];
    const child = spawn(program, args, { stdio, env });
    // The failure is known from the missing pid; the event comes too late to be thrown.
    child.on('error', () => undefined);
    if (child.pid === undefined) {
      const next = 'Name a program that can be run, with its path where PATH does not have it.';
      throw new VfrError('RECORD_OPTION', `${program} cannot be run`, next);
    }
    child.once('exit', (code, signal) => {
      this.code = code ?? SIGNALLED + constants.signals[signal!];
    });
    this.#child = child;
  }

  get ended(): boolean {
    return this.code !== null;
  }

  get runs(): boolean {
    return this.#child !== undefined && !this.ended;
  }

  /** Requests a running program to end; this process then no longer waits for it. */
  end(): void {
    if (!this.runs) return;
    this.#child?.kill('SIGTERM');
    this.#child?.unref();
  }
}

/** The threads of a process; empty when there is no such process. */
const threadsOf = (pid: number): number[] =>
  optional(() => readdirSync(`/proc/${pid}/task`), []).map(Number);

/** @throws VfrError when there is no process of this pid. */
export function requireProcess(pid: number): void {
  if (existsSync(`/proc/${pid}/task`)) return;
  const next = 'Give the pid of a running process; see ps.';
  throw new VfrError('NO_PROCESS', `there is no process ${pid}`, next);
}

/**
 * The threads to follow. A command is followed from its first instruction because it is made by
 * this process while that is followed; what this process does itself is not recorded.
 */
export function threadsToFollow(pids: readonly number[], command: readonly string[]): number[] {
  return [...pids.flatMap(threadsOf), ...(command.length > 0 ? [process.pid] : [])];
}
