/**
 * Goal: nobody is blamed for what lost events may explain, also before the recorder tells of them.
 * Method: a recording built by hand of two CPUs. A driver is tried on a device that has another;
 * the release in between is lost, on a CPU whose notice comes before or after the attempt.
 */
import { expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';

const device = '0000:41:00.0';
const mark = (cpu: number): EventRow => ({ kind: 'process', name: 'sched_switch', cpu });
const notice = (cpu?: number): EventRow => ({
  kind: 'lost',
  name: '',
  value: 3n,
  ...(cpu === undefined ? {} : { cpu }),
});

function divergedWith(between: readonly EventRow[], after: readonly EventRow[]): number {
  const story = new KernelStory().on(0).attempt('nouveau', device, 0, 0);
  for (const row of between) story.point(row);
  story.attempt('nvidia', device, 0, 0);
  for (const row of after) story.point(row);
  return story.replay().diverged;
}

test('a second driver is a divergence when nothing was lost', () => {
  expect(divergedWith([mark(1)], [mark(1)])).toBeGreaterThan(0);
});

test('a second driver is no divergence when a loss is reported afterwards', () => {
  expect(divergedWith([mark(1)], [notice(1), mark(1)])).toBe(0);
  expect(divergedWith([], [notice(1), mark(1)])).toBe(0);
});

test('a second driver is a divergence when the CPU that lost events had none to lose by then', () => {
  expect(divergedWith([], [mark(1), notice(1)])).toBeGreaterThan(0);
  expect(divergedWith([mark(1)], [notice(0)])).toBeGreaterThan(0);
});

test('a loss of no known CPU is where its notice is', () => {
  expect(divergedWith([notice()], [])).toBe(0);
  expect(divergedWith([mark(1)], [notice()])).toBeGreaterThan(0);
});
