/**
 * How fast `vfr browse` is: the built program in a pseudo-terminal, on a trace of 10 M events.
 *
 *     npm run build && node dist/bench/browse.js [EVENTS]
 *
 * The first screen counts from the start of the process to the end of its first frame; its
 * processor time is printed, too, because other load on the machine disturbs that least. A key
 * counts from writing it to the terminal to the end of the frame that answers it, which includes
 * the way through the terminal and back. Needs `script` (util-linux) and Linux.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSink } from '../traces/index.js';
import { writeAccesses } from './workload.js';

const PROGRAM = join(import.meta.dirname, '../vfr/main.js');
const FIRST_SCREENS = 5;
const KEYS = 300;
/** Keys that are held come about as often. */
const BETWEEN_MS = 30;
/** After such a pause the background work goes on. */
const PAUSE_MS = 400;
/** Jumps go to numbers this far apart, all over the trace. */
const STRIDE = 7_654_321;
const TICKS_PER_MS = 0.1;
/** A frame ends with the sequence that shows it whole. */
const FRAME_END = '\u001b[?2026l';

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The browser in a terminal of a size. */
class Browsing {
  readonly #child: ChildProcess;
  readonly #began = performance.now();
  #output = '';
  #seen: () => void = () => {};
  #pid = 0;

  constructor(trace: string, { columns, rows }: Size) {
    const program = `exec '${process.execPath}' '${PROGRAM}' browse --theme dark '${trace}'`;
    const command = `stty rows ${rows} cols ${columns}; echo "pid $$."; ${program}`;
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#seen();
    });
  }

  /** Milliseconds from the start until a text was shown. */
  async shown(text: string | RegExp): Promise<number> {
    const has = () =>
      typeof text === 'string' ? this.#output.includes(text) : text.test(this.#output);
    while (!has()) await new Promise<void>((resolve) => (this.#seen = resolve));
    this.#pid ||= Number(/pid (\d+)\./.exec(this.#output)?.[1]);
    return performance.now() - this.#began;
  }

  /** Types, and waits for the frame after that. @returns milliseconds */
  async key(keys: string): Promise<number> {
    this.#output = '';
    const from = performance.now();
    this.#child.stdin?.write(keys);
    await this.shown(FRAME_END);
    return performance.now() - from;
  }

  /** What was shown since the last key. */
  get output(): string {
    return this.#output;
  }

  /** Processor time so far, in milliseconds. */
  get processorTime(): number {
    const fields = readFileSync(`/proc/${this.#pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_MS;
  }

  /** The most memory that it had so far, in MB. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'latin1');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1000;
  }

  async quit(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.on('close', resolve));
    this.#child.stdin?.write('q');
    await ended;
  }
}

const at = (times: readonly number[], part: number): number =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))];

const row = (what: string, times: readonly number[], target: string) =>
  console.log(
    `| ${what} | ${at(times, 0.5).toFixed(1)} | ${at(times, 0.99).toFixed(1)} | ${target} |`,
  );

/** Repeats an action with a pause after each. */
async function repeated(
  count: number,
  pause: number,
  action: (i: number) => Promise<number>,
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    times.push(await action(i));
    await sleep(pause);
  }
  return times;
}

async function firstScreens(trace: string): Promise<void> {
  const [wall, processor]: [number[], number[]] = [[], []];
  for (let i = 0; i < FIRST_SCREENS; i++) {
    const browsing = new Browsing(trace, { columns: 120, rows: 40 });
    wall.push(await browsing.shown(FRAME_END));
    processor.push(browsing.processorTime);
    await browsing.quit();
  }
  row('first screen', wall, '< 300');
  row('first screen, processor time', processor, '');
}

async function keysIn(name: string, trace: string, size: Size, target: string): Promise<number> {
  const browsing = new Browsing(trace, size);
  await browsing.shown('All events');
  await browsing.key('\r');
  await browsing.shown('row 1');
  await whole(browsing);
  const down = await repeated(KEYS, BETWEEN_MS, () => browsing.key('j'));
  row(`a row down, ${name}`, down, target);
  row(
    `a screen down, ${name}`,
    await repeated(KEYS / 3, BETWEEN_MS, () => browsing.key(' ')),
    target,
  );
  const resumed = await repeated(KEYS / 10, PAUSE_MS, () => browsing.key('k'));
  row(`a row up while the trace is replayed, ${name}`, resumed, '');
  const jumps = await repeated(KEYS / 10, BETWEEN_MS, (i) => jump(browsing, (i * STRIDE) % events));
  row(`a jump to an event, ${name}`, jumps, '≤ 50');
  const ends = await repeated(KEYS / 10, BETWEEN_MS, async () => {
    const time = await browsing.key('G');
    await browsing.key('g');
    return time;
  });
  row(`to the last event, ${name}`, ends, '≤ 50');
  const { memory } = browsing;
  await browsing.quit();
  return memory;
}

/** Waits until all events have their rows: until then the title says how many are read. */
async function whole(browsing: Browsing): Promise<void> {
  do {
    await sleep(PAUSE_MS);
    await browsing.key('j');
  } while (browsing.output.includes('reading'));
}

/** To an event anywhere in the trace: the number is typed, and Return is timed. */
async function jump(browsing: Browsing, number: number): Promise<number> {
  for (const key of `:${number}`) await browsing.key(key);
  return browsing.key('\r');
}

const events = Number(process.argv[2] ?? 10_000_000);
const folder = mkdtempSync(join(tmpdir(), 'vfr-bench-'));
try {
  const trace = join(folder, 'trace.arrows');
  const sink = openSink({ file: trace, inputs: [] });
  writeAccesses(sink, events);
  sink.commit();
  const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.version}`;
  console.log(`${machine}, load ${loadavg()[0].toFixed(1)}; ${events} events\n`);
  console.log('| what, in ms | median | 99 % | to reach |\n|---|---|---|---|');
  await firstScreens(trace);
  const memory = [
    await keysIn('all panes at 120 × 40', trace, { columns: 120, rows: 40 }, '≤ 16'),
    await keysIn('the list alone', trace, { columns: 120, rows: 13 }, '≤ 8'),
  ];
  console.log(`\nMost memory: ${Math.max(...memory).toFixed(0)} MB (to reach: ≤ 500 MB)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
