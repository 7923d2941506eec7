/**
 * Goal: nobody is blamed for what lost events may explain, also before the recorder tells of them.
 * Method: a recording built by hand of two CPUs. A driver is tried on a device that has another;
 * the release in between is lost, on a CPU whose notice comes before or after the attempt.
 */
import { expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../../traces/index.js';
import { replay } from './replayer.js';

const device = '0000:41:00.0';
const mark = (cpu: number): EventRow => ({ kind: 'process', name: 'sched_switch', cpu });
const notice = (cpu?: number): EventRow => ({
  kind: 'lost',
  name: '',
  value: 3n,
  ...(cpu === undefined ? {} : { cpu }),
});

/** An attempt of a driver that succeeds. */
const attempt = (at: number, driver: string): EventRow[] => {
  const row = { device, driver, tid: 1, cpu: 0 } as const;
  const match = { ...row, kind: 'match', name: '__driver_probe_device' } as const;
  const probe = { ...row, kind: 'probe', name: 'really_probe' } as const;
  return [
    { ...match, phase: 'begin' },
    { ...probe, phase: 'begin' },
    { ...row, kind: 'bind', name: 'driver_bound', phase: 'point' },
    { ...probe, phase: 'end', span: at + 1, ret: 0n },
    { ...match, phase: 'end', span: at, ret: 0n },
  ];
};

function divergedWith(between: readonly EventRow[], after: readonly EventRow[]): number {
  const first = attempt(0, 'nouveau');
  const second = attempt(first.length + between.length, 'nvidia');
  const rows = [...first, ...between, ...second, ...after];
  const reader = new TraceReader(new MemorySource(buildTrace(rows)));
  return replay(reader.read(), { kernel: '6.1.0' }).diverged;
}

test('a second driver is a divergence when nothing was lost', () => {
  expect(divergedWith([mark(1)], [mark(1)])).toBeGreaterThan(0);
});

test('and none when the loss is told only afterwards', () => {
  expect(divergedWith([mark(1)], [notice(1), mark(1)])).toBe(0);
  expect(divergedWith([], [notice(1), mark(1)])).toBe(0);
});

test('but is one when the CPU that lost events had none to lose by then', () => {
  expect(divergedWith([], [mark(1), notice(1)])).toBeGreaterThan(0);
  expect(divergedWith([mark(1)], [notice(0)])).toBeGreaterThan(0);
});

test('a loss of no known CPU is where its notice is', () => {
  expect(divergedWith([notice()], [])).toBe(0);
  expect(divergedWith([mark(1)], [notice()])).toBeGreaterThan(0);
});
