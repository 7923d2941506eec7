/**
 * Goal: unbinding requests a device again and again, as `vfio_unregister_group_dev` does (Linux
 * drivers/vfio/vfio_main.c 6.1), and the judge and a repetition of the run agree with it.
 * Method: a scenario whose user does not react, with schedules from seeds.
 */
import { expect, test } from 'vitest';
import { traceOf } from '../../tests/cross-judge.js';
import { rowsOf } from '../../tests/rewrite.js';
import { enact } from '../enact/index.js';
import { SCENARIOS, specOf } from '../scenarios/index.js';

const NAME = 'vfio-unbind-asks-again';
const spec = specOf(SCENARIOS.find(({ name }) => name === NAME)!);
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

const requestsOf = (seed: number): bigint[] =>
  rowsOf(traceOf(spec, seed)).flatMap(({ kind, value }) =>
    kind === 'device.request' ? [value ?? -1n] : [],
  );

test('requests of a device are counted from 0, up to the most that the machine allows', () => {
  const runs = SEEDS.map(requestsOf);
  for (const run of runs) expect(run).toEqual([0n, 1n, 2n].slice(0, run.length));
  expect(Math.max(...runs.map((run) => run.length))).toBe(3);
});

test('a run with repeated requests is done again', () => {
  for (const seed of SEEDS) {
    const { first, skipped } = enact(traceOf(spec, seed).read(), '6.12');
    expect({ first, skipped }).toEqual({ first: null, skipped: {} });
  }
});
