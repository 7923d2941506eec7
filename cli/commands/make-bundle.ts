import type { Command } from 'commander';
import type { BundleNote, Redaction, TraceVerdict } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { folderOf } from '../import-inputs.js';
import { openTrace } from '../open-trace.js';
import { note } from '../output.js';
import { version } from '../package.js';
import { plural } from '../plural.js';
import { SCHEDULE_NOTE } from '../scenario-run.js';
import { type OutputOption, outputOption, writerName, writeTrace } from '../trace-output.js';

interface Options extends OutputOption {
  readonly redact: boolean;
  readonly redactTasks?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('bundle')
    .description('write a trace with its verdict, which `vfr run` repeats anywhere')
    .argument('<trace>', 'trace file, - for stdin')
    .option('--redact-tasks', 'also replace the names of tasks')
    .option('--no-redact', 'keep serial numbers, MAC and kernel addresses, hosts, command lines');
  outputOption(command).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { verdictOf } = await import('../../analysis/index.js');
  const reader = await openTrace(file, {});
  try {
    await refuseDamaged(reader);
    const expected = verdictOf(reader, reader.meta.notes[SCHEDULE_NOTE]);
    if (!options.redact) return await write(reader, [reader], expected, null, options);
    await writeRedacted(reader, expected, options);
  } finally {
    reader.close();
  }
}

/** Copies the redacted trace to a scratch file first, since its verdict is in the opening. */
async function writeRedacted(
  reader: TraceReader,
  before: TraceVerdict,
  options: Options,
): Promise<void> {
  const { Redaction, verdictOf } = await import('../../analysis/index.js');
  const { rewriteTrace, ScratchSink, TraceReader, TraceWriter } = await import(
    '../../traces/index.js'
  );
  const tasks = options.redactTasks === true;
  const redaction = new Redaction(reader, { tasks, hosts: await ownHosts() });
  const schedule = reader.meta.notes[SCHEDULE_NOTE];
  const scratch = new ScratchSink(await folderOf(options.output));
  try {
    const writer = new TraceWriter(scratch, redaction.meta(reader.meta, [SCHEDULE_NOTE]));
    rewriteTrace(reader, writer, {}, redaction);
    writer.finish();
    const copy = TraceReader.open(scratch.path);
    try {
      const expected = verdictOf(copy, schedule);
      await refuseOther(reader, before, expected);
      const isKept = schedule === undefined || redaction.text(schedule) === schedule;
      if (!isKept) throw await redactionError(reader, 'the schedule has words that are redacted');
      await write(copy, [reader, copy], expected, redaction, options);
    } finally {
      copy.close();
    }
  } finally {
    scratch.close();
  }
}

async function write(
  reader: TraceReader,
  inputs: readonly TraceReader[],
  expected: TraceVerdict,
  redaction: Redaction | null,
  options: Options,
): Promise<void> {
  const { BUNDLE_NOTE, bundleText } = await import('../../analysis/index.js');
  const { modelVersion } = await import('../../replay/index.js');
  const { FORMAT_VERSION, rewriteTrace } = await import('../../traces/index.js');
  const { kernel, notes } = reader.meta;
  const made: BundleNote = {
    bundle: 1,
    vfr: version(),
    format: FORMAT_VERSION,
    model: modelVersion(kernel),
    seed: seedOf(notes),
    redacted: redaction === null ? null : { ...redaction.counts },
    expected,
  };
  const meta = {
    ...reader.meta,
    writer: writerName(),
    notes: { ...notes, [BUNDLE_NOTE]: bundleText(made) },
  };
  await writeTrace(
    options,
    inputs,
    meta,
    (writer) => rewriteTrace(reader, writer, {}),
    () => made,
  );
  if (options.json !== true) note(redactedText(made.redacted));
}

const seedOf = ({ seed = '' }: TraceReader['meta']['notes']): number | null =>
  /^\d{1,15}$/.test(seed) ? Number(seed) : null;

function redactedText(redacted: BundleNote['redacted']): string {
  if (redacted === null) return 'nothing was redacted: the bundle reveals all that the trace does';
  const parts = (Object.keys(WORDS) as SecretKind[])
    .filter((kind) => redacted[kind] > 0)
    .map((kind) => plural(redacted[kind], ...WORDS[kind]));
  return `redacted: ${parts.join(', ') || 'nothing, since the trace has no secrets'}`;
}

type SecretKind = keyof NonNullable<BundleNote['redacted']>;

/** What is redacted, for people: one of it, and several if that is not one with an s. */
const WORDS: Readonly<Record<SecretKind, readonly [one: string, several?: string]>> = {
  serialNumber: ['serial number'],
  macAddress: ['MAC address', 'MAC addresses'],
  kernelAddress: ['kernel address', 'kernel addresses'],
  hostName: ['host name'],
  commandLine: ['command line'],
  path: ['path'],
  task: ['task name'],
};

async function ownHosts(): Promise<string[]> {
  const { hostname } = await import('node:os');
  const host = hostname();
  return host.startsWith('localhost') ? [] : [host, ...host.split('.').slice(0, 1)];
}

async function refuseDamaged({ completeness, source }: TraceReader): Promise<void> {
  const { truncated, damaged } = completeness;
  if (!truncated && damaged === 0) return;
  const { VfrError } = await import('../../traces/index.js');
  const next = 'Make a whole one of what can be read, by `vfr repair`, and bundle that.';
  const what = 'a bundle needs a trace that is not cut or damaged';
  throw new VfrError('BUNDLE_DAMAGED', what, next, { file: source.name });
}

/** The hash of the states may differ, since states have what was redacted. */
async function refuseOther(
  reader: TraceReader,
  before: TraceVerdict,
  after: TraceVerdict,
): Promise<void> {
  const { differingKeys } = await import('../../analysis/index.js');
  const keys = differingKeys(before, after).filter((key) => key !== 'stateHash');
  if (keys.length > 0) throw await redactionError(reader, `it would change ${keys.join(', ')}`);
}

async function redactionError({ source }: TraceReader, why: string): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  const what = `redaction would make a bundle that does not repeat the verdict: ${why}`;
  const next = 'Leave out the events that matter by `vfr cut`, or keep all by --no-redact.';
  return new VfrError('BUNDLE_REDACTION', what, next, { file: source.name });
}
