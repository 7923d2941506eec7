/**
 * Goal: of two recordings the first thing that was done differently is found, and nothing else.
 * Method: a recording against itself, and against copies with one change at a random place: a
 * write left out, another result, two operations exchanged.
 */
import { describe, expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { CHANGES, type Change, foundFirst, wholeOf } from '../../tests/diff-table.js';
import { compare } from './index.js';

/** Few places, as each makes a copy of a recording; `tests/diff-table.ts` has the whole table. */
const PLACES = 10;

describe.each(Object.keys(CHANGES) as Change[])('%s', (change) => {
  test.each([
    'sriov-on-r1',
    'k612-vfio-client-r1',
  ])('the changed place is the first difference: %s', (capture) => {
    expect(foundFirst(capture, change, PLACES, 8)).toBeGreaterThanOrEqual(PLACES - 1);
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
