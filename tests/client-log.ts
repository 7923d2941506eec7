/**
 * What a client of VFIO and iommufd says of its calls against what a replay of their recording
 * predicts: call by call, result and errno.
 *
 *   node dist/tests/client-log.js TRACE KERNEL LOG...
 */
import { readFileSync } from 'node:fs';
import { replay } from '../replay/index.js';
import { errnoName, TraceReader } from '../traces/index.js';
import { isProgram } from './sweeps/options.js';

/** An ioctl by the client's own word. */
export interface ToldCall {
  readonly text: string;
  readonly command: number;
  /** What it returned, a negative errno on failure. */
  readonly result: number;
}

/** The calls of a client and of the processes that it made, in order. */
export interface ClientLog {
  readonly processes: readonly number[];
  readonly calls: readonly ToldCall[];
}

const HEADER = /^\d+ (?:(?:cdev|mdev|aer)client .*?pid=|device .* pid )(\d+)/;
const CHILD = /^\d+ (?:child|other process) pid=(\d+)/;
/** A call on descriptor -1 reaches no file, and is in no recording. */
const CALL = /^\d+ ioctl (.*) fd=\d+ cmd=0x([0-9a-f]+) = (-?\d+) errno=(\d+)/;

/** Takes logs apart that stand one after the other; each client begins with a header. */
export function clientLogs(text: string): ClientLog[] {
  const logs: { processes: number[]; calls: ToldCall[] }[] = [];
  for (const line of text.split('\n')) {
    const [header, child, call] = [HEADER, CHILD, CALL].map((form) => form.exec(line));
    if (header) logs.push({ processes: [Number(header[1])], calls: [] });
    if (child) logs.at(-1)?.processes.push(Number(child[1]));
    if (!call) continue;
    const [, what, command, result, errno] = call;
    logs.at(-1)?.calls.push({
      text: what,
      command: Number.parseInt(command, 16),
      result: Number(result) < 0 ? -Number(errno) : Number(result),
    });
  }
  return logs;
}

/** A call that was recorded, and what the replay says of it. */
interface JudgedCall {
  readonly command: number;
  readonly result: number;
  readonly verdict: string;
}

export interface Comparison {
  readonly calls: number;
  /** Calls that the replay predicted, and of which it said that the recording does not tell. */
  readonly predicted: number;
  readonly unknown: readonly string[];
  /** Calls of which client and recording, or recording and prediction, say something else. */
  readonly wrong: readonly string[];
}

/** System calls turn what no ioctl returns into ENOTTY. */
const ENOIOCTLCMD = -515;
const ENOTTY = -25;

/** @param kernel release of the kernel that was recorded; undefined: it is not told */
export function compareWithLogs(
  trace: string,
  kernel: string | undefined,
  logs: readonly ClientLog[],
): Comparison {
  const judged = judgedCalls(trace, kernel);
  const wrong: string[] = [];
  const unknown: string[] = [];
  let calls = 0;
  for (const log of logs) {
    const found = judged.filter(({ process }) => log.processes.includes(process));
    if (found.length !== log.calls.length) {
      wrong.push(`${log.processes}: ${log.calls.length} calls, ${found.length} recorded`);
    }
    for (const [i, told] of log.calls.entries()) {
      const call = found[i];
      calls++;
      if (call?.verdict === 'unknown') unknown.push(told.text);
      if (call === undefined || !agrees(told, call)) wrong.push(describe(told, call));
    }
  }
  return { calls, predicted: calls - unknown.length - wrong.length, unknown, wrong };
}

const agrees = (told: ToldCall, call: JudgedCall): boolean =>
  told.command === call.command && told.result === call.result && call.verdict !== 'diverge';

const describe = (told: ToldCall, call: JudgedCall | undefined): string =>
  `${told.text}: ${errnoName(told.result)}; recorded ${call === undefined ? 'nothing' : errnoName(call.result)}, ${call?.verdict}`;

function judgedCalls(trace: string, kernel: string | undefined) {
  const calls: (JudgedCall & { readonly process: number })[] = [];
  const reader = TraceReader.open(trace);
  replay(reader.read(), {
    ...reader.meta,
    kernel: kernel ?? reader.meta.kernel,
    observe: (e, { type }) => {
      if (e.kind !== 'ioctl' || e.path !== 'vfio' || e.phase !== 'end') return;
      const result = e.ret === ENOIOCTLCMD ? ENOTTY : e.ret;
      calls.push({ process: e.pid, command: e.value, result, verdict: type });
    },
  });
  reader.close();
  return calls;
}

function main([trace, kernel, ...files]: readonly string[]): void {
  const logs = files.flatMap((file) => clientLogs(readFileSync(file, 'utf8')));
  const { calls, predicted, unknown, wrong } = compareWithLogs(trace, kernel, logs);
  const lines = (name: string, of: readonly string[]) => of.map((text) => `${name}: ${text}`);
  const out = [...lines('unknown', unknown), ...lines('wrong', wrong)];
  console.log([...out, `${predicted} of ${calls} calls predicted`].join('\n'));
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

if (isProgram(import.meta)) main(process.argv.slice(2));
