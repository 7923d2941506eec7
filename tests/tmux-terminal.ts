/** The built browser in a terminal of tmux: what is on the screen, and keys. */
import { spawnSync } from 'node:child_process';
import { afterEach } from 'vitest';
import { PROGRAM } from './vfr.js';

const SOCKET = `vfr-browse-${process.pid}`;
const WAIT_MS = 50_000;

export function tmux(...args: readonly string[]): string {
  return spawnSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8' }).stdout;
}

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

export function screen(): string {
  return tmux('capture-pane', '-p', '-t', 't');
}

/** Waits until a text is on the screen. @returns the screen */
export async function shown(text: RegExp): Promise<string> {
  const end = performance.now() + WAIT_MS;
  for (;;) {
    const now = screen();
    if (text.test(now)) return now;
    if (performance.now() > end) throw new Error(`${text} is not on the screen:\n${now}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Opening {
  readonly size?: readonly [columns: number, rows: number];
  /** Options of the command. */
  readonly options?: string;
  /** Options of Node. */
  readonly node?: string;
}

/** Browses traces, and prints the exit code and the mode of the terminal after that. */
export function open(
  traces: string | readonly string[],
  { size: [columns, rows] = [100, 30], options = '', node = '' }: Opening = {},
): void {
  tmux('new-session', '-d', '-s', 't', '-x', String(columns), '-y', String(rows), 'sh');
  const files = [traces]
    .flat()
    .map((file) => `'${file}'`)
    .join(' ');
  const command = `'${process.execPath}' ${node} '${PROGRAM}' browse ${options} ${files}; echo "code $?"; stty -a`;
  tmux('send-keys', '-t', 't', command, 'Enter');
}

/** Presses keys, each when its text is on the screen. @returns how many */
export async function press(
  ...steps: readonly (readonly [text: RegExp, key: string])[]
): Promise<number> {
  for (const [text, key] of steps) {
    await shown(text);
    tmux('send-keys', '-t', 't', key);
  }
  return steps.length;
}

afterEach(() => {
  tmux('kill-server');
});
