import { type Command, InvalidArgumentError, Option } from 'commander';
import type {
  ProbeGroup,
  RecordOptions,
  RecordReport,
  RecordStatus,
  RunAs,
} from '../../recorder/index.js';
import type { Vmm } from '../../replay/index.js';
import type { Bdf } from '../../traces/index.js';
import { formatBytes } from '../format-bytes.js';
import { parseRelease } from '../kernel-release.js';
import { listOf } from '../list-options.js';
import { beginTransient, note, printJson } from '../output.js';
import { plural } from '../plural.js';
import { modeOption, parseOutput, refuseTerminal, reportWritten } from '../trace-output.js';

interface Options {
  readonly output: string;
  readonly mode?: number;
  readonly device?: readonly string[];
  readonly pid?: readonly number[];
  readonly duration?: number;
  readonly bufferSize?: number;
  readonly only?: readonly string[];
  readonly add?: readonly string[];
  readonly flight?: number;
  readonly trigger?: string;
  readonly snapshotNow?: boolean;
  readonly cleanup?: boolean;
  readonly user?: string;
  readonly json?: boolean;
  readonly tui?: boolean;
  readonly scenario?: string;
  readonly seed?: number;
  readonly kernel?: string;
  readonly driver?: string;
  readonly vmm?: Vmm;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function parsePid(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('It must be a process id.');
  return Number(text);
}

function parseSeed(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_ffff) {
    throw new InvalidArgumentError('It must be a number from 0 to 4294967295.');
  }
  return Number(text);
}

const SIZE = /^(\d+)(KiB|MiB|GiB)$/;
const KIB = { KiB: 1, MiB: 1024, GiB: 1024 * 1024 } as const;

/** A size such as `8MiB`, in KiB. */
function kibibytes(text: string): number {
  const [, number, unit] = SIZE.exec(text) ?? [];
  if (number === undefined) throw new InvalidArgumentError('It must be like 512KiB or 64MiB.');
  return positive(number) * KIB[unit as keyof typeof KIB];
}

/** Options that only apply to a recording of this machine. */
const LIVE = [
  'device',
  'pid',
  'duration',
  'bufferSize',
  'only',
  'add',
  'flight',
  'trigger',
  'user',
  'snapshotNow',
  'cleanup',
];

export function register(program: Command): void {
  const scenario = new Option(
    '--scenario <name>',
    'record a run of a model of the kernel: vfr scenarios, or a file',
  );
  const command = program
    .command('record')
    .description('record this machine until Ctrl-C, or until a command has ended')
    .argument('[command...]', 'program to run and record, after --')
    .option('-o, --output <file>', 'trace to write, - for stdout', parseOutput, 'vfr.arrows')
    .option(
      '--device <bdfs>',
      'only events of these PCI functions (repeatable, or by commas)',
      listOf(String),
    )
    .option(
      '--pid <pids>',
      'also the system calls of these processes (repeatable, or by commas)',
      listOf(parsePid),
    )
    .option('--duration <s>', 'stop after so many seconds', positive)
    .option(
      '--buffer-size <size>',
      "each CPU's ring buffer in the kernel (default: 8MiB)",
      kibibytes,
    )
    .option(
      '--only <groups>',
      'only these groups of probes (repeatable, or by commas); vfr doctor lists them',
      listOf(String),
    )
    .option('--add <groups>', 'also these groups (repeatable, or by commas)', listOf(String))
    .option('--flight <size>', 'keep only the last events in memory, such as 64MiB', kibibytes)
    .option('--trigger <condition>', "with --flight: write and end on 'fault.* or ret < 0'")
    .option(
      '--user <user>',
      'run the command as NAME or UID[:GID] (default: the user who called sudo)',
    )
    .addOption(scenario.conflicts(LIVE))
    .option('--seed <n>', 'with --scenario: which of the possible schedules', parseSeed)
    .option('--kernel <release>', 'with --scenario: on another kernel, such as 6.18', parseRelease)
    .option('--driver <name>', 'with --scenario: another driver of VFIO; vfr models lists them')
    .addOption(
      new Option('--vmm <name>', 'with --scenario: a VMM uses the device').choices([
        'qemu',
        'cloud-hypervisor',
        'dpdk',
      ] satisfies Vmm[]),
    )
    .option('--snapshot-now', 'do not record: make running recorders write what they have')
    .option('--cleanup', 'do not record: remove what killed recorders left in tracefs')
    .addOption(
      new Option('--tui', 'show the events in the terminal as they come, as vfr browse').conflicts([
        'scenario',
        'flight',
        'snapshotNow',
        'cleanup',
        'json',
      ]),
    )
    .option('--json', 'print the report as one JSON document');
  modeOption(command).action(run);
}

async function run(command: readonly string[], options: Options): Promise<void> {
  const { scenario, seed, kernel } = options;
  if (scenario !== undefined) {
    if (command.length > 0) throw await runsNoCommand();
    const { recordScenario } = await import('../scenario-run.js');
    return recordScenario(scenario, options);
  }
  const { driver, vmm } = options;
  const chosen = [seed, kernel, driver, vmm];
  if (chosen.some((option) => option !== undefined)) throw await needsScenario();
  const recorder = await import('../../recorder/index.js');
  if (options.cleanup === true) return runCleanup(options);
  if (options.tui === true) return showWhileRecording(options.output);
  if (options.snapshotNow === true) return snapshotNow(options.json === true);
  const stop = new AbortController();
  // The recorded command gets the terminal's Ctrl-C too, and ends by itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort());
  }
  const what = await recordOptions(command, options);
  if (options.flight !== undefined) return runFlight(what, options.flight, stop.signal, options);
  const request = new recorder.FlushRequest();
  process.on('SIGUSR1', () => request.ask());
  const report = await recorder.record(what, stop.signal, {
    request,
    started: (installed) => printStart(installed, options.output, what),
    status: showStatus,
    meddled: printInterference,
  });
  if (options.json === true) await reportWritten(options.output, report);
  tell(report);
}

/** Another process records, with the same arguments; what is after `--` is the command's. */
async function showWhileRecording(output: string): Promise<void> {
  if (output === '-') {
    const { VfrError } = await import('../../traces/index.js');
    const what = 'only a recording to a file can be shown';
    throw new VfrError('RECORD_OPTION', what, 'Name a file by -o.');
  }
  const args = process.argv.slice(2);
  const end = args.indexOf('--');
  const own = args.filter((arg, i) => arg !== '--tui' || (end >= 0 && i > end));
  const { recordInBrowser } = await import('../record-in-browser.js');
  await recordInBrowser(own, output);
}

async function needsScenario(): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  const what = 'only a scenario has a seed, a kernel, a driver and a VMM to choose';
  return new VfrError('RECORD_OPTION', what, 'Add --scenario NAME.');
}

async function runsNoCommand(): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  const what = 'a scenario says itself what runs, and a command would not';
  return new VfrError('RECORD_OPTION', what, 'Leave the command or --scenario out.');
}

/** The name of a user in messages. */
const describe = ({ uid, account }: RunAs) => account?.name ?? `user id ${uid}`;

function printStart(
  { events, refused }: { events: readonly string[]; refused: RecordReport['refused'] },
  to: string,
  { command, user }: RecordOptions,
): void {
  const missing = Object.keys(refused).length;
  note(`recording ${plural(events.length, 'event')} to ${to}${stopHint(command)}`);
  if (command.length > 0 && user != null) {
    const hint = user.uid === 0 ? '' : '; --user root runs it as root';
    note(`the command runs as ${describe(user)}${hint}`);
  }
  if (missing > 0) note(`incomplete or left out: ${plural(missing, 'probe')}; see vfr doctor`);
}

async function runFlight(
  what: RecordOptions,
  keepKiB: number,
  stop: AbortSignal,
  { trigger, json }: Options,
): Promise<void> {
  const { FlushRequest, flight } = await import('../../recorder/index.js');
  const request = new FlushRequest();
  process.on('SIGUSR1', () => request.ask());
  const { output } = what;
  const options = {
    ...what,
    keepBytes: keepKiB * 1024,
    ...(trigger === undefined ? {} : { trigger }),
  };
  const report = await flight(options, request, stop, {
    started: (installed) => printStart(installed, 'memory', what),
    meddled: printInterference,
    failed: (error) => {
      note(`the dump failed, and is kept in memory: ${error.message}`);
      note(error.next);
    },
    dumped: ({ because, events, ...dump }) => {
      note(`${because}: ${dump.output}: ${plural(events, 'event')}, ${formatBytes(dump.bytes)}`);
    },
  });
  if (json === true) await printJson(report);
  if (report.dumps.length === 0) note(`nothing triggered: ${output} was not written`);
  for (const left of report.left) note(`not removed from tracefs: ${left}`);
  if (report.commandCode !== null) process.exitCode = report.commandCode;
}

const printInterference = (what: string) => note(`${what}: events are missing from now on`);

/**
 * Recorders are found by the names of their instances; a flight recorder writes a dump on SIGUSR1.
 */
async function snapshotNow(json: boolean): Promise<void> {
  const { requireTracefs, runningRecorders } = await import('../../recorder/index.js');
  const asked = runningRecorders(requireTracefs()).filter(askForSnapshot);
  if (json) return printJson({ asked });
  note(asked.length === 0 ? 'no recorder is running' : `asked ${asked.join(', ')}`);
}

/** False when the recorder has ended in the meantime. */
function askForSnapshot(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGUSR1');
  } catch {
    return false;
  }
}

const stopHint = (command: readonly string[]) => (command.length > 0 ? '' : '; Ctrl-C ends it');

async function recordOptions(command: readonly string[], options: Options): Promise<RecordOptions> {
  const { DEFAULT_BUFFER_KIB, DEFAULT_GROUPS, PROBE_GROUPS, runAs } = await import(
    '../../recorder/index.js'
  );
  const { parseShortBdf, VfrError } = await import('../../traces/index.js');
  const usage = (what: string, next: string) => new VfrError('RECORD_OPTION', what, next);
  await refuseTerminal(options.output);
  if (options.output === '-' && options.flight !== undefined) {
    throw usage('dumps are files of their own', 'Name a file by -o.');
  }
  if (options.user !== undefined && command.length === 0) {
    throw usage('only a command is run as a user', 'Give the command after --.');
  }
  if (options.trigger !== undefined && options.flight === undefined) {
    throw usage('only a flight recording has a trigger', 'Add --flight, such as --flight 64MiB.');
  }
  const devices = (options.device ?? []).map((text): Bdf => {
    const bdf = parseShortBdf(text);
    if (bdf !== null) return bdf;
    throw usage(
      `"${text}" is no PCI address`,
      'Give it as bb:dd.f or dddd:bb:dd.f; `lspci -D` lists them.',
    );
  });
  const known = Object.keys(PROBE_GROUPS);
  const groups = [...(options.only ?? DEFAULT_GROUPS), ...(options.add ?? [])];
  for (const group of groups) {
    if (known.includes(group)) continue;
    throw usage(`there is no probe group "${group}"`, `The groups are ${known.join(', ')}.`);
  }
  return {
    output: options.output,
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    devices,
    pids: options.pid ?? [],
    ...(options.duration === undefined ? {} : { durationSeconds: options.duration }),
    bufferKiB: options.bufferSize ?? DEFAULT_BUFFER_KIB,
    groups: groups as ProbeGroup[],
    command,
    user: command.length === 0 ? null : runAs(options.user, process.env, process.geteuid?.() === 0),
  };
}

/** The status line while recording, on a terminal only. */
function showStatus(status: RecordStatus): void {
  if (process.stderr.isTTY !== true) return;
  const rate = Math.round(status.eventsPerSecond);
  const size = formatBytes(status.bytes);
  const time = status.seconds.toFixed(0);
  const events = plural(status.events, 'event');
  const text = `${time} s  ${events}  ${rate}/s  ${status.lost} lost  ${size}`;
  process.stderr.write(`\r${text}\u001b[K`);
  beginTransient(() => process.stderr.write('\r\u001b[K'));
}

function tell(report: RecordReport): void {
  const { output, events, lost, bytes } = report;
  note(`${output}: ${plural(events, 'event')}, ${formatBytes(bytes)}, ${lost} lost`);
  const missed = report.probes.filter(({ misses }) => misses > 0);
  for (const { event, misses } of missed) {
    note(`the kernel missed ${plural(misses, 'call')} of ${event}: too many at the same time`);
  }
  for (const what of report.left) note(`not removed from tracefs: ${what}`);
  if (report.commandCode !== null) process.exitCode = report.commandCode;
}

async function runCleanup(options: Options): Promise<void> {
  const { cleanup, requireTracefs } = await import('../../recorder/index.js');
  const report = cleanup(requireTracefs());
  if (options.json === true) return printJson(report);
  const { instances, probes } = report;
  note(`removed ${plural(instances.length, 'instance')} and ${plural(probes.length, 'probe')}`);
  for (const name of report.kept) note(`kept: another process has the instance ${name} open`);
  for (const what of report.failed) note(`not removed: ${what}`);
}
