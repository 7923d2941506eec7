/**
 * Copies of recordings with one change at a random place, and in how many of them the comparison
 * finds that place as the first difference.
 *
 *   node dist/tests/diff-table.js [PLACES [CAPTURE...]]
 */
import { compare } from '../analysis/diff/index.js';
import { roleOf } from '../analysis/diff/roles.js';
import type { TraceReader } from '../traces/index.js';
import { type EventRow, traceOf } from './build-trace.js';
import { CAPTURE_KERNELS } from './capture-kernels.js';
import { importedCapture } from './captures.js';
import { randomNumbers } from './mutation.js';
import { rowsOf, without } from './rewrite.js';
import { isProgram } from './sweeps/options.js';

/** Kinds of which operations are made; without the others copies are made fast. */
const KEPT: ReadonlySet<string> = new Set([
  ...['sysfs.write', 'match', 'probe', 'bind', 'unbind', 'device.add', 'vf.add', 'vf.remove'],
  ...['config.write', 'ioctl', 'device.open', 'device.close', 'irq.set', 'mmap', 'reset'],
]);

/** The rows of a recording of which operations are made. */
export const wholeOf = (capture: string): EventRow[] => {
  const rows = rowsOf(importedCapture(capture));
  const kept = without(rows, (_seq, { kind }) => !KEPT.has(kind), false);
  return rowsOf(kept);
};

const endsOf = (rows: readonly EventRow[]): Map<number, number> =>
  new Map(
    rows.flatMap(({ phase, span }, seq) =>
      phase === 'end' && span !== undefined ? [[span, seq]] : [],
    ),
  );

interface Copy {
  readonly trace: TraceReader;
  /** Events at one of which the first difference has to be. */
  readonly at: readonly number[];
}

const WRITTEN = ['kind', 'device', 'name', 'offset', 'value', 'text'] as const;

/** A write that is missing. */
function dropped(rows: readonly EventRow[], random: (below: number) => number): Copy {
  const writes = rows.flatMap(({ kind, phase, path }, seq) =>
    phase === 'begin' && (kind === 'sysfs.write' || (kind === 'config.write' && path === 'vfio'))
      ? [seq]
      : [],
  );
  const at = writes[random(writes.length)];
  const end = endsOf(rows).get(at);
  // One of a run of equal writes stands for any of them: without one they are the same sequence.
  // Threads that differ by a number only have one role, whose writes are one sequence.
  const role = (seq: number) => roleOf(rows[seq].task ?? '');
  const isSame = (seq: number) =>
    role(seq) === role(at) && WRITTEN.every((field) => rows[seq][field] === rows[at][field]);
  return {
    trace: without(rows, (seq) => seq === at || seq === end, false),
    at: writes.filter(isSame),
  };
}

const RESULTS = new Set([
  'ioctl',
  'sysfs.write',
  'match',
  'probe',
  'device.open',
  'irq.set',
  'mmap',
]);

/** A call that ended otherwise. */
function otherwise(rows: readonly EventRow[], random: (below: number) => number): Copy {
  const ends = rows.flatMap(({ kind, phase, ret, span }, seq) =>
    phase === 'end' && span !== undefined && ret !== undefined && RESULTS.has(kind) ? [seq] : [],
  );
  const end = ends[random(ends.length)];
  const row = rows[end];
  const ret = row.ret === -16n ? -1n : -16n;
  const changed = rows.map((old, seq) => (seq === end ? { ...old, ret } : old));
  return { trace: traceOf(changed), at: [row.span!] };
}

/** Two operations of a thread in the other order. */
function exchanged(rows: readonly EventRow[], random: (below: number) => number): Copy {
  const ends = endsOf(rows);
  const writes = rows.flatMap(({ kind, phase }, seq) =>
    phase === 'begin' && (kind === 'ioctl' || kind === 'sysfs.write') && ends.has(seq) ? [seq] : [],
  );
  const same = (a: number, b: number) =>
    rows[a].tid === rows[b].tid && rows[a].device === rows[b].device && ends.get(a)! < b;
  const pairs = writes.flatMap((a, i) => {
    const b = writes.slice(i + 1).find((other) => rows[other].tid === rows[a].tid);
    if (b === undefined || !same(a, b)) return [];
    const differ = rows[a].name !== rows[b].name || rows[a].text !== rows[b].text;
    return differ ? [[a, b] as const] : [];
  });
  const [a, b] = pairs[random(pairs.length)];
  const places = new Map([
    [a, b],
    [b, a],
    [ends.get(a)!, ends.get(b)!],
    [ends.get(b)!, ends.get(a)!],
  ]);
  const changed = rows.map((row, seq) => {
    const from = places.get(seq);
    if (from === undefined) return row;
    const { ts, span, tid, pid, task } = row;
    return {
      ...rows[from],
      ts,
      tid,
      pid,
      task,
      ...(span === undefined ? {} : { span }),
    } as EventRow;
  });
  return { trace: traceOf(changed), at: [a, b] };
}

/** What is changed in a copy. */
export const CHANGES = {
  'a dropped write': dropped,
  'another result': otherwise,
  'two operations exchanged': exchanged,
} as const;
export type Change = keyof typeof CHANGES;

/**
 * How often the changed place is the first difference.
 * @param places how many copies are made
 */
export function foundFirst(capture: string, change: Change, places: number, seed = 7): number {
  const rows = wholeOf(capture);
  const original = traceOf(rows);
  const random = randomNumbers(seed);
  let found = 0;
  for (let place = 0; place < places; place++) {
    const { trace, at } = CHANGES[change](rows, random);
    const { first } = compare(original, trace);
    const seen = first?.a ?? first?.b ?? null;
    if (seen !== null && at.includes(seen.seq)) found++;
  }
  return found;
}

function main([places = '100', ...captures]: readonly string[]): void {
  const changes = Object.keys(CHANGES) as Change[];
  const named = captures.length > 0 ? captures : Object.keys(CAPTURE_KERNELS);
  console.log(`| recording | ${changes.join(' | ')} |\n|---|${'---|'.repeat(changes.length)}`);
  for (const capture of named) {
    const cells = changes.map((change) => foundFirst(capture, change, Number(places)));
    console.log(`| ${capture} | ${cells.map((n) => `${n} of ${places}`).join(' | ')} |`);
  }
}

if (isProgram(import.meta)) main(process.argv.slice(2));
