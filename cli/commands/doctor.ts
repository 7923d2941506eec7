import type { Command } from 'commander';
import type { Diagnosis, GroupCheck } from '../../recorder/index.js';
import { EXIT } from '../exit-codes.js';
import { paint, print, printJson } from '../output.js';
import { plural } from '../plural.js';
import { printable } from '../printable.js';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('say what this machine can record, and why not the rest; changes nothing')
    .option('--json', 'print one JSON document')
    .action(run);
}

async function run(options: { readonly json?: boolean }): Promise<void> {
  const { diagnose } = await import('../../recorder/index.js');
  const diagnosis = diagnose();
  if (!diagnosis.canRecord) process.exitCode = EXIT.unsupported;
  if (options.json === true) return printJson(diagnosis);
  await print(format(diagnosis));
}

const mark = (ok: boolean) => (ok ? paint('green', 'yes') : paint('red', 'NO '));

function format({ kernel, canRecord, checks, groups }: Diagnosis): string {
  const lines = [`kernel ${kernel}`, ''];
  for (const { name, ok, found, next } of checks) {
    lines.push(`${mark(ok)}  ${name.padEnd(14)} ${found}`);
    if (next !== undefined) lines.push(`     ${''.padEnd(14)} ${next}`);
  }
  if (groups.length > 0) lines.push('', 'groups of probes:');
  for (const group of groups) lines.push(...formatGroup(group));
  lines.push('', canRecord ? 'vfr record works here.' : 'vfr record does not work here.');
  return lines.map(printable).join('\n');
}

function formatGroup({ group, describes, events, probes, missing }: GroupCheck): string[] {
  const works = events > 0 || probes === 0;
  const lines = [`${mark(works)}  ${group.padEnd(14)} ${plural(events, 'event')}: ${describes}`];
  const margin = `     ${''.padEnd(14)}`;
  // Many probes usually share one reason.
  const byReason = new Map<string, string[]>();
  for (const [event, reasons] of Object.entries(missing)) {
    for (const reason of reasons) byReason.set(reason, [...(byReason.get(reason) ?? []), event]);
  }
  for (const [reason, of] of byReason) {
    const which = of.length > 3 ? `${of.length} probes` : of.join(', ');
    lines.push(`${margin} ${which}: ${reason}`);
  }
  return lines;
}
