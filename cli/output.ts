/**
 * The two streams of the program: stdout carries data, stderr messages. Nothing else in cli/ writes
 * to them, except the terminal UI.
 */
import { fstatSync, writeSync } from 'node:fs';

export type ColorChoice = 'auto' | 'always' | 'never';
export const COLOR_CHOICES: readonly ColorChoice[] = ['auto', 'always', 'never'];

let choice: ColorChoice = 'auto';

/** Takes over `--color`. */
export function setColor(when: ColorChoice): void {
  choice = when;
}

/** Whether a stream gets colours: by `--color`, else by NO_COLOR, else when it is a terminal. */
export function hasColor(stream: NodeJS.WriteStream): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { NO_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return stream.isTTY === true && TERM !== 'dumb';
}

/** SGR parameters of the styles in use. */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

const styled = (style: Style, text: string) => `\u001b[${STYLES[style]}m${text}\u001b[0m`;

/** Colours text that is meant for stdout. */
export function paint(style: Style, text: string): string {
  return hasColor(process.stdout) ? styled(style, text) : text;
}

/** Writes data to stdout as it is; resolves when more may be written. */
export async function write(data: string): Promise<void> {
  if (data === '' || process.stdout.write(data)) return;
  // No event comes after a failure, which ends the program (endOnFailedOutput).
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}

/** Writes a line of data to stdout. */
export const print = (line: string): Promise<void> => write(`${line}\n`);

/** Writes a value to stdout as one JSON document. */
export const printJson = (value: unknown): Promise<void> => print(toJson(value));

/**
 * JSON text of plain data. A bigint is written as the number it is: JSON sets numbers no limit, and
 * a column that is a number once and a string the next time helps nobody.
 * @param indent what the lines of the value are indented by; null for one line
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
    return Array.isArray(value) ? text : `${JSON.stringify(key)}${colon}${text}`;
  });
  if (members.length === 0) return open + close;
  if (inner === null) return open + members.join(',') + close;
  return `${open}\n${inner}${members.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** JSON leaves some control characters as they are, and terminals obey them. */
const jsonString = (text: string) =>
  JSON.stringify(text).replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);

/** Writes a message to stderr. */
export function note(message: string, style?: Style): void {
  const colored = style !== undefined && hasColor(process.stderr);
  process.stderr.write(`${colored ? styled(style, message) : message}\n`);
}

type TellFailure = (error: NodeJS.ErrnoException) => Promise<never>;

/**
 * Ends the program when its output cannot be written: quietly when the reader has gone
 * (`vfr events t.arrows | head`), else after `tell` has told of it.
 */
export function endOnFailedOutput(tell: TellFailure): void {
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    return tell(error);
  };
  process.stdout.on('error', onError);
  process.stderr.on('error', onError);
  const { isTTY } = process.stdout;
  const stat = fstatSync(STDOUT);
  if (stat.isFile() || (stat.isCharacterDevice() && !isTTY)) writeWhole(process.stdout);
}

const STDOUT = 1;

/**
 * Node's stream on a file or a device writes once and takes what the disk took for all of it, so
 * that the end of the output would be missing on a disk that becomes full, with exit code 0.
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
