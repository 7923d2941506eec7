/**
 * Speed and size of the trace file, and speed of the kernel that runs, as a table, compared with a
 * stored baseline.
 *
 *     npm run bench                    print the table
 *     npm run bench -- --save          and make it the new baseline
 *     npm run bench -- TRACE=RECORDING also compare the size of a trace with what it was made of
 *
 * Times are processor times, the best of several runs, which other load disturbs least. They are
 * compared as ratios to a fixed piece of work that is timed along with them, so that a baseline
 * made on another machine means something. Ends with code 1 when a figure is worse by a half or
 * more.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompress } from '../traces/index.js';
import { kernelCases } from './kernel-cases.js';
import { type Case, traceCases } from './trace-cases.js';

const RUNS = 5;
const WORSE = 1.5;
const BASELINE = join(import.meta.dirname, '../../bench/baseline.json');

interface Baseline {
  readonly machine: string;
  /** Figure divided by that of the fixed piece of work, by case. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Processor time of the best of several runs, in nanoseconds. */
async function best(work: () => unknown, runs = RUNS): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) * 1_000);
  }
  return least;
}

/** A mixture of JavaScript and native work that never changes. */
function fixedWork(): number {
  const bytes = new Uint8Array(1 << 22);
  let state = 1;
  for (let i = 0; i < bytes.byteLength; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = (state >>> 24) & 15;
  }
  return zstdCompress(bytes, { level: 3 }).byteLength;
}

interface Row extends Case {
  readonly figure: number;
  readonly ratio: number;
}

async function measure(cases: readonly Case[]): Promise<Row[]> {
  const unit = await best(fixedWork);
  const rows: Row[] = [];
  for (const one of cases) {
    const nanoseconds = await best(one.run, one.runs ?? RUNS);
    const perEvent = nanoseconds / one.events;
    rows.push({ ...one, figure: perEvent, ratio: perEvent / unit });
  }
  return rows;
}

function show(rows: readonly Row[], baseline: Baseline | null): boolean {
  console.log('| what | ns per event | M events/s | to reach | against the baseline |');
  console.log('|---|---|---|---|---|');
  let worse = false;
  for (const { name, figure, target, ratio } of rows) {
    const before = baseline?.ratios[name];
    const change = before === undefined ? 'new' : `× ${(ratio / before).toFixed(2)}`;
    if (before !== undefined && ratio / before >= WORSE) worse = true;
    const rate = (1_000 / figure).toFixed(2);
    console.log(`| ${name} | ${figure.toFixed(1)} | ${rate} | ${target} | ${change} |`);
  }
  return worse;
}

function showSizes(pairs: readonly string[]): void {
  if (pairs.length === 0) return;
  console.log('\n| trace | bytes | made of | bytes | ratio |\n|---|---|---|---|---|');
  for (const pair of pairs) {
    const [trace, recording] = pair.split('=');
    const [a, b] = [statSync(trace).size, statSync(recording).size];
    console.log(`| ${trace} | ${a} | ${recording} | ${b} | ${(a / b).toFixed(3)} |`);
  }
}

const args = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'vfr-bench-'));
try {
  const rows = await measure([...(await traceCases(folder)), ...kernelCases()]);
  const baseline = existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : null;
  const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.version}`;
  console.log(`${machine}${baseline === null ? '' : `; baseline: ${baseline.machine}`}\n`);
  if (show(rows, baseline)) process.exitCode = 1;
  showSizes(args.filter((arg) => arg.includes('=')));
  if (args.includes('--save')) {
    const ratios = Object.fromEntries(rows.map(({ name, ratio }) => [name, ratio]));
    writeFileSync(BASELINE, `${JSON.stringify({ machine, ratios }, null, 2)}\n`);
    process.exitCode = 0;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
