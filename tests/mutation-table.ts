/**
 * What a replay notices of mutants of recordings, as the table that docs/replay.md carries.
 *
 *   node dist/tests/mutation-table.js [--count N] [--seed N] [TRACE...]
 *
 * Without traces, of the recordings in tests/data/captures. Prints Markdown.
 */
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { TraceReader } from '../traces/index.js';
import { importedCapturePath } from './captures.js';
import type { Field } from './mutation.js';
import { OUTCOMES, type Outcome, type Tried, tryMutants } from './mutation-run.js';
import { isProgram } from './sweeps/options.js';

const CAPTURES = [
  'dma-fault-r1',
  'k612-sriov-on-r1',
  'k612-vfio-client-r1',
  'many-writers-r2',
  'nested-linux-r1',
  'sriov-off-r1',
  'sriov-on-r1',
  'sriov-tracecmd-r2',
  'udev-r1',
  'vfio-client-r1',
];

/** Fields that no rule compares, and why. */
export const NOT_JUDGED: readonly {
  readonly what: RegExp;
  /** What is not compared; or that nothing else is. */
  readonly how: Field | { readonly but: Field };
  readonly why: string;
}[] = [
  {
    what: /^config\.read point \(hardware\)/,
    how: 'value',
    why: 'what hardware answers is a stimulus, but for registers that do not change',
  },
  {
    what: /^dma\.map/,
    how: 'value',
    why: 'which physical pages were pinned is the kernel’s choice',
  },
  {
    what: /^ioctl begin \(kernel\)/,
    how: 'data',
    why: 'the argument of a container’s ioctl is recorded in this event only: a stimulus',
  },
  {
    what: /^config\.read \w+ pci_(?:bus|user)_read/,
    how: { but: 'value' },
    why: 'which registers are read, when and by whom, is a stimulus: the answer is judged',
  },
];

const isReason = (one: (typeof NOT_JUDGED)[number], what: string, how: string): boolean =>
  one.what.test(what) && (typeof one.how === 'string' ? one.how === how : one.how.but !== how);

/** Whether a rule or the call graph compares what was changed. */
export const isJudged = ({ what, how }: Tried): boolean =>
  !NOT_JUDGED.some((one) => isReason(one, what, how));

type Row = Record<Outcome, number>;
const noRow = (): Row => ({ exact: 0, later: 0, unknown: 0, silent: 0 });

function rowsOf(tried: readonly Tried[], keyOf: (one: Tried) => string): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const one of tried) {
    const key = keyOf(one);
    const row = rows.get(key) ?? noRow();
    row[one.outcome]++;
    rows.set(key, row);
  }
  return rows;
}

const cellsOf = (row: Row): string => OUTCOMES.map((outcome) => row[outcome]).join(' | ');

function share(row: Row): string {
  const all = OUTCOMES.reduce((sum, outcome) => sum + row[outcome], 0);
  return `${((100 * (row.exact + row.later)) / all).toFixed(1)} %`;
}

/** The whole table, in Markdown. */
export function tableOf(tried: readonly Tried[]): string {
  const judged = tried.filter(isJudged);
  const total = rowsOf(judged, ({ mutation }) => mutation.type);
  const lines = ['| done to a judged event | exact | later | unknown | silent | seen |'];
  lines.push('|---|---|---|---|---|---|');
  for (const [type, row] of total) lines.push(`| ${type} | ${cellsOf(row)} | ${share(row)} |`);
  lines.push('', '| event | what is done | exact | later | unknown | silent |');
  lines.push('|---|---|---|---|---|---|');
  const rows = rowsOf(judged, ({ what, how }) => `${what} | ${how}`);
  for (const [key, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(`| ${key} | ${cellsOf(row)} |`);
  }
  lines.push('', '| event | field | not judged, because |', '|---|---|---|');
  for (const key of [
    ...rowsOf(
      tried.filter((one) => !isJudged(one)),
      keyOfField,
    ).keys(),
  ].sort()) {
    const [what, how] = key.split(' | ');
    const why = NOT_JUDGED.find((one) => isReason(one, what, how))?.why;
    lines.push(`| ${key} | ${why} |`);
  }
  return lines.join('\n');
}

const keyOfField = ({ what, how }: Tried): string => `${what} | ${how}`;

if (isProgram(import.meta)) {
  const { values, positionals } = parseArgs({
    options: { count: { type: 'string' }, seed: { type: 'string' } },
    allowPositionals: true,
  });
  const traces = positionals.length > 0 ? positionals : CAPTURES.map(importedCapturePath);
  const tried = traces.flatMap((trace) => {
    const reader = TraceReader.open(trace);
    const name = basename(trace, '.arrows');
    const found = tryMutants(name, reader, Number(values.count ?? 6), Number(values.seed ?? 7));
    reader.close();
    return found;
  });
  console.log(tableOf(tried));
}
