/**
 * Goal: of two recordings the first thing that was done differently is found, and nothing else.
 * Method: a recording against itself, and against copies with one change at a random place: a
 * write left out, another result, two operations exchanged.
 */
import { describe, expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { randomNumbers } from '../../tests/mutation.js';
import { rowsOf, without } from '../../tests/rewrite.js';
import type { TraceReader } from '../../traces/index.js';
import { compare } from './index.js';

/** Kinds of which operations are made; without the others copies are made fast. */
const KEPT: ReadonlySet<string> = new Set([
  ...['sysfs.write', 'match', 'probe', 'bind', 'unbind', 'device.add', 'vf.add', 'vf.remove'],
  ...['config.write', 'ioctl', 'device.open', 'device.close', 'irq.set', 'mmap', 'reset'],
]);

const wholeOf = (capture: string): EventRow[] => {
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

const WRITTEN = ['kind', 'tid', 'device', 'name', 'offset', 'value', 'text'] as const;

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
  const isSame = (seq: number) => WRITTEN.every((field) => rows[seq][field] === rows[at][field]);
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

const PLACES = 50;

describe.each([
  ['a dropped write', dropped],
  ['another result', otherwise],
  ['two operations exchanged', exchanged],
] as const)('%s', (_name, change) => {
  test.each([
    ['sriov-on-r1', 7],
    ['k612-vfio-client-r1', 8],
  ] as const)('the changed place is the first difference in 48 of 50 copies of a recording: %s', (capture, seed) => {
    const rows = wholeOf(capture);
    const original = traceOf(rows);
    const random = randomNumbers(seed);
    let found = 0;
    for (let place = 0; place < PLACES; place++) {
      const { trace, at } = change(rows, random);
      const { equal, first } = compare(original, trace);
      expect(equal).toBe(false);
      const seen = first?.a ?? first?.b ?? null;
      if (seen !== null && at.includes(seen.seq)) found++;
    }
    expect(found).toBeGreaterThanOrEqual(48);
  });
});

test.each([
  'vfio-client-r1',
  'sriov-on-r1',
  'iommufd-cdev-r1',
  'mdev-mtty-r1',
])('a recording does not differ from itself: %s', (capture) => {
  const reader = importedCapture(capture);
  const same = { equal: true, first: null, groups: {} };
  expect(compare(reader, reader, { timing: true })).toEqual(same);
});

test('times, processes and the names of workers do not count', () => {
  const rows = wholeOf('sriov-on-r1');
  const moved = rows.map((row) => ({
    ...row,
    ts: (row.ts ?? 0n) * 2n + 17n,
    ...(row.tid === undefined ? {} : { tid: row.tid + 1000 }),
    ...(row.pid === undefined ? {} : { pid: row.pid + 1000 }),
    ...(row.task == null ? {} : { task: row.task.replace(/^kworker\/.*/, 'kworker/u9:7') }),
  })) as EventRow[];
  expect(compare(traceOf(rows), traceOf(moved)).equal).toBe(true);
});

test('the pairs of two recordings are the operations that both have', () => {
  const write = (text: string, tid: number): EventRow => ({
    kind: 'sysfs.write',
    name: 'driver_override',
    device: '0000:01:00.1',
    task: 'admin',
    text,
    tid,
  });
  const a = traceOf([write('a', 1), write('b', 1), write('c', 1)]);
  const b = traceOf([{ kind: 'mark' }, write('a', 2), write('c', 2)]);
  expect(compare(a, b, { pairs: true }).pairs).toEqual([
    [0, 1],
    [2, 2],
  ]);
});

test('a difference names both events and the state of the device before', () => {
  const rows = wholeOf('sriov-on-r1');
  const end = rows.findIndex(
    ({ kind, phase, name, ret = 0n }) =>
      kind === 'sysfs.write' && phase === 'end' && name === 'drivers_probe' && ret > 0n,
  );
  const changed = rows.map((row, seq) => (seq === end ? { ...row, ret: -16n } : row));
  const { first, groups } = compare(traceOf(rows), traceOf(changed));
  const at = { seq: rows[end].span };
  expect(first).toMatchObject({ a: at, b: at });
  expect(first?.text).toMatch(
    /drivers_probe of .*: ok in A, -EBUSY in B; before that .* had driver/,
  );
  expect(groups.binding).toHaveLength(1);
});
