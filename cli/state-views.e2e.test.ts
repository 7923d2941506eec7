/**
 * Goal: `vfr replay` shows the state after any event, or a part of it, and every change of a part.
 * Method: a recording of a real kernel, in which one VF is made, probed and unbound; what is shown
 * at an event has to agree with the changes that are told, and with the events around.
 */
import { describe, expect, test } from 'vitest';
import { type Change, type ReplayOptions, watch } from '../replay/index.js';
import { type EventRow, traceFile } from '../tests/build-trace.js';
import { importedCapture, importedCapturePath } from '../tests/captures.js';
import { rowsOf, without } from '../tests/rewrite.js';
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

  test('--watch goes by what the recording says of itself, as the verdicts do', async () => {
    const reader = importedCapture('many-writers-r2');
    const { kernel } = reader.meta;
    const notes = { 'probe groups': 'binding' };
    const isWrite = (_: number, { name }: EventRow) => name === 'sriov_drivers_autoprobe';
    const left = without(rowsOf(reader), isWrite, false, { ...(kernel && { kernel }), notes });
    const path = '0000:01:00.0/autoprobe';
    const changes = (options: ReplayOptions) =>
      [...watch(left.read(), path, options)].map(({ seq, after }) => [seq, after]);
    const expected = changes({ kernel, notes });
    expect(changes({ kernel })).not.toEqual(expected);
    const file = traceFile(rowsOf(left), { meta: left.meta });
    const { stdout } = await vfrInProcess(['replay', file, '--watch', path, '--json']);
    const told = JSON.parse(stdout).changes.map((c: Change) => [c.seq, c.after]);
    expect(told).toEqual(expected);
    reader.close();
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
