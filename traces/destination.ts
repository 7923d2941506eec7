/**
 * Where a command writes, with everything that it reads. Sinks are opened only for a destination,
 * so that no command can write without naming the inputs that must survive.
 */
import { type BigIntStats, fstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VfrError } from './errors.js';

export interface Destination {
  /** File to write; `-` is standard output. */
  readonly file: string;
  /** What the command reads: files, folders with all their content, `-` for standard input. */
  readonly inputs: readonly string[];
  /** Permissions of the new file. By default those of the file that it replaces, else 0600. */
  readonly mode?: number;
}

const [STDIN, STDOUT, STDERR] = [0, 1, 2];

/**
 * Checks that the output is not an input, by any name, link or mount.
 *
 * @throws VfrError `OUTPUT_IS_INPUT` when it is; the input is unchanged
 */
export function refuseInputs({ file, inputs }: Destination): void {
  const output = identity(file, STDOUT);
  if (output === null) return;
  const same = inputs.find((input) => holds(input, file, output));
  if (same === undefined) return;
  const what = same === file ? 'the output is the input' : `the output is the input ${same}`;
  const place = { file: file === '-' ? '(standard output)' : file };
  throw new VfrError('OUTPUT_IS_INPUT', what, 'Name another file.', place);
}

/** Whether stderr is one of the inputs (`vfr info t.arrows 2>> t.arrows`). */
export function areMessagesInput(inputs: readonly string[]): boolean {
  const stderr = identity('-', STDERR);
  return stderr !== null && inputs.some((input) => holds(input, '-', stderr));
}

/** Whether a file is one of the inputs, and so must not be removed either. */
export function isInput(file: string, inputs: readonly string[]): boolean {
  const own = identity(file, STDOUT);
  return own !== null && inputs.some((input) => holds(input, file, own));
}

/** Whether an input is the file, or a folder that contains it. */
function holds(input: string, file: string, output: string): boolean {
  if (identity(input, STDIN) === output) return true;
  const folder = look(input, STDIN);
  if (folder?.isDirectory() !== true) return false;
  return isWithin(file, folder) || entries(input).some((e) => identity(e, STDIN) === output);
}

/** Whether a folder is an ancestor of a file. */
function isWithin(file: string, folder: BigIntStats): boolean {
  if (file === '-') return false;
  for (let at = dirname(file), n = 0; n < 64; at = join(at, '..'), n++) {
    const stat = look(at, STDIN);
    if (stat === null) return false;
    if (stat.dev === folder.dev && stat.ino === folder.ino) return true;
  }
  return false;
}

function entries(folder: string): string[] {
  try {
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return all.map((name) => join(folder, name));
  } catch {
    // The code that reads the folder reports why it cannot be read.
    return [];
  }
}

/** Device and inode of a regular file. Writing to anything else destroys nothing. */
function identity(file: string, standard: number): string | null {
  const stat = look(file, standard);
  return stat?.isFile() === true ? `${stat.dev}/${stat.ino}` : null;
}

function look(file: string, standard: number): BigIntStats | null {
  try {
    const options = { bigint: true } as const;
    return file === '-' ? fstatSync(standard, options) : statSync(file, options);
  } catch {
    // There is no file, or it may not be examined. Opening it reports the reason.
    return null;
  }
}
