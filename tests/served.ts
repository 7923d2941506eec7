/** `vfr serve` as a process, for tests that talk to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { PROGRAM } from './vfr.js';

export interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it wrote to stderr so far. */
  readonly messages: () => string;
  /** Sends a signal; resolves with the exit code. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** Starts the server, and waits until it says its address. */
export async function serveTraces(args: readonly string[]): Promise<Served> {
  const command = [PROGRAM, 'serve', '--no-open', '--json', ...args];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, messages] = ['', ''];
  child.stderr.on('data', (text) => {
    messages += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      output += text;
      if (output.endsWith('}\n')) resolve();
    });
    void ended.then(() => reject(new Error(messages)));
  });
  const { url } = JSON.parse(output) as { url: string };
  const end = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return ended;
  };
  return { url, child, messages: () => messages, end };
}
