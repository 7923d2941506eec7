/**
 * How long the views of the SQL library take on a long trace.
 *
 *     npm run --silent build && node dist/bench/sql.js [--views a,b] [--program MAIN.JS] TRACE...
 *
 * Several traces, or one with fewer events, are written one after another until there are 10 M
 * events. `count` and `all` are whole processes of `vfr sql`: from its call to the number of rows, and
 * to a hash of every column of every row, which is printed so that two versions can be compared.
 * `example` is the question of docs/sql.md in a new process, `second` and `warm` are the second and the
 * third time in one session. `--program` measures another build in the same way.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { openSession } from '../analysis/index.js';
import { LIBRARY } from '../analysis/sql/library.js';
import { TraceReader } from '../traces/index.js';
import { writeLongTrace } from './long-trace.js';

const EVENTS = 10_000_000;
const SECONDS = 600;

const seconds = (from: number) => ((performance.now() - from) / 1000).toFixed(2);

/** Runs `vfr sql` as a user does. */
function ask(program: string, trace: string, sql: string): { time: string; answer: string } {
  const from = performance.now();
  const args = [
    program,
    'sql',
    trace,
    '--time',
    `${SECONDS}`,
    '--no-header',
    '--format',
    'tsv',
    sql,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, { maxBuffer: 1 << 30 });
  const time = seconds(from);
  return { time, answer: stdout.toString().trim().slice(0, 40) || stderr.toString().slice(0, 60) };
}

type Session = Awaited<ReturnType<typeof openSession>>;

/** Asks a question in an open session. */
async function time(session: Session, sql: string): Promise<string> {
  const from = performance.now();
  try {
    const { chunks } = await session.query(sql);
    for await (const _rows of chunks()) {
      // Reading the rows is what is measured.
    }
  } catch (error) {
    return (error as Error).message.slice(0, 30);
  }
  return seconds(from);
}

/** The build of another version has the same faces. */
const loadFrom = (program: string, folder: string) =>
  import(pathToFileURL(join(program, '../..', folder, 'index.js')).href);

async function measure(program: string, trace: string, views: readonly string[]): Promise<void> {
  const analysis = await loadFrom(program, 'analysis');
  const traces = await loadFrom(program, 'traces');
  console.log('| view | count | all | example | second | warm | rows and hash |');
  console.log('|---|---|---|---|---|---|---|');
  for (const definition of LIBRARY) {
    const { name, type, example } = definition;
    if (type !== 'view' || (views.length > 0 && !views.includes(name))) continue;
    const count = ask(program, trace, `SELECT count(*) FROM ${name}`);
    const all = ask(program, trace, `SELECT bit_xor(hash(v)) FROM ${name} v`);
    const first = ask(program, trace, example);
    const reader: TraceReader = traces.TraceReader.open(trace);
    const session: Session = await analysis.openSession([{ name: 'trace', reader }], {
      seconds: SECONDS,
    });
    await time(session, example);
    const second = await time(session, example);
    const warm = await time(session, example);
    session.close();
    reader.close();
    const cells = [name, count.time, all.time, first.time, second, warm];
    console.log(`| ${cells.join(' | ')} | ${count.answer} ${all.answer} |`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { views: { type: 'string' }, program: { type: 'string' } },
});
const folder = mkdtempSync(join(tmpdir(), 'vfr-bench-'));
try {
  const [first] = positionals;
  const isLong = positionals.length === 1 && TraceReader.open(first).events >= EVENTS;
  const trace = isLong ? first : join(folder, 'long.arrows');
  if (!isLong) writeLongTrace(positionals, trace, EVENTS);
  const own = join(import.meta.dirname, '../vfr/main.js');
  console.log(`${cpus()[0].model}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}\n`);
  await measure(values.program ?? own, trace, values.views?.split(',') ?? []);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
