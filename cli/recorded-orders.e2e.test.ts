/** Goal: `vfr explore` and `vfr explain` of a recording say what else could have happened, and why not. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importedCapturePath } from '../tests/captures.js';
import { scratchFolder } from '../tests/scratch.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const scratch = scratchFolder();
const VF = '0000:01:00.1';
/** A life of the VF in which its owner lost it to nvme. */
const LOST = ['--question', VF, '--window', '1900..2000'];

test('a recording is explored life by life, with its events as witnesses', async () => {
  const file = importedCapturePath('sriov-on-r1');
  const { code, stdout } = await vfrInProcess(['explore', file, ...LOST, '--json']);
  const { closed, orders, outcomes, lives } = JSON.parse(stdout);
  expect({ code, closed, lives: lives.length }).toEqual({ code: 0, closed: true, lives: 1 });
  expect(orders).toBe(lives[0].orders);
  const byDriver = new Map(
    outcomes.map((one: { drivers: Record<string, string | null> }) => [one.drivers[VF], one]),
  );
  expect(byDriver.get(null)).toMatchObject({ recorded: true, bad: false });
  expect(byDriver.get('vfio-pci')).toMatchObject({
    recorded: false,
    witness: expect.arrayContaining([
      expect.objectContaining({ actor: 'vfr-overrider', seq: expect.any(Number) }),
    ]),
  });
});

test('the witness of a life is recorded, and ends as its outcome does', async () => {
  const file = importedCapturePath('sriov-on-r1');
  const { stdout } = await vfrInProcess(['explore', file, ...LOST]);
  const [, number, driver] = /outcome (\d+), [^:]*: 0000:01:00.1 (\S+)$/m.exec(stdout) ?? [];
  const witness = join(scratch, 'witness.arrows');
  const args = ['explore', file, ...LOST, '--witness', number, '-o', witness, '--json'];
  const { outcome } = JSON.parse((await vfrInProcess(args)).stdout);
  expect(outcome.drivers[VF]).toBe(driver);
  expect((await vfrInProcess(['replay', witness])).code).toBe(0);
});

test('a driver that a recording must never lead to makes explore a finding', async () => {
  const file = importedCapturePath('sriov-on-r1');
  const probed = async (driver: string) =>
    (await vfrInProcess(['explore', file, ...LOST, '--never', `probed(${VF}, ${driver})`])).code;
  expect(await probed('nvme')).toBe(1);
  expect(await probed('ixgbe')).toBe(0);
});

test('a VF that its owner lost is explained by the first probe and the override', async () => {
  const file = importedCapturePath('sriov-on-r1');
  const { code, stdout } = await vfrInProcess(['explain', file, ...LOST, '--json']);
  const found = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(found).toMatchObject({ class: 'R1', fixCloses: true, isLeast: true });
  expect(found.inversions).toMatchObject([
    {
      first: { seq: 1911, actor: 'vfr-sriov-admin' },
      second: { seq: 1916, actor: 'vfr-overrider' },
    },
  ]);
});

test.each([
  ['a witness that no life has', [...LOST, '--witness', '9', '-o', 'x.arrows']],
  ['a witness of a life without a file', [...LOST, '--witness', '1']],
  ['a question about no function', ['--question', 'nvme']],
])('%s is wrong usage of explore', async (_, args) => {
  const file = importedCapturePath('sriov-on-r1');
  expect((await vfrInProcess(['explore', file, ...args])).code).toBe(2);
});
