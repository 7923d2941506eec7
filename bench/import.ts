/**
 * How fast inputs are imported, beside what other programs need for the same file in the same run.
 *
 *     npm run build && node dist/bench/import.js FILE...
 *     node dist/bench/import.js --megabytes 300 FILE...     the text of the files, repeated
 *
 * Each run is a process of its own, as a user starts it: compiling the parser counts. The figure
 * is the median of the processor time, which other load on the machine disturbs least; all programs
 * here use one core. `import` reads and maps, `vfr import` also writes the trace to disk. strace
 * and QEMU logs of real sizes are made of short ones.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInput } from '../recorder/import/input-stream.js';
import { detectFormat } from '../recorder/index.js';
import { EventAppender } from '../traces/index.js';
import { peersOf } from './peers.js';
import { repeatText } from './repeat.js';

const RUNS = 5;
const BATCH_ROWS = 65_536;

interface Figure {
  readonly what: string;
  readonly time: Time;
  readonly records: number;
}

/** Reads and maps one file, and gives the number of its records. */
function importOnce(file: string): number {
  const input = openInput(file);
  const importer = detectFormat(input);
  if (importer === null) throw new Error(`${file}: of no known format`);
  importer.meta(input);
  const report = importer.read(input, new EventAppender(BATCH_ROWS, () => undefined));
  return Object.values(report.records).reduce((sum, count) => sum + count, 0);
}

interface Time {
  readonly wall: number;
  readonly cpu: number;
}

/** Runs a program to its end, its output thrown away; bash reports the times of the process. */
function timed(program: string, args: readonly string[]): Time {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>/dev/null';
  const { stderr, status } = spawnSync('bash', ['-c', script, 'bash', program, ...args]);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
  const [wall, user, system] = stderr.toString().trim().split(' ').map(Number);
  return { wall, cpu: user + system };
}

function median(program: string, ...args: string[]): Time {
  const times = Array.from({ length: RUNS }, () => timed(program, args));
  return times.sort((a, b) => a.cpu - b.cpu)[Math.floor(RUNS / 2)];
}

const isTraceDat = (file: string) => openInput(file).head.subarray(3, 10).toString() === 'tracing';

function figures(file: string): Figure[] {
  const self = process.argv[1];
  const records = Number(execFileSync(process.execPath, [self, '--once', file]));
  const folder = mkdtempSync(join(tmpdir(), 'vfr-bench-'));
  try {
    const output = join(folder, 'out.arrows');
    const vfr = join(import.meta.dirname, '../vfr/main.js');
    const node = process.execPath;
    const list: Figure[] = [
      { what: 'import', time: median(node, self, '--once', file), records },
      { what: 'vfr import', time: median(node, vfr, 'import', file, '-o', output), records },
    ];
    for (const { what, program, args } of peersOf(file, isTraceDat(file))) {
      list.push({ what, time: median(program, ...args), records });
    }
    return list;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function show(file: string): void {
  console.log(`\n${file}\n`);
  console.log('| what | wall s | MB per s | CPU s | M records per CPU s | MB per CPU s |');
  console.log('|---|---|---|---|---|---|');
  const bytes = statSync(file).size;
  for (const { what, time, records } of figures(file)) {
    const { wall, cpu } = time;
    const rates = `${(records / cpu / 1e6).toFixed(2)} | ${(bytes / cpu / 1e6).toFixed(0)}`;
    const walls = `${wall.toFixed(2)} | ${(bytes / wall / 1e6).toFixed(0)}`;
    console.log(`| ${what} | ${walls} | ${cpu.toFixed(2)} | ${rates} |`);
  }
}

/** Shows one file that holds the text of all, repeated. */
function showRepeated(megabytes: number, files: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'vfr-bench-'));
  try {
    const repeated = join(folder, 'repeated.log');
    repeatText(files, repeated, megabytes * 1e6);
    show(repeated);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--once') console.log(importOnce(rest[0]));
else if (first === '--megabytes') showRepeated(Number(rest[0]), rest.slice(1));
else for (const file of [first, ...rest]) show(file);
