/**
 * Goal: the exploration of what was recorded has what happened among its outcomes, and explains what
 * went wrong.
 * Method: recordings of real kernels; how a life ended is read off the kernel's own events.
 */
import { describe, expect, test } from 'vitest';
import { CONTENDED, type ComparedLife, comparedLives, comparisonOf } from './other-orders.js';

const lives = new Map<string, readonly ComparedLife[]>(
  CONTENDED.map((capture) => [capture, comparedLives(capture)]),
);

describe.each(CONTENDED)('%s', (capture) => {
  const all = lives.get(capture)!;

  test('every recorded life that actors contended for closes', () => {
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter(({ closed }) => !closed)).toEqual([]);
  });

  test('the recorded end of every life is among its outcomes', () => {
    expect(all.filter(({ outcomes, kernel }) => !outcomes.includes(kernel))).toEqual([]);
  });

  test('the recorded order of a life ends in the model as it did in the kernel', () => {
    expect(all.filter(({ model, kernel }) => model !== kernel)).toEqual([]);
  });

  test('every recorded life that did not end as wanted is explained', () => {
    const { failed, explained } = comparisonOf(all);
    expect(explained).toBe(failed);
  });
});

test('VFs that lost their owner lost the race of the first probe against the override', () => {
  const failed = lives.get('sriov-on-r1')!.flatMap(({ explained }) => explained ?? []);
  expect(failed).toHaveLength(3);
  for (const pair of failed) {
    expect(pair).toMatch(/^R1: .*sriov_numvfs.*pci_bus_match.*: .*driver_override/);
  }
});

test('both drivers are possible for most VFs where each happened', () => {
  const { open, lives: all } = comparisonOf(lives.get('sriov-on-r1')!);
  expect(open / all).toBeGreaterThan(0.8);
});
