import { type Command, InvalidArgumentError } from 'commander';
import type {
  ProbeGroup,
  RecordOptions,
  RecordReport,
  RecordStatus,
} from '../../recorder/index.js';
import type { Bdf } from '../../traces/index.js';
import { formatBytes } from '../bytes.js';
import { note, printJson } from '../output.js';

interface Options {
  readonly output: string;
  readonly device: readonly string[];
  readonly pid: readonly number[];
  readonly duration?: number;
  readonly bufferSize?: number;
  readonly only?: readonly string[];
  readonly add?: readonly string[];
  readonly cleanup?: boolean;
  readonly json?: boolean;
}

const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[]) => [...before, parse(text)];

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

const SIZE = /^(\d+)(KiB|MiB|GiB)$/;
const KIB = { KiB: 1, MiB: 1024, GiB: 1024 * 1024 } as const;

/** A size such as `8MiB`, in KiB. */
function kibibytes(text: string): number {
  const [, number, unit] = SIZE.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('It must be like 512KiB or 64MiB.');
  return positive(number) * KIB[unit as keyof typeof KIB];
}

const list = (text: string) => text.split(',');

export function register(program: Command): void {
  program
    .command('record')
    .description('record this machine until Ctrl-C, or until a command has ended')
    .argument('[command...]', 'program to run and record, after --')
    .option('-o, --output <file>', 'trace to write', 'vfr.arrows')
    .option('--device <bdf>', 'only events of this PCI function (repeatable)', collect(String), [])
    .option(
      '--pid <n>',
      'also the system calls of this process (repeatable)',
      collect(positive),
      [],
    )
    .option('--duration <s>', 'stop after so many seconds', positive)
    .option('--buffer-size <size>', "each CPU's ring buffer in the kernel, such as 8MiB", kibibytes)
    .option('--only <groups>', 'only these groups of probes, separated by commas', list)
    .option('--add <groups>', 'also these groups of probes', list)
    .option('--cleanup', 'remove what a killed recorder left in tracefs, and end')
    .option('--json', 'print the report as one JSON document')
    .action(run);
}

async function run(command: readonly string[], options: Options): Promise<void> {
  const recorder = await import('../../recorder/index.js');
  if (options.cleanup === true) return runCleanup(options);
  const stop = new AbortController();
  // The command that is recorded gets the terminal's Ctrl-C too and ends by itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort());
  }
  const report = await recorder.record(await recordOptions(command, options), stop.signal, {
    started: ({ events, refused }) => {
      const missing = Object.keys(refused).length;
      note(`recording ${events.length} events to ${options.output}${stopHint(command)}`);
      if (missing > 0) note(`${missing} probes are incomplete or left out: see vfr doctor`);
    },
    status: showStatus,
  });
  if (options.json === true) await printJson(report);
  tell(report);
}

const stopHint = (command: readonly string[]) => (command.length > 0 ? '' : '; Ctrl-C ends it');

async function recordOptions(command: readonly string[], options: Options): Promise<RecordOptions> {
  const { DEFAULT_BUFFER_KIB, DEFAULT_GROUPS, PROBE_GROUPS } = await import(
    '../../recorder/index.js'
  );
  const { parseBdf, VfrError } = await import('../../traces/index.js');
  const usage = (what: string, next: string) => new VfrError('usage', 'RECORD_OPTION', what, next);
  const devices = options.device.map((text): Bdf => {
    const bdf = parseBdf(text);
    if (bdf !== null) return bdf;
    throw usage(`"${text}" is no PCI address`, 'Give it as dddd:bb:dd.f; see lspci -D.');
  });
  const known = Object.keys(PROBE_GROUPS);
  const groups = [...(options.only ?? DEFAULT_GROUPS), ...(options.add ?? [])];
  for (const group of groups) {
    if (known.includes(group)) continue;
    throw usage(`there is no probe group "${group}"`, `The groups are ${known.join(', ')}.`);
  }
  return {
    output: options.output,
    devices,
    pids: options.pid,
    ...(options.duration === undefined ? {} : { durationSeconds: options.duration }),
    bufferKiB: options.bufferSize ?? DEFAULT_BUFFER_KIB,
    groups: groups as ProbeGroup[],
    command,
  };
}

/** The line that is rewritten while recording, on a terminal only. */
function showStatus(status: RecordStatus): void {
  if (process.stderr.isTTY !== true) return;
  const rate = Math.round(status.eventsPerSecond);
  const size = formatBytes(status.bytes);
  const time = status.seconds.toFixed(0);
  const text = `${time} s  ${status.events} events  ${rate}/s  ${status.lost} lost  ${size}`;
  process.stderr.write(`\r${text}\u001b[K`);
}

function tell(report: RecordReport): void {
  if (process.stderr.isTTY === true) process.stderr.write('\r\u001b[K');
  const { output, events, lost, bytes } = report;
  note(`${output}: ${events} events, ${formatBytes(bytes)}, ${lost} lost`);
  const missed = report.probes.filter(({ misses }) => misses > 0);
  for (const { event, misses } of missed) {
    note(`the kernel missed ${misses} calls of ${event}: too many at the same time`);
  }
  for (const what of report.left) note(`not removed from tracefs: ${what}`);
  if (report.commandCode !== null) process.exitCode = report.commandCode;
}

async function runCleanup(options: Options): Promise<void> {
  const { cleanup, requireTracefs } = await import('../../recorder/index.js');
  const report = cleanup(requireTracefs());
  if (options.json === true) return printJson(report);
  note(`removed ${report.instances.length} instances and ${report.probes.length} probes`);
  for (const what of report.failed) note(`not removed: ${what}`);
}
