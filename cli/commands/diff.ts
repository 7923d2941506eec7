import type { Command } from 'commander';
import type { Comparison } from '../../analysis/index.js';
import { reportFinding } from '../exit-codes.js';
import { openTraces, type StrictOption, strictOption } from '../open-trace.js';
import { paint, print, printJson } from '../output.js';
import { printable } from '../row-formats.js';

interface Options extends StrictOption {
  readonly json?: boolean;
  readonly timing?: boolean;
  readonly pairs?: boolean;
}

/** The most differences of a group to print; JSON has all. */
const SHOWN_MAX = 10;

export function register(program: Command): void {
  const command = program
    .command('diff')
    .description('compare two traces by what was done to each device: the first difference')
    .argument('<a>', 'trace file, such as the one of a good run')
    .argument('<b>', 'trace file to compare with it')
    .option('--timing', 'compare durations, too')
    .option('--json', 'print one JSON document')
    .option('--pairs', 'with --json: also the events that belong together');
  strictOption(command).action(run);
}

async function run(a: string, b: string, options: Options): Promise<void> {
  const { compare } = await import('../../analysis/index.js');
  const readers = await openTraces([a, b], options);
  try {
    const { timing = false, pairs = false } = options;
    const comparison = compare(readers[0], readers[1], { timing, pairs });
    if (options.json === true) await printJson(comparison);
    else await print(formatComparison(comparison));
    if (!comparison.equal) reportFinding();
  } finally {
    for (const reader of readers) reader.close();
  }
}

function formatComparison({ first, groups }: Comparison): string {
  if (first === null) return 'no difference';
  const heading = `${paint('bold', 'first')}  ${formatPlaces(first)}  ${printable(first.text)}`;
  const sections = Object.entries(groups).map(([name, all]) => {
    const shown = all.slice(0, SHOWN_MAX).map((d) => `  ${formatPlaces(d)}  ${printable(d.text)}`);
    if (all.length > SHOWN_MAX) shown.push(`  and ${all.length - SHOWN_MAX} more; --json has them`);
    return [`${paint('bold', name)}  ${all.length}`, ...shown].join('\n');
  });
  return [heading, ...sections].join('\n\n');
}

/** `A 120 B 118`, with a dash for what one of them does not have. */
const formatPlaces = ({ a, b }: NonNullable<Comparison['first']>): string =>
  `A ${a?.seq ?? '-'} B ${b?.seq ?? '-'}`;
