import type { Command } from 'commander';
import type { Damage, TraceReader } from '../../traces/index.js';
import { formatKeys } from '../aligned-lists.js';
import { reportFinding } from '../exit-codes.js';
import { openTrace } from '../open-trace.js';
import { paint, print, printJson } from '../output.js';
import { plural } from '../plural.js';
import { printable } from '../printable.js';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('verify')
    .description('check every byte and value of a trace; exit code 1 when something is wrong')
    .argument('<trace>', 'trace file, - for stdin')
    .option('--json', 'print one JSON document')
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { verifyTrace } = await import('../../traces/index.js');
  const reader = await openTrace(file, {});
  try {
    const report = reportOf(reader, verifyTrace(reader));
    if (report.damage.length > 0 || report.cutAtByte !== null || report.missing > 0)
      reportFinding();
    if (options.json === true) await printJson(report);
    else await print(formatReport(file, report));
  } finally {
    reader.close();
  }
}

type Report = ReturnType<typeof reportOf>;

function reportOf(reader: TraceReader, damage: readonly Damage[]) {
  const last = reader.batches.at(-1);
  const { end } = reader;
  return {
    version: reader.version,
    /** The id that ties batches to this trace; null in format version 1, which has none. */
    id: reader.id,
    bytes: reader.source.size,
    batches: reader.batches.length,
    events: reader.events,
    lastSeq: last === undefined ? null : last.seqFirst + last.rows - 1,
    /** Byte offset at which the file ends too early, or null when it has its end marker. */
    cutAtByte: reader.cutAt,
    /** Events that the end marker counts but that cannot be read. */
    missing: reader.missing,
    lost: end?.lost ?? null,
    losses: reader.losses,
    damage: damage.map(({ offset, end: endByte, seq, columns, what, anotherAt }) => ({
      firstByte: offset,
      endByte,
      /** Offset of another trace, if its bytes are there. */
      otherTraceByte: anotherAt ?? null,
      firstSeq: seq?.[0] ?? null,
      lastSeq: seq?.[1] ?? null,
      columns: columns ?? [],
      what,
    })),
  };
}

function formatReport(file: string, report: Report): string {
  const { version, id, batches, events, bytes, cutAtByte, missing, losses, damage } = report;
  const parts = plural(batches, 'batch', 'batches');
  const readable = `${plural(events, 'event')} in ${parts}, ${plural(bytes, 'byte')}`;
  const lines = [
    formatKeys([
      ['trace', file],
      ['format', `version ${version}`],
      ['id', id ?? 'none'],
      ['readable', readable],
    ]),
  ];
  for (const { source, cpu, events: lost } of losses) {
    const some = lost === 0 ? 'an unknown part' : plural(lost, 'event');
    lines.push(`lost      ${some} by ${printable(source)}${cpu === null ? '' : ` on CPU ${cpu}`}`);
  }
  for (const one of damage) lines.push(paint('red', formatDamage(one)));
  if (missing > 0)
    lines.push(
      paint('red', `missing   ${plural(missing, 'event')} of those that the end marker counts`),
    );
  if (cutAtByte !== null) lines.push(paint('red', formatCut(report)));
  const sound = damage.length === 0 && cutAtByte === null && missing === 0;
  if (!sound) lines.push(...nextSteps(file, damage));
  else if (id === null) lines.push(paint('yellow', UNTIED));
  else lines.push(paint('green', 'sound     every byte is what was written'));
  return lines.join('\n');
}

const UNTIED =
  'checked   every byte matches its CRC; format version 1 does not tie batches to their trace: ' +
  'inserted\n          batches of another one of the same build cannot be detected';

function nextSteps(file: string, damage: Report['damage']): string[] {
  const other =
    damage.find(({ otherTraceByte }) => otherTraceByte !== null)?.otherTraceByte ?? null;
  const steps = ['next      `vfr repair` writes what is readable to a new trace'];
  if (other === null) return steps;
  const tail = `tail -c +${other + 1} ${file}`;
  return [...steps, `          \`${tail}\` gives the other trace; \`vfr cat\` joins traces`];
}

function formatDamage(damage: Report['damage'][number]): string {
  const { firstByte, endByte, firstSeq, lastSeq, columns, what } = damage;
  const seq = firstSeq === null ? '' : `, seq ${firstSeq}..${lastSeq}`;
  const where = columns.length === 0 ? '' : `, column ${columns.join(', ')}`;
  const bytes = endByte > firstByte ? `bytes ${firstByte}..${endByte - 1}` : `byte ${firstByte}`;
  return `damaged   ${bytes}${seq}${where}: ${what}`;
}

function formatCut({ cutAtByte, lastSeq, bytes }: Report): string {
  const rest = bytes - (cutAtByte ?? bytes);
  const after = lastSeq === null ? 'before the first event' : `after seq ${lastSeq}`;
  const left = `${plural(rest, 'byte')} of an unfinished batch`;
  return `truncated ${after}, at byte ${cutAtByte}; followed by ${left}`;
}
