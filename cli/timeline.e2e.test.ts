/** Goal: the lanes in a terminal fit it, and need no colour. Method: the text, without a terminal. */
import { expect, test } from 'vitest';
import { importedCapturePath } from '../tests/captures.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const ESCAPE = '\u001b[';

test('a timeline is as wide as a line of 80 columns at most', async () => {
  const { code, stdout } = await vfrInProcess(['timeline', importedCapturePath('sriov-on-r1')]);
  expect(code).toBe(0);
  const widths = stdout.split('\n').map(({ length }) => length);
  expect(Math.max(...widths)).toBeLessThanOrEqual(80);
  expect(Math.max(...widths)).toBeGreaterThan(70);
  expect(stdout).not.toContain(ESCAPE);
});

test('a timeline in colour has the same signs as one without', async () => {
  const file = importedCapturePath('sriov-on-r1');
  const plain = await vfrInProcess(['timeline', file]);
  const coloured = await vfrInProcess(['timeline', file, '--color', 'always']);
  expect(coloured.stdout).toContain(ESCAPE);
  expect(coloured.stdout.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain.stdout);
});

test('the JSON of a timeline has every edge with its event and its actor', async () => {
  const file = importedCapturePath('sriov-on-r1');
  const args = ['timeline', file, '--device', '01:00.3', '--json'];
  const { stdout } = await vfrInProcess(args);
  const { zero, end, devices, losses } = JSON.parse(stdout);
  expect({ losses, devices: devices.length }).toEqual({ losses: [], devices: 1 });
  expect(zero).toBeGreaterThan(0);
  expect(end).toBeGreaterThan(0);
  const [{ device, bars }] = devices;
  expect(device).toBe('0000:01:00.3');
  const { stdout: rows } = await vfrInProcess([
    ...['sql', file, '--json'],
    "SELECT driver, bound_seq, bound_task FROM bindings WHERE device = '0000:01:00.3'",
  ]);
  const shown = bars.map((bar: { driver: string; from: { seq: number; task: string } | null }) => ({
    driver: bar.driver,
    bound_seq: bar.from?.seq ?? null,
    bound_task: bar.from?.task ?? null,
  }));
  expect(shown).toEqual(JSON.parse(rows));
});

test('the JSON of a timeline has the races of vfr races where they are wanted', async () => {
  const file = importedCapturePath('sriov-on-r1');
  const { stdout } = await vfrInProcess(['timeline', file, '--json', '--races']);
  const { races } = JSON.parse(stdout);
  expect(races.races.length).toBeGreaterThan(0);
  expect(races).toEqual(JSON.parse((await vfrInProcess(['races', file, '--json'])).stdout));
});

test('a timeline of a device that the trace does not name is wrong usage', async () => {
  const args = ['timeline', importedCapturePath('sriov-on-r1'), '--device', 'ff:00.0'];
  expect(await vfrInProcess(args)).toMatchObject({ code: 2, stdout: '' });
});
