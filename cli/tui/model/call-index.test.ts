/**
 * Goal: the list of calls has every event once, inside of the call in which it happened.
 * Method: hand-made stories of one and two threads, and random ones against a plain search.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../../tests/build-trace.js';
import { CallIndex } from './call-index.js';
import { CallList } from './call-list.js';

function indexOf(rows: readonly EventRow[]): CallIndex {
  const index = new CallIndex(rows.length);
  for (const batch of traceOf(rows).read())
    index.add(batch, [0, batch.rows], batch.seqFirst, (seq) => seq);
  return index;
}

const begin = (tid: number, kind: EventRow['kind'] = 'probe'): EventRow => ({
  kind,
  phase: 'begin',
  tid,
});
const end = (tid: number, span: number): EventRow => ({ kind: 'probe', phase: 'end', tid, span });
const point = (tid: number): EventRow => ({ kind: 'bind', tid });
const NOTHING_HIDDEN = () => false;

const rowsOf = (index: CallIndex): number[] => [...index.rows(false, NOTHING_HIDDEN)];

describe('the index of calls', () => {
  test('the index of calls has a call as one row, with what its thread did inside', () => {
    const index = indexOf([begin(1), begin(2), point(1), end(1, 0), point(2), end(2, 1)]);
    expect(rowsOf(index)).toEqual([0, 1]);
    expect([index.inside(0), index.inside(1)]).toEqual([[2], [4]]);
    expect([index.endOf(0), index.rowOf(3), index.enclosing(4)]).toEqual([3, 0, 1]);
  });

  test('the index of calls puts nothing inside of a call without an end', () => {
    const index = indexOf([begin(1), point(1), begin(1), point(1), end(1, 2)]);
    expect(rowsOf(index)).toEqual([0, 1, 2]);
    expect([index.isRunning(0), index.isRunning(2)]).toEqual([true, false]);
  });

  test('the index of calls gives what is inside of an unended call to the call around it', () => {
    const index = indexOf([begin(1), begin(1), point(1), end(1, 0)]);
    expect([rowsOf(index), index.inside(0)]).toEqual([[0], [1, 2]]);
  });

  test('the index of calls knows that a thread that writes to sysfs again has returned', () => {
    const index = indexOf([begin(1, 'sysfs.write'), begin(1, 'sysfs.write'), end(1, 1)]);
    expect([rowsOf(index), index.isRunning(0)]).toEqual([[0, 1], false]);
  });

  test('the index of calls forgets open calls at a loss', () => {
    const index = indexOf([begin(1), { kind: 'lost' }, point(1), end(1, 0)]);
    expect(rowsOf(index)).toEqual([0, 1, 2]);
    expect(index.endOf(0)).toBe(3);
  });

  test('the index of calls has the idle tasks of two CPUs apart', () => {
    const idle = (row: EventRow, cpu: number): EventRow => ({ ...row, tid: 0, cpu });
    const index = indexOf([idle(begin(0), 0), idle(point(0), 1), idle(end(0, 0), 0)]);
    expect(rowsOf(index)).toEqual([0, 1]);
  });
});

/** Random calls of two threads; an end ends any open call of its thread. */
const stories = fc
  .array(fc.tuple(fc.nat(1), fc.nat(3), fc.nat(3)), { maxLength: 40 })
  .map((steps) => {
    const open: number[][] = [[], []];
    return steps.map(([tid, what, which], seq): EventRow => {
      const calls = open[tid];
      if (what === 0 && calls.length > 0)
        return end(tid + 1, calls.splice(which % calls.length)[0]);
      if (what > 1) return point(tid + 1);
      calls.push(seq);
      return begin(tid + 1);
    });
  });

test('the list of calls shows each event once when everything is open, in the order of calls', () => {
  fc.assert(
    fc.property(stories, (rows) => {
      const index = indexOf(rows);
      const base = index.rows(false, NOTHING_HIDDEN);
      const all = new Set(index.rows(true, NOTHING_HIDDEN));
      const list = new CallList(base, all, index);
      const shown = Array.from({ length: list.length }, (_, i) => list.positionAt(i));
      expect(shown.toSorted((a, b) => a - b)).toEqual([...all]);
      shown.forEach((position, row) => {
        expect(list.indexOf(position)).toBe(row);
        expect(list.depthAt(row)).toBe(index.ancestors(position).length);
      });
    }),
  );
});

test('the list of calls finds the row around an event that has none', () => {
  fc.assert(
    fc.property(stories, (rows) => {
      const index = indexOf(rows);
      const list = new CallList(index.rows(false, NOTHING_HIDDEN), new Set(), index);
      rows.forEach((_, position) => {
        const row = list.positionAt(list.indexOf(position));
        const around = [index.rowOf(position), ...index.ancestors(position)];
        expect(row).toBe(around.at(-1));
      });
    }),
  );
});
