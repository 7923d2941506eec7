/** Records in a process of its own, and shows the trace in the browser while it grows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPartial, openSource, readOn, TraceReader } from '../traces/index.js';
import { hasColor, note } from './output.js';
import { requireTerminal } from './require-terminal.js';

const POLL_MS = 100;
/** What the recorder and its command print is kept up to here, for after the browser. */
const TAIL_CHARACTERS = 1 << 16;

/**
 * Runs `vfr record` with the same arguments. Quitting the browser ends the recording; the exit code
 * is that of the recorder.
 * @param args the arguments after `vfr`
 */
export async function recordInBrowser(args: readonly string[], output: string): Promise<void> {
  await requireTerminal('record --tui');
  const recorder = new Recorder(args);
  const stop = () => recorder.stop();
  // Whatever ends the browser ends the recording.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  note('starting the recorder; the browser shows what it has as soon as it runs');
  const reader = await recorder.opened();
  try {
    if (reader === null) return;
    const { browse } = await import('./tui/start-browser.js');
    const look = { color: hasColor(process.stdout), theme: 'auto', mouse: true } as const;
    const begin = { at: null, where: null, other: null, follow: true };
    await browse(reader, { title: basename(output), ...look, ...begin });
  } finally {
    reader?.close();
    recorder.stop();
    process.exitCode = await recorder.ended;
    for (const line of recorder.printed.split('\n')) if (line !== '') note(line);
  }
}

/** The process that records. */
class Recorder {
  readonly #child: ChildProcess;
  readonly ended: Promise<number>;
  #isRunning = true;
  /** The end of what it and its command printed. */
  printed = '';

  constructor(args: readonly string[]) {
    const [program] = process.argv.slice(1);
    // In a process group of its own: it goes on while the browser is suspended.
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.printed = (this.printed + text).slice(-TAIL_CHARACTERS);
      });
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        this.#isRunning = false;
        resolve(code ?? 1);
      });
    });
  }

  /** Ends the recording, as Ctrl-C does. */
  stop(): void {
    if (this.#isRunning) this.#child.kill('SIGINT');
  }

  /** The trace as soon as its opening is written; null when the recorder ends before. */
  async opened(): Promise<TraceReader | null> {
    for (; this.#isRunning; await sleep(POLL_MS)) {
      const reader = this.#tryToOpen();
      if (reader !== null) return reader;
    }
    return null;
  }

  #tryToOpen(): TraceReader | null {
    const file = this.#fileWritten();
    if (file === null) return null;
    const source = openSource(file);
    try {
      return new TraceReader(readOn(source), 'later');
    } catch {
      // The opening is not whole yet.
      source.close();
      return null;
    }
  }

  /** The file that it records to, which has another name than the one that it becomes. */
  #fileWritten(): string | null {
    try {
      const folder = `/proc/${this.#child.pid}/fd`;
      const files = readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`));
      return files.find(isPartial) ?? null;
    } catch {
      // It has just ended.
      return null;
    }
  }
}
