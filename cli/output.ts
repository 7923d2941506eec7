/**
 * The two streams of the program: stdout carries data, stderr messages. Other files in cli/ do not
 * write to them, except the terminal UI.
 */
import { fstatSync, writeSync } from 'node:fs';
import { escapeInJson, painted, printable, type Style, screenText } from './printable.js';

export type { Style } from './printable.js';

export type ColorChoice = 'auto' | 'always' | 'never';
export const COLOR_CHOICES: readonly ColorChoice[] = ['auto', 'always', 'never'];

let choice: ColorChoice = 'auto';

/** Applies `--color`. */
export function setColor(when: ColorChoice): void {
  choice = when;
}

/**
 * Whether a stream gets colours: as `--color` says, else as NO_COLOR says, else if it is a
 * terminal.
 */
export function hasColor(stream: NodeJS.WriteStream): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { NO_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return stream.isTTY === true && TERM !== 'dumb';
}

/** Colours text for stdout, and makes it one line. */
export function paint(style: Style, text: string): string {
  return hasColor(process.stdout) ? painted(style, text) : printable(text);
}

/**
 * Writes to stdout; resolves when more may be written. All output passes through here or `note`,
 * which remove control characters and characters that hide or turn text.
 */
export async function write(data: string): Promise<void> {
  await writeSafe(screenText(data));
}

/** Writes to stdout like `write`, and keeps tabs, which separate fields. */
export const writeFields = (data: string): Promise<void> =>
  writeSafe(data.split('\t').map(screenText).join('\t'));

async function writeSafe(data: string): Promise<void> {
  endTransient();
  if (data === '' || process.stdout.write(data)) return;
  // A failure causes no event here; it ends the program (endOnFailedOutput).
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}

/** Writes a line of data to stdout. */
export const print = (line: string): Promise<void> => write(`${line}\n`);

/** Writes a value to stdout as one JSON document. */
export const printJson = (value: unknown): Promise<void> => print(toJson(value));

/**
 * JSON text of plain data. A bigint is written as a number: JSON does not limit numbers, and a
 * column that is sometimes a number and sometimes a string is useless.
 * @param indent prefix of the value's lines; null for one line
 */
export function toJson(value: unknown, indent: string | null = ''): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return jsonString(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const inner = indent === null ? null : `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  const members = entries.map(([key, v]) => {
    const text = toJson(v, inner);
    const colon = indent === null ? ':' : ': ';
    return Array.isArray(value) ? text : `${jsonString(key)}${colon}${text}`;
  });
  if (members.length === 0) return open + close;
  if (inner === null) return open + members.join(',') + close;
  return `${open}\n${inner}${members.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** JSON does not escape all control characters that terminals interpret. */
const jsonString = (text: string) => escapeInJson(JSON.stringify(text));

/** Writes a message of one line to stderr. */
export function note(message: string, style?: Style): void {
  const colored = style !== undefined && hasColor(process.stderr);
  toStderr(colored ? painted(style, message) : printable(message));
}

/** Writes a message of several lines to stderr; its parts must be `printable`. */
export const noteLines = (message: string): void => toStderr(message);

let isMuted = false;

/** Suppresses all messages from now on, since they would be written into the input. */
export function mute(): void {
  isMuted = true;
}

function toStderr(message: string): void {
  if (isMuted) return;
  endTransient();
  process.stderr.write(`${screenText(message)}\n`);
}

let transient: (() => void) | null = null;

/** Uses the last line of the terminal; `clear` is called before anything else is written. */
export function beginTransient(clear: () => void): void {
  endTransient();
  transient = clear;
}

/** Ends the use of the last line. */
export function endTransient(): void {
  const clear = transient;
  transient = null;
  clear?.();
}

type ReportFailure = (error: NodeJS.ErrnoException) => Promise<never>;

/**
 * Ends the program when its output cannot be written: silently if the reader has exited (`vfr
 * events t.arrows | head`), else after `report` has reported it.
 */
export function endOnFailedOutput(report: ReportFailure): void {
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    return report(error);
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
  const { isTTY } = process.stdout;
  const stat = fstatSync(STDOUT);
  if (stat.isFile() || (stat.isCharacterDevice() && !isTTY)) writeWhole(process.stdout);
}

const STDOUT = 1;

/**
 * Node's stream on a file or device writes once, and treats a short write as complete. On a disk
 * that becomes full the end of the output would then be missing, with exit code 0.
 */
function writeWhole(stream: NodeJS.WriteStream): void {
  stream._write = (chunk, encoding, done) => {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, encoding);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      done(error as NodeJS.ErrnoException);
      return;
    }
    done();
  };
}
