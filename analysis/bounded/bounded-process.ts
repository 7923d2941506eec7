/**
 * Starts and supervises the process in which the SQL of users runs.
 *
 * Its memory is limited by RLIMIT_DATA. Since Linux 4.7 that counts every private writable mapping
 * (kernel mm/mmap.c may_expand_vm 6.1), so that it bounds DuckDB and V8 together. RLIMIT_AS would
 * also count what V8 reserves without using it, 1 GB and more. If a kernel does not enforce
 * RLIMIT_DATA (gVisor, ignore_rlimit_data), the resident memory is checked instead.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assert, VfrError } from '../../traces/index.js';
import { decode, encode, type Reply, type Request } from './child-protocol.js';

/** Why this side ended a process. */
export type Stop = 'memory' | 'time' | 'cancelled' | 'closed';

export interface Limits {
  /** The most bytes of private memory. */
  readonly memory: number;
  /** The most milliseconds for one question. */
  readonly time: number;
}

/** The shell sets the limit because Node cannot. */
const SHELL = 'ulimit -c 0; ulimit -d "$0"; exec "$@"';
const WATCH_MS = 20;
/** Pages of files, above all of the program itself, are resident but are not data. */
const RESIDENT_FACTOR = 1.1;
const STDERR_KEPT = 4096;

export class BoundedProcess {
  readonly #child: ChildProcess;
  readonly #replies: AsyncGenerator<Reply, void>;
  readonly #ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #watch: NodeJS.Timeout;
  #stop: Stop | null = null;
  #stderr = '';
  #resident = 0;

  /** @param fds open files that the process inherits, from number 3 on */
  constructor(
    private readonly limits: Limits,
    fds: readonly number[],
  ) {
    const command = [process.execPath, childScript()];
    const kilobytes = String(Math.floor(limits.memory / 1024));
    this.#child = spawn('/bin/sh', ['-c', SHELL, kilobytes, ...command], {
      stdio: ['pipe', 'pipe', 'pipe', ...fds],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    if (this.#child.pid === undefined) throw notStarted(this.#child);
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', () => resolve({ code: 127, signal: null }));
      this.#child.on('close', (code, signal) => resolve({ code, signal }));
    });
    this.#replies = decode<Reply>(this.#child.stdout!);
    this.#child.stdin!.on('error', () => {});
    this.#child.stderr!.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#watch.unref();
  }

  send(request: Request): void {
    this.#child.stdin!.write(encode(request));
  }

  /** Ends the process, whatever it is doing. */
  stop(why: Stop): void {
    this.#stop ??= why;
    clearInterval(this.#watch);
    this.#child.kill('SIGKILL');
  }

  get stopped(): boolean {
    return this.#stop !== null;
  }

  /**
   * The next reply.
   * @param time the most milliseconds to wait for it
   * @throws VfrError `SQL_TIME`, `SQL_MEMORY`, `SQL_CRASH`, `SQL_CANCELLED` when the process ended
   */
  async next(time: number): Promise<Reply> {
    const timer = setTimeout(() => this.stop('time'), Math.max(0, time));
    try {
      const next = await this.#replies.next();
      if (next.done !== true) return next.value;
    } catch {
      // The bytes received were not a frame: the process is broken, however it ended.
    } finally {
      clearTimeout(timer);
    }
    throw await this.#failure();
  }

  async #failure(): Promise<VfrError> {
    const { code, signal } = await this.#ended;
    clearInterval(this.#watch);
    const why = this.#stop ?? this.#guess(signal);
    this.#stop ??= 'closed';
    if (why === 'time') return tooLong(this.limits.time);
    if (why === 'memory') return tooMuch(this.limits.memory);
    if (why !== null) return new VfrError('SQL_CANCELLED', 'the query was ended', '');
    const how = signal ?? `exit code ${code}`;
    const what = `the query made DuckDB end (${how})`;
    return new VfrError('SQL_CRASH', what, 'Ask in another way.');
  }

  /** Allocators that fail end the process in different ways. */
  #guess(signal: NodeJS.Signals | null): Stop | null {
    const saysSo = /out of memory|bad_alloc|heap limit|allocation failed/i.test(this.#stderr);
    if (saysSo || this.#resident > 0.8 * this.limits.memory) return 'memory';
    // Not sent by this side: the kernel ran out of memory.
    return signal === 'SIGKILL' ? 'memory' : null;
  }

  #look(): void {
    this.#resident = residentBytes(this.#child.pid) ?? this.#resident;
    if (this.#resident > RESIDENT_FACTOR * this.limits.memory) this.stop('memory');
  }
}

function residentBytes(pid: number | undefined): number | null {
  try {
    const kilobytes = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

/** Without resources for pipes or a process, Node returns one that has neither streams nor pid. */
function notStarted(child: ChildProcess): VfrError {
  child.on('error', () => {});
  const next = 'Allow more open files (`ulimit -n`) and processes (`ulimit -u`).';
  const what = 'the process that answers SQL cannot be started';
  return new VfrError('SQL_NO_PROCESS', what, next);
}

const tooLong = (ms: number) =>
  new VfrError(
    'SQL_TIME',
    `the query took more than ${ms / 1000} s`,
    'Ask for less, or allow more with `vfr sql --time`.',
  );

const tooMuch = (bytes: number) =>
  new VfrError(
    'SQL_MEMORY',
    `the query needs more than ${Math.round(bytes / 1e6)} MB of memory`,
    'Ask for less, or allow more with `vfr sql --memory`.',
  );

/** The program of the process: next to this file in the bundle, else in the bundle. */
function childScript(): string {
  const places = ['./sql-child.js', '../../vfr/sql-child.js', '../../dist/vfr/sql-child.js'];
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  assert(found !== undefined, 'the program is built');
  return found;
}
