import type { Command } from 'commander';
import type { Divergence, ReplayResult } from '../../replay/index.js';
import { formatKeys } from '../aligned-lists.js';
import { reportFinding } from '../exit-codes.js';
import { kernelOption } from '../kernel-release.js';
import { parseSeq } from '../number-options.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { paint, print } from '../output.js';
import { printable } from '../row-formats.js';
import { repeatSchedule } from '../scenario-run.js';
import { answerEach, printDocuments, titled } from '../several-traces.js';

interface Options extends StrictOption {
  readonly json?: boolean;
  readonly kernel?: string;
  readonly schedule?: string;
  readonly until?: number;
  readonly at?: number;
  readonly state?: string | true;
  readonly watch?: string;
  readonly break?: string;
}

/** The most divergences to print; JSON has all. */
const SHOWN_MAX = 20;

export function register(program: Command): void {
  const command = program
    .command('replay')
    .description('run the recording through models of the kernel and judge every response')
    .argument('[trace]', 'trace file')
    .argument('[more...]', 'more traces')
    .option('--schedule <file>', 'instead of a trace: repeat the order of steps that it has')
    .option('--until <seq>', 'stop before this event', parseSeq)
    .option('--at <seq>', 'print the state after this event, instead of verdicts', parseSeq)
    .option(
      '--break <condition>',
      'the same, after the first event that satisfies an SQL condition',
    )
    .option('--state [path]', 'print the state, or a part of it such as 0000:01:00.1/driver')
    .option('--watch <path>', 'print every event that changed a part of the state')
    .option('--json', 'print one JSON document');
  strictOption(kernelOption(command)).action(run);
}

async function run(
  file: string | undefined,
  more: readonly string[],
  options: Options,
): Promise<void> {
  if ((file === undefined) === (options.schedule === undefined)) {
    throw await inputError('a trace or --schedule is needed, and not both', 'Name one of them.');
  }
  if (options.schedule !== undefined) return repeatSchedule(options.schedule, options);
  const { isView } = await import('../state-views.js');
  if (!isView({ ...options, kernel: undefined })) return judge([file ?? '', ...more], options);
  if (more.length > 0) {
    throw await inputError('a state is of one trace, and several are named', 'Name one of them.');
  }
  await showState(file ?? '', options);
}

async function inputError(what: string, next: string): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  return new VfrError('REPLAY_INPUT', what, next);
}

async function showState(file: string, options: Options): Promise<void> {
  const { showView } = await import('../state-views.js');
  const reader = await openTrace(file, options);
  try {
    const kernel = options.kernel ?? reader.meta.kernel;
    await showView(file, reader, { ...options, kernel });
  } finally {
    reader.close();
  }
}

async function judge(files: readonly string[], options: Options): Promise<void> {
  const { replay } = await import('../../replay/index.js');
  const several = files.length > 1;
  const found = await answerEach(files, options, async (reader) => {
    const kernel = options.kernel ?? reader.meta.kernel;
    const until = options.until === undefined ? {} : { until: options.until };
    return replay(reader.read(), { ...reader.meta, kernel, ...until });
  });
  if (options.json === true) await printDocuments(found, several);
  else {
    const texts = found.answers.map(({ trace, answer }) =>
      titled(trace, formatReplay(answer), several),
    );
    await print(texts.join('\n\n'));
  }
  if (found.answers.some(({ answer }) => answer.diverged > 0)) reportFinding();
}

function formatReplay(result: ReplayResult): string {
  const verdicts = formatKeys([
    ['events', String(result.events)],
    ['stimuli', String(result.stimuli)],
    ['responses', String(result.responses)],
    ['predicted', paint('green', String(result.computed))],
    ['in order', String(result.order)],
    ['handed on', String(result.passed)],
    ['by default', String(result.default)],
    ['diverged', result.diverged === 0 ? '0' : paint('red', String(result.diverged))],
    ['unmodelled', String(result.unmodelled)],
    ['unknown', String(result.unknown)],
    ['state hash', result.stateHash],
  ]);
  const sections = [
    verdicts,
    formatSnapshot(result),
    formatDivergences(result),
    formatDrivers(result),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

/** Printed once, however many verdicts depend on it. */
function formatSnapshot({ snapshot: { used, doubts } }: ReplayResult): string {
  if (doubts.length === 0) return '';
  const heading = used
    ? 'The snapshot is older than the recording or of another boot; here it is not used:'
    : 'The snapshot does not belong to this recording: nothing of it is used.';
  const shown = doubts.map(({ seq, path, snapshot, recorded }) => {
    const differs = `snapshot ${printable(snapshot)}; recording ${printable(recorded)}`;
    return `  seq ${seq}  ${printable(path)}: ${differs}`;
  });
  return [paint('yellow', heading), ...shown].join('\n');
}

function formatDivergences({ divergences, diverged }: ReplayResult): string {
  if (diverged === 0) return '';
  const shown = divergences.slice(0, SHOWN_MAX).map(formatDivergence);
  const more = diverged - shown.length;
  const all = divergences.length === diverged ? 'them' : `the first ${divergences.length}`;
  if (more > 0) shown.push(`  and ${more} more; --json has ${all}`);
  return [paint('bold', 'divergences'), ...shown].join('\n');
}

function formatDivergence(d: Divergence): string {
  const what = `seq ${d.seq}  ${d.kind} ${d.phase} ${d.name}  ${d.device ?? ''}`;
  const event = printable(what.trimEnd());
  return [
    `  ${event}`,
    `    expected  ${printable(d.expected)}`,
    `    actual    ${printable(d.actual)}`,
    `    because   ${printable(d.path)}: ${printable(d.cause)}`,
    `    touched   ${d.touched.length === 0 ? 'by no event' : `by seq ${d.touched.join(', ')}`}`,
  ].join('\n');
}

function formatDrivers({ finalState }: ReplayResult): string {
  const devices = Object.entries(finalState.devices);
  if (devices.length === 0) return '';
  const facts = devices.map(([address, { driver, override }]): [string, string] => {
    const wanted = override === null ? '' : ` (override ${override})`;
    return [`  ${address}`, `${driver ?? '-'}${wanted}`];
  });
  return `${paint('bold', 'drivers at the end')}\n${formatKeys(facts)}`;
}
