import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, VfrError } from '../../traces/index.js';
import { optional } from './optional.js';

const USUAL_PLACES = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Where tracefs is mounted, or undefined when it is nowhere. */
export function findTracefs(mounts = readMounts()): string | undefined {
  const mounted = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'tracefs')
    .map(([, place]) => place!);
  return [...USUAL_PLACES, ...mounted].find(
    (place) => mounted.includes(place) || existsSync(join(place, 'instances')),
  );
}

/** Other systems than Linux, and some sandboxes, do not have it. */
const readMounts = (): string => optional(() => readFileSync('/proc/mounts', 'utf8'), '');

/** A control directory of tracefs: the top one, or that of an instance. */
export class TraceDirectory {
  constructor(readonly path: string) {}

  has(file: string): boolean {
    return existsSync(join(this.path, file));
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'utf8');
  }

  /** The text of a file that not every kernel has, or an empty text. */
  readOptional(file: string): string {
    return optional(() => this.read(file), '');
  }

  list(folder: string): string[] {
    return optional(() => readdirSync(join(this.path, folder)), []);
  }

  /**
   * Writes a control file in one call, as tracefs needs it.
   *
   * @throws the system error of the write; the kernel's words are in `error_log`.
   */
  write(file: string, text: string, how: 'set' | 'append' = 'set'): void {
    // Truncating kprobe_events would remove the probes of everybody else.
    const flag = how === 'append' ? constants.O_APPEND : constants.O_TRUNC;
    const handle = openSync(join(this.path, file), constants.O_WRONLY | flag);
    try {
      writeSync(handle, text);
    } finally {
      closeSync(handle);
    }
  }

  /** Writes a setting that is a convenience: kernels that lack or refuse it go without. */
  writeOptional(file: string, text: string): boolean {
    return optional(() => {
      this.write(file, text);
      return true;
    }, false);
  }

  makeInstance(name: string): TraceDirectory {
    const path = join(this.path, 'instances', name);
    try {
      mkdirSync(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'error';
      throw new VfrError(
        'TRACEFS_INSTANCE',
        `no tracing instance can be made (${code})`,
        'vfr record needs root and tracefs: see vfr doctor.',
        { file: path },
        { cause: error },
      );
    }
    return new TraceDirectory(path);
  }

  /** @throws when another process still has a file of the instance open (EBUSY) */
  removeInstance(name: string): void {
    rmdirSync(join(this.path, 'instances', name));
  }

  /** The last thing that the kernel complained of in a definition, in its own words. */
  lastError(): string {
    const blocks = this.readOptional('error_log')
      .trimEnd()
      .split(/\n(?=\[)/);
    const [head] = (blocks.at(-1) ?? '').split('\n');
    return head?.replace(/^\[[^\]]*\]\s*/, '').replace(/^\w+: error: /, '') ?? '';
  }
}

/**
 * The top directory of tracefs, if this process may record with it.
 *
 * @throws VfrError of kind `unsupported` that says what is missing.
 */
export function requireTracefs(): TraceDirectory {
  const unsupported = (code: ErrorCode, what: string, next: string) =>
    new VfrError(code, what, next);
  if (process.geteuid?.() !== 0) {
    throw unsupported('NOT_ROOT', 'recording needs root', 'Run it with sudo.');
  }
  const path = findTracefs();
  if (path === undefined) {
    throw unsupported(
      'NO_TRACEFS',
      'tracefs is not mounted',
      `Run \`mount -t tracefs nodev ${USUAL_PLACES[0]}\`; containers mostly may not.`,
    );
  }
  return new TraceDirectory(path);
}
