/**
 * Kills a recorder again and again. The recorder notes in a log of its own, after each flush, up to
 * which event it has flushed; whatever that log says must be in the trace, and be what was written.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CELL, openRecording, TraceReader, TraceWriter, verifyTrace } from '../../traces/index.js';
import { expectedValue, Random } from './corpus.js';
import { demand, isProgram, progress, sweepOptions } from './options.js';

const RECORDER = 'record';
const FLUSH_MS_MAX = 20;
const KILL_MS_MAX = 120;

export interface KillFigures {
  readonly kills: number;
  /** Kills in the middle of a frame, by what they left. */
  readonly torn: number;
  readonly events: number;
  /** Most events that were committed after the last flush, and so lost, at once. */
  readonly lostMax: number;
}

export async function sweepKills(count: number, seed: number): Promise<KillFigures> {
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'vfr-kill-'));
  let [torn, events, lostMax] = [0, 0, 0];
  try {
    for (let i = 0; i < count; i++) {
      const [trace, log] = [join(folder, `${i}.arrows`), join(folder, `${i}.log`)];
      const child = startRecorder(trace, log, random.below(2 ** 30));
      await started(child);
      await sleep(random.below(KILL_MS_MAX));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      const outcome = check(`${trace}.partial`, log);
      if (outcome.torn) torn++;
      events += outcome.events;
      lostMax = Math.max(lostMax, outcome.lost);
      rmSync(`${trace}.partial`);
      progress(i, count);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { kills: count, torn, events, lostMax };
}

function startRecorder(trace: string, log: string, seed: number): ChildProcess {
  const program = import.meta.filename.replace(/\.ts$/, '.js');
  const args = [program, RECORDER, trace, log, String(seed)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

const started = (child: ChildProcess) =>
  new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('exit', () => reject(new Error('the recorder ended by itself')));
  });

/** The log's lines are `F seq` for a flush and `C seq` for what was committed since. */
function check(trace: string, log: string): { torn: boolean; events: number; lost: number } {
  const lines = readFileSync(log, 'latin1').split('\n').slice(0, -1);
  const last = (letter: string) =>
    Number(lines.findLast((line) => line.startsWith(letter))?.slice(2) ?? 0);
  const [flushed, committed] = [last('F'), last('C')];
  if (flushed === 0 && statSync(trace).size === 0) {
    // It was killed before anything was written.
    return { torn: false, events: 0, lost: committed };
  }
  const reader = TraceReader.open(trace);
  const { events } = reader;
  demand(events >= flushed, `${events} events were read, ${flushed} had been flushed`);
  demand(verifyTrace(reader).length === 0, 'a killed recorder left damage');
  demand(reader.cutAt !== null && reader.end === null, 'a killed recorder left an end');
  let seq = 0;
  for (const batch of reader.read()) {
    demand(batch.seqFirst === seq, `seq ${batch.seqFirst} follows ${seq - 1}`);
    const value = batch.column('value');
    for (let row = 0; row < batch.rows; row++, seq++) {
      demand(value.low(row) === expectedValue(seq), `seq ${seq} has another value`);
    }
  }
  const torn = (reader.cutAt ?? 0) < reader.source.size;
  reader.close();
  return { torn, events, lost: Math.max(0, committed - events) };
}

/** The recorder: appends as fast as it can and flushes at random times, until it is killed. */
function record(trace: string, log: string, seed: number): void {
  const random = new Random(seed);
  const fd = openSync(log, 'w');
  const sink = openRecording({ file: trace, inputs: [] });
  const meta = { clock: 'mono', writer: 'kill', notes: {} };
  const writer = new TraceWriter(sink, meta, { batchRows: 1 + random.below(5_000) });
  const { events } = writer;
  const kind = events.kind('mark');
  let flushAt = performance.now();
  process.stdout.write('started\n');
  const row = events.row('model');
  for (let seq = 0; ; seq++) {
    const [seconds, nanoseconds] = process.hrtime();
    row.start(kind, events.phase('point'));
    row.time(seconds, nanoseconds);
    row.setWords(CELL.value, expectedValue(seq), seq);
    row.set(CELL.name, events.id('name', `name ${seq % 97}`));
    events.append(row);
    if (seq % 256 !== 0) continue;
    if (performance.now() >= flushAt) {
      writer.flush();
      writeSync(fd, `F ${seq + 1}\n`);
      flushAt = performance.now() + random.below(FLUSH_MS_MAX);
    }
    writeSync(fd, `C ${seq + 1}\n`);
  }
}

if (isProgram(import.meta)) {
  if (process.argv[2] === RECORDER) {
    const [trace, log, seed] = process.argv.slice(3);
    record(trace, log, Number(seed));
  } else {
    const { count, seed } = sweepOptions(300);
    const { kills, torn, events, lostMax } = await sweepKills(count, seed);
    console.log(
      `kill (seed ${seed}): ${kills} kills, ${torn} within a frame, ${events} events read, ` +
        `no flushed event lost; at most ${lostMax} events since the last flush`,
    );
  }
}
