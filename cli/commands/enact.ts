import type { Command } from 'commander';
import type { Enacted } from '../../replay/index.js';
import { formatKeys } from '../aligned-lists.js';
import { reportFinding } from '../exit-codes.js';
import { kernelOption } from '../kernel-release.js';
import { openTrace, type StrictOption, strictOption } from '../open-trace.js';
import { paint, print, printJson } from '../output.js';
import { printable } from '../row-formats.js';
import { refuseUnmodelled } from '../scenario-run.js';

interface Options extends StrictOption {
  readonly json?: boolean;
  readonly kernel?: string;
}

export function register(program: Command): void {
  const command = program
    .command('enact')
    .description('run what bound drivers in the recording again, and compare every event')
    .argument('<trace>', 'trace file')
    .option('--json', 'print one JSON document');
  strictOption(kernelOption(command)).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { enact } = await import('../../replay/index.js');
  const reader = await openTrace(file, options);
  try {
    const kernel = options.kernel ?? reader.meta.kernel ?? 'unknown';
    await refuseUnmodelled(kernel);
    const enacted = enact(reader.read(), kernel);
    if (options.json === true) await printJson(enacted);
    else await print(formatEnacted(enacted));
    if (enacted.different > 0) reportFinding();
  } finally {
    reader.close();
  }
}

function formatEnacted(enacted: Enacted): string {
  const { first, outside, skipped, skippedFunctions, skippedShare, unrecorded } = enacted;
  const counts = formatKeys([
    ['kernel', enacted.kernel],
    ['events', String(enacted.events)],
    ['compared', String(enacted.compared)],
    ['equal', paint('green', String(enacted.equal))],
    ['different', first === null ? '0' : paint('red', '1, and no further')],
    ['not reached', String(enacted.notReached)],
    ['skipped', `${(100 * skippedShare).toFixed(2)} %`],
  ]);
  const sections = [
    counts,
    formatCounts('from outside, by kind', outside),
    formatCounts('skipped, by kind', skipped),
    formatCounts('skipped, by function or reason', skippedFunctions),
    unrecorded.length === 0 ? '' : `run, and not recorded\n  ${unrecorded.join('\n  ')}`,
    formatFirst(enacted),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function formatCounts(heading: string, counts: Readonly<Record<string, number>>): string {
  const facts = Object.entries(counts).map(([key, n]): [string, string] => [
    `  ${printable(key)}`,
    String(n),
  ]);
  return facts.length === 0 ? '' : `${paint('bold', heading)}\n${formatKeys(facts)}`;
}

function formatFirst({ first, exhaustive }: Enacted): string {
  if (first === null) return '';
  const { seq, expected, actual, path, state } = first;
  const has = state === null ? 'not there' : `driver ${state.driver}, override ${state.override}`;
  const lines = [
    paint('bold', `first difference: seq ${seq}`),
    `  expected  ${printable(expected)}`,
    `  actual    ${printable(actual)}`,
    `  within    ${printable(path)}`,
    `  function  ${printable(has)}`,
  ];
  if (!exhaustive) lines.push('  there were too many orders of steps to try all of them');
  return lines.join('\n');
}
