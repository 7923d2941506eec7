/**
 * Goal: `vfr replay` shows the state after any event, or a part of it, and every change of a part.
 * Method: a recording of a real kernel, in which one VF is made, probed and unbound; what is shown
 * at an event has to agree with the changes that are told, and with the events around.
 */
import { describe, expect, test } from 'vitest';
import { importedCapturePath } from '../tests/captures.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';

const trace = importedCapturePath('sriov-on-r1');
const DRIVER = '0000:01:00.1/driver';

const replay = (...options: string[]) => vfrInProcess(['replay', trace, ...options]);
const json = async (...options: string[]) => JSON.parse((await replay(...options)).stdout);

describe('vfr replay', () => {
  test('--watch tells each change, and --at shows what it led to', async () => {
    const { path, changes } = await json('--watch', DRIVER, '--json');
    expect(path).toBe(DRIVER);
    expect(changes.length).toBeGreaterThan(20);
    for (const [i, { before }] of changes.slice(1).entries()) expect(before).toBe(changes[i].after);
    for (const { seq, before, after } of changes.slice(1, 6)) {
      expect(await json('--at', `${seq}`, '--state', DRIVER)).toBe(after);
      expect(await json('--at', `${seq - 1}`, '--state', DRIVER)).toBe(before);
    }
  });

  test('--watch for people has a line for each change', async () => {
    const { changes } = await json('--watch', DRIVER, '--json', '--until', '2000');
    const { stdout } = await replay('--watch', DRIVER, '--until', '2000');
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => Number(line.split(' ')[0]))).toEqual(
      changes.map(({ seq }: { seq: number }) => seq),
    );
    expect(lines[2]).toMatch(/^\d+ +"nvme"$/);
  });

  test('--watch of what never changes says so', async () => {
    const path = '0000:00:00.0/physfn';
    const until = ['--until', '0'];
    expect((await replay('--watch', 'drivers', ...until)).stdout).toBe('drivers did not change\n');
    expect(await json('--watch', 'drivers', ...until, '--json')).toEqual({
      path: 'drivers',
      changes: [],
    });
    expect(await replay('--watch', `${path}x`)).toMatchObject({ code: 2, stdout: '' });
  });

  test('--break stands at the first event that satisfies a condition', async () => {
    const condition = "name = 'driver_bound' AND device = '0000:01:00.1'";
    expect(await json('--break', condition, '--state', DRIVER)).toBe('nvme');
    expect(await json('--break', condition)).toHaveProperty('devices');
  });

  test('--state alone shows the end', async () => {
    const { finalState } = await json('--json');
    expect(await json('--state')).toEqual(finalState);
  });

  test.each([
    ['an event that is not there', ['--at', '99999999'], 'EVENT_UNKNOWN'],
    ['a condition that nothing satisfies', ['--break', 'seq < 0'], 'EVENT_UNKNOWN'],
    ['a part that is not there', ['--state', '0000:01:00.1/colour'], 'STATE_PATH_UNKNOWN'],
    ['a kernel that is none', ['--kernel', 'latest'], '--kernel'],
  ])('%s is wrong usage', async (_what, options, told) => {
    const { code, stdout, stderr } = await replay(...options);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(told);
  });
});
