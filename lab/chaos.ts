import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ReplayResult, replay } from '../replay/index.js';
import { errnoName, openSource, TraceReader } from '../traces/index.js';
import { say } from './host.js';

const OPERATIONS = 600;

/** Gives the guest the seed and the number of operations: VFR_LAB_SEED and VFR_LAB_OPERATIONS. */
export function prepareChaos(out: string): void {
  const seed = process.env.VFR_LAB_SEED ?? String(Date.now() % 1_000_000);
  const operations = process.env.VFR_LAB_OPERATIONS ?? String(OPERATIONS);
  say(`chaos: VFR_LAB_SEED=${seed} VFR_LAB_OPERATIONS=${operations}`);
  writeFileSync(join(out, 'chaos.txt'), `${seed} ${operations}\n`);
}

/** A call by an actor's own log (lab/guest/chaos_calls.py). */
interface ToldCall {
  readonly call: string;
  readonly tid: number;
  /** CLOCK_MONOTONIC in nanoseconds, before and after the call. */
  readonly from: number;
  readonly to: number;
  /** What it returned, a negative errno on failure. */
  readonly result: number;
  readonly line: string;
}

/** The end of a user's access in the recording, and its verdict. */
interface JudgedCall {
  readonly seq: number;
  readonly ts: number;
  readonly tid: number;
  readonly result: number;
  readonly verdict: string;
}

/** Which recorded ends are those of a call. */
const ENDS: Readonly<Record<string, RegExp>> = {
  ioctl: /^ioctl vfio$/,
  write: /^(sysfs\.write|override) /,
  pread: /^(config|region)\.read vfio$/,
  pwrite: /^(config|region)\.write vfio$/,
};

/** System calls turn what no ioctl returns into ENOTTY. */
const ENOIOCTLCMD = -515;
const ENOTTY = -25;
/** Calls that reach no file of VFIO are in no recording. */
const EBADF = -9;

interface Row {
  told: number;
  recorded: number;
  predicted: number;
  unknown: number;
}

/** Compares the recording with the log of the actors and with its replay. @returns exit code */
export function checkChaos(out: string): number {
  const told = toldCalls(join(out, 'calls.jsonl'));
  const { result, ends } = judged(join(out, 'trace.arrows'));
  const rows = new Map<string, Row>();
  const wrong: string[] = [];
  for (const call of told) {
    const row = rows.get(call.call) ?? { told: 0, recorded: 0, predicted: 0, unknown: 0 };
    rows.set(call.call, row);
    row.told++;
    const found = ends
      .get(`${call.call} ${call.tid}`)
      ?.filter(({ ts }) => ts >= call.from && ts <= call.to)
      .at(-1);
    if (found === undefined) continue;
    row.recorded++;
    if (found.verdict === 'match') row.predicted++;
    if (found.verdict === 'unknown') row.unknown++;
    if (found.result === call.result) continue;
    wrong.push(`${call.line}\n  recorded at ${found.seq}: ${errnoName(found.result)}`);
  }
  const print = (text: string): unknown => process.stdout.write(`${text}\n`);
  for (const [call, { told: n, recorded, predicted, unknown }] of rows) {
    print(`${call}: ${n} told, ${recorded} recorded, ${predicted} predicted, ${unknown} unknown`);
  }
  for (const line of wrong) print(`differs: ${line}`);
  for (const d of result.divergences) {
    print(
      `diverged: ${d.seq} ${d.kind} ${d.name} ${d.device}: ${d.path}: ${d.expected}, not ${d.actual}`,
    );
  }
  const { responses, matched, diverged, unmodelled, unknown } = result;
  print(
    `${responses} responses, ${matched} matched, ${diverged} diverged, ${unmodelled} unmodelled, ${unknown} unknown`,
  );
  return wrong.length === 0 && diverged === 0 ? 0 : 1;
}

function toldCalls(file: string): ToldCall[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) => {
    const { call, tid, from_: from, to, result, fd } = JSON.parse(line);
    return call in ENDS && result !== EBADF && fd !== -1
      ? [{ call, tid, from, to, result, line }]
      : [];
  });
}

function judged(trace: string): { result: ReplayResult; ends: Map<string, JudgedCall[]> } {
  const reader = new TraceReader(openSource(trace));
  const ends = new Map<string, JudgedCall[]>();
  const result = replay(reader.read(), {
    ...reader.meta,
    observe: (e, { type }) => {
      if (e.phase !== 'end') return;
      const what = `${e.kind} ${e.path ?? ''}`;
      const call = Object.keys(ENDS).find((name) => ENDS[name].test(what));
      if (call === undefined) return;
      const key = `${call} ${e.tid}`;
      if (!ends.has(key)) ends.set(key, []);
      const ret = e.ret === ENOIOCTLCMD ? ENOTTY : e.ret;
      ends.get(key)!.push({ seq: e.seq, ts: Number(e.ts), tid: e.tid, result: ret, verdict: type });
    },
  });
  reader.close();
  return { result, ends };
}
