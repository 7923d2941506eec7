import type { Command } from 'commander';
import type { Summary } from '../../analysis/index.js';
import { formatBytes } from '../bytes.js';
import { formatDuration } from '../duration.js';
import { formatCounts, formatKeys } from '../facts.js';
import { paint, print, printJson } from '../output.js';
import { openTrace, type StrictOption, strictOption } from '../trace.js';

interface Options extends StrictOption {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('info')
    .description('say what a trace holds, from when to when, and whether it is complete')
    .argument('<trace>', 'trace file')
    .option('--json', 'print one JSON document');
  strictOption(command).action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { summarize } = await import('../../analysis/index.js');
  const reader = await openTrace(file, options);
  try {
    const summary = summarize(reader);
    if (options.json === true) await printJson(summary);
    else await print(formatSummary(file, summary));
  } finally {
    reader.close();
  }
}

function formatSummary(file: string, summary: Summary): string {
  const { events, bytes, bytesPerEvent, durationNs, clock, kernel } = summary;
  const per = bytesPerEvent === null ? '' : `, ${bytesPerEvent} bytes per event`;
  const facts: [string, string][] = [
    ['trace', file],
    ['events', `${events} in ${summary.batches} batches`],
    ['size', `${formatBytes(bytes)}${per}`],
    ['time', durationNs === null ? 'none' : `${formatDuration(durationNs)} of clock ${clock}`],
    ['kernel', kernel ?? 'unknown'],
    ['writer', summary.writer],
    ['lost', `${summary.lost} events`],
    ...Object.entries(summary.notes),
  ];
  const lines = [formatKeys(facts)];
  for (const group of ['sources', 'kinds', 'devices', 'drivers'] as const) {
    lines.push('', paint('bold', group), ...formatCounts(summary[group]));
  }
  return lines.join('\n');
}
