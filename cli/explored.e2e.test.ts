/** Goal: `vfr explore` prints what it found in the documented form, and records a witness. */
import { readFileSync, writeFileSync } from 'node:fs';
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
      operation: expect.any(Number),
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

test('independent functions are explored apart, and many are reported one by one', async () => {
  const document = JSON.parse((await vfrInProcess(['scenarios', 'two-binders'])).stdout);
  const [nic] = document.machine.functions;
  const places = Array.from({ length: 7 }, (_, i) => `0000:5${i}:00.0`);
  document.machine.functions = places.map((address) => ({ ...nic, address }));
  document.actors = places.flatMap((text) =>
    ['ixgbe', 'other'].map((driver) => ({
      name: `${driver}-${text.slice(5, 7)}`,
      does: [{ write: `/sys/bus/pci/drivers/${driver}/bind`, text }],
    })),
  );
  document.outcomes = [{}];
  const file = join(scratch, 'apart.json');
  writeFileSync(file, JSON.stringify(document));
  const { code, stdout } = await vfrInProcess(['explore', file, '--json']);
  const { closed, components, outcomes } = JSON.parse(stdout);
  expect({ code, closed, components }).toEqual({ code: 0, closed: true, components: 7 });
  expect(outcomes).toHaveLength(14);
  expect(outcomes.at(-1)).toMatchObject({
    component: 7,
    drivers: { '0000:56:00.0': expect.any(String) },
  });
  const text = await vfrInProcess(['explore', file]);
  expect(text.stdout).toMatch(
    /^outcome 14, \d+\.\d %: component 7: 0000:56:00\.0 (ixgbe|other)\b/m,
  );
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

test('outcomes that differ only in errors are told apart on request', async () => {
  const explored = async (...more: string[]) =>
    (await vfrInProcess(['explore', 'unbind-hits-the-next', ...more])).stdout;
  expect(await explored()).toMatch(/^outcome 1, .* vfio-pci; 3 patterns of errors \(--errors\)$/m);
  const { outcomes, orders } = JSON.parse(await explored('--errors', '--json'));
  expect(outcomes.map(({ errors }: { errors: object }) => errors)).toEqual([
    { assign: [], late: [] },
    { assign: ['ENODEV'], late: [] },
    { assign: [], late: [] },
    { assign: [], late: ['ENODEV'] },
  ]);
  const sum = outcomes.reduce((total: number, one: { orders: number }) => total + one.orders, 0);
  expect(sum).toBe(orders);
});

const BOUND = 'driver(0000:42:00.0) == ixgbe';

test('an outcome that an option forbids is bad', async () => {
  const args = ['explore', 'two-binders', '--json', '--never', BOUND];
  const { code, stdout } = await vfrInProcess(args);
  const { outcomes } = JSON.parse(stdout);
  expect(code).toBe(1);
  const bad = outcomes.filter((one: { bad: boolean }) => one.bad);
  expect(bad.map(({ drivers }: { drivers: object }) => drivers)).toEqual([
    { '0000:42:00.0': 'ixgbe' },
  ]);
});

test('a scenario forbids ends by conditions of its own', async () => {
  const { stdout } = await vfrInProcess(['scenarios', 'two-binders']);
  const file = join(scratch, 'never.json');
  const explored = async (never: string) => {
    writeFileSync(file, JSON.stringify({ ...JSON.parse(stdout), never: [never] }));
    return vfrInProcess(['explore', file]);
  };
  expect((await explored('probed(0000:42:00.0, ixgbe)')).code).toBe(1);
  expect((await explored('deadlock or bound(other) > 1')).code).toBe(0);
  const wrong = await explored('driver(0000:42:00.1) == ixgbe');
  expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('/never/0') });
});

test('a probe that passes is found though nobody has the function at the end', async () => {
  const seen = async (expression: string) =>
    (await vfrInProcess(['explore', 'unbind-hits-the-next', '--never', expression])).code;
  expect(await seen('ever(override(0000:42:00.0) == none) and false')).toBe(0);
  expect(await seen('probed(0000:42:00.0, vfio-pci) and driver(0000:42:00.0) == none')).toBe(1);
});

test('a question about one function skips what is done to others', async () => {
  const { stdout } = await vfrInProcess(['scenarios', 'two-binders']);
  const document = JSON.parse(stdout);
  const [nic] = document.machine.functions;
  document.machine.functions.push({ ...nic, address: '0000:50:00.0' });
  const write = '/sys/bus/pci/drivers/ixgbe/bind';
  document.actors.push({ name: 'three', does: [{ write, text: '0000:50:00.0' }] });
  const file = join(scratch, 'two-functions.json');
  writeFileSync(file, JSON.stringify(document));
  const facts = async (...more: string[]) =>
    JSON.parse((await vfrInProcess(['explore', file, '--json', ...more])).stdout);
  const [whole, sliced] = [await facts(), await facts('--question', '42:00.0')];
  expect(sliced.states).toBeLessThan(whole.states);
  expect(sliced.outcomes.map(({ drivers }: { drivers: object }) => drivers)).toEqual([
    { '0000:42:00.0': expect.any(String) },
    { '0000:42:00.0': expect.any(String) },
  ]);
});

test.each([
  ['an expression that is none', ['--never', 'driver(']],
  ['a question about a function that there is not', ['--question', '42:00.7']],
])('%s is wrong usage of explore', async (_, args) => {
  expect((await vfrInProcess(['explore', 'two-binders', ...args])).code).toBe(2);
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
