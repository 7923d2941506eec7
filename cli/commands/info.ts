import type { Command } from 'commander';
import type { Summary } from '../../analysis/index.js';
import type { WhatIsRecorded } from '../../traces/index.js';
import { formatCounts, formatKeys } from '../aligned-lists.js';
import { formatBytes } from '../format-bytes.js';
import { formatDuration } from '../format-duration.js';
import { type StrictOption, strictOption } from '../open-trace.js';
import { paint, print } from '../output.js';
import { plural } from '../plural.js';
import { SCHEDULE_NOTE } from '../scenario-run.js';
import { answerEach, printDocuments } from '../several-traces.js';

interface Options extends StrictOption {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('info')
    .description('say what a trace holds, from when to when, and whether it is complete')
    .argument('<trace>', 'trace file')
    .argument('[more...]', 'more traces')
    .option('--json', 'print one JSON document');
  strictOption(command).action(run);
}

async function run(trace: string, more: readonly string[], options: Options): Promise<void> {
  const { summarize } = await import('../../analysis/index.js');
  const { RECORDED_NOTES } = await import('../../traces/index.js');
  const found = await answerEach([trace, ...more], options, async (reader) => summarize(reader));
  if (options.json === true) {
    await printDocuments(found, more.length > 0);
    return;
  }
  const printed = [...RECORDED_NOTES, SCHEDULE_NOTE];
  const texts = found.answers.map(({ trace: file, answer }) =>
    formatSummary(file, answer, printed),
  );
  await print(texts.join('\n\n'));
}

const REPEATABLE: [string, string][] = [['schedule', 'in the trace: the run can be repeated']];

/** The probes that were recorded, and how many the kernel refused. */
function recordedFacts({ groups, refused }: WhatIsRecorded): [string, string][] {
  const absent = refused.filter((probe) => probe.absent).length;
  return [
    ['recorded', groups.join(' ')],
    ['refused', `${plural(absent, 'probe')}, and fields of ${refused.length - absent}`],
  ];
}

/** @param printed notes that have lines of their own */
function formatSummary(file: string, summary: Summary, printed: readonly string[]): string {
  const { events, bytes, bytesPerEvent, durationNs, clock, kernel } = summary;
  const per = bytesPerEvent === null ? '' : `, ${plural(bytesPerEvent, 'byte')} per event`;
  const facts: [string, string][] = [
    ['trace', file],
    ['events', `${events} in ${plural(summary.batches, 'batch', 'batches')}`],
    ['size', `${formatBytes(bytes)}${per}`],
    ['time', durationNs === null ? 'none' : `${formatDuration(durationNs)} of clock ${clock}`],
    ['kernel', kernel ?? 'unknown'],
    ['writer', summary.writer],
    ['lost', plural(summary.lost, 'event')],
    ...Object.entries(summary.notes).filter(([name]) => !printed.includes(name)),
    ...(SCHEDULE_NOTE in summary.notes ? REPEATABLE : []),
    ...(summary.recorded === null ? [] : recordedFacts(summary.recorded)),
  ];
  const lines = [formatKeys(facts)];
  if (Object.keys(summary.lossReasons).length > 0) {
    lines.push('', paint('bold', 'losses'), ...formatCounts(summary.lossReasons));
  }
  const refused = summary.recorded?.refused ?? [];
  if (refused.length > 0) {
    const reasons = refused.map(({ event, absent, reasons: why }): [string, string] => [
      event,
      `${absent ? 'not recorded' : 'in part'}: ${why.join('; ')}`,
    ]);
    lines.push('', paint('bold', 'refused probes'), formatKeys(reasons));
  }
  for (const group of ['sources', 'kinds', 'devices', 'drivers'] as const) {
    lines.push('', paint('bold', group), ...formatCounts(summary[group]));
  }
  return lines.join('\n');
}
