/** Goal: `vfr explore` prints what it found in the documented form, and records a witness. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../tests/scratch.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const scratch = scratchFolder();

test('the JSON of an exploration has the documented keys', async () => {
  const { code, stdout } = await vfrInProcess(['explore', 'two-binders', '--json']);
  const found = JSON.parse(stdout);
  expect({ code, closed: found.closed, coverage: found.coverage }).toEqual({
    code: 0,
    closed: true,
    coverage: { type: 'all' },
  });
  expect(found.outcomes).toHaveLength(2);
  for (const outcome of found.outcomes) {
    expect(outcome).toMatchObject({ deadlock: null, faults: [], bad: false });
    expect(outcome.witness[0]).toEqual({
      actor: expect.any(String),
      what: expect.any(String),
      seq: expect.any(Number),
      steps: expect.any(Number),
    });
  }
  const sum = (key: 'orders' | 'share') =>
    found.outcomes.reduce((total: number, one: Record<string, number>) => total + one[key], 0);
  expect(sum('orders')).toBe(found.orders);
  expect(sum('share')).toBeCloseTo(1, 9);
});

test('several kernels are one table, and a bug of one of them is a finding', async () => {
  const kernels = ['--kernel', '6.12,6.19'];
  const text = await vfrInProcess(['explore', 'vf-removed-twice', ...kernels]);
  expect(text.code).toBe(1);
  expect(text.stdout).toMatch(/^\d+\.\d % +- +.*removedTwice$/m);
  const json = await vfrInProcess(['explore', 'vf-removed-twice', ...kernels, '--json']);
  const { kernels: found } = JSON.parse(json.stdout);
  expect(found.map(({ kernel }: { kernel: string }) => kernel)).toEqual(['6.12', '6.19']);
});

test('the recorded witness ends with the outcome, and the judge agrees with it', async () => {
  const file = join(scratch, 'bad.arrows');
  const args = ['explore', 'unbind-hits-the-next', '--witness', '2', '-o', file, '--json'];
  const { code, stdout } = await vfrInProcess(args);
  expect({ code, drivers: JSON.parse(stdout).outcome.drivers }).toEqual({
    code: 0,
    drivers: { '0000:42:00.0': null },
  });
  expect(readFileSync(file).byteLength).toBeGreaterThan(0);
  expect((await vfrInProcess(['replay', file])).code).toBe(0);
});

test.each([
  ['an outcome that there is not', ['--witness', '9', '-o', join(scratch, 'none.arrows')]],
  ['a witness without a file', ['--witness', '1']],
  ['a file without a witness', ['-o', join(scratch, 'none.arrows')]],
  ['one witness of two kernels', ['--witness', '1', '-o', 'x.arrows', '--kernel', '6.1,6.12']],
])('%s is wrong usage', async (_, args) => {
  const { code, stderr } = await vfrInProcess(['explore', 'two-binders', ...args]);
  expect({ code, named: stderr.includes('EXPLORE_OPTION') }).toEqual({ code: 2, named: true });
});
