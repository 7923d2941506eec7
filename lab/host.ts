import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ARCHITECTURES, crossCompilers } from './architecture.js';

/**
 * A lab step that cannot be done on this machine; the message says what is missing and what to do.
 */
export class LabError extends Error {
  override readonly name = 'LabError';

  /** @param code exit code: 4 when nothing could be tried here, 1 when a job began and failed */
  constructor(
    message: string,
    readonly code: 1 | 4 = 4,
  ) {
    super(message);
  }
}

/** How each tool is installed. */
const TOOLS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.values(ARCHITECTURES).flatMap((architecture) => [
      [architecture.qemu, `apt-get install --no-install-recommends ${architecture.qemuPackage}`],
      [crossCompilers(architecture).cxx, `apt-get install ${architecture.compilerPackage}`],
    ]),
  ),
  debootstrap: 'apt-get install debootstrap',
  chroot: 'apt-get install coreutils',
  'dpkg-deb': 'apt-get install dpkg',
  make: 'apt-get install make',
  npm: 'it comes with Node',
  tar: 'apt-get install tar',
};

function onPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Throws a LabError that names every given program which is not installed. */
export function requireTools(programs: readonly string[]): void {
  const missing = programs.filter((program) => !onPath(program));
  if (missing.length === 0) return;
  const lines = missing.map((program) => `  ${program} is not installed: ${TOOLS[program]}`);
  throw new LabError(`the lab cannot run on this machine:\n${lines.join('\n')}`);
}

/** Building a root file system makes device nodes and runs chroot: only root may. */
export function requireRoot(): void {
  if (process.getuid?.() !== 0) {
    throw new LabError('building the guest needs root once (debootstrap, chroot): use sudo');
  }
}

/**
 * Makes a folder that is there only once all of it is: it has another name while it is filled.
 * One that is there already is replaced then.
 */
export function buildFolder(target: string, fill: (building: string) => void): void {
  const building = `${target}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  fill(building);
  rmSync(target, { recursive: true, force: true });
  renameSync(building, target);
}

export interface Ran {
  readonly stdout: string;
}

/**
 * Runs a program to its end; a failure is a LabError with the end of its output.
 * @param environment what it has in its environment besides the lab's own
 */
export function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Ran {
  const done = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', ...environment },
  });
  if (done.error) throw new LabError(`${program}: ${done.error.message}`);
  if (done.status !== 0) {
    const tail = `${done.stdout}${done.stderr}`.trimEnd().split('\n').slice(-12).join('\n  ');
    throw new LabError(`${program} ${args.join(' ')} ended with ${done.status}:\n  ${tail}`);
  }
  return { stdout: done.stdout };
}

/** Progress of the lab goes to stderr: stdout is for what a job says. */
export function say(message: string): void {
  process.stderr.write(`lab: ${message}\n`);
}
