/**
 * Goal: an option of which several may be given takes its own values and nothing else. Method: the
 * same question in every spelling, with the trace at either end.
 */
import { describe, expect, test } from 'vitest';
import { traceFile } from '../tests/build-trace.js';
import { vfrInProcess } from '../tests/vfr-in-process.js';
import { createProgram } from './program.js';

const file = traceFile([
  { kind: 'mark', device: '0000:01:00.0' },
  { kind: 'log', device: '0000:01:00.1' },
  { kind: 'log', device: '0000:01:00.2' },
  { kind: 'bind', device: '0000:01:00.2' },
]);

describe('vfr cut', () => {
  test.each([
    ['--device', '01:00.1', file],
    ['--device', '01:00.1', '--device', '01:00.2', '--kind', 'log', '--kind', 'mark', file],
    [file, '--device', '01:00.1,01:00.2', '--kind', 'log,mark'],
    ['--kind', 'log', file, '--device', '01:00.1', '--device=01:00.2'],
  ])('vfr cut takes %j %j %j', async (...args) => {
    const { code, stderr } = await vfrInProcess(['cut', ...args]);
    const events = args.includes('01:00.1') && args.length === 3 ? '1 event' : '2 events';
    expect({ code, written: stderr.includes(`${events} written`) }).toEqual({
      code: 0,
      written: true,
    });
  });
});

test.each([
  ['cut', '--kind', 'constructor', 'KIND_UNKNOWN'],
  ['cut', '--kind', 'log,', 'KIND_UNKNOWN'],
  ['replay', '--state', '01:00.1/constructor', 'STATE_PATH_UNKNOWN'],
  ['replay', '--state', 'drivers/0', 'STATE_PATH_UNKNOWN'],
])('vfr %s %s %s is nothing that there is', async (command, option, value, told) => {
  const { code, stderr } = await vfrInProcess([command, file, option, value]);
  expect({ code, told: stderr.includes(told) }).toEqual({ code: 2, told: true });
});

test('no option takes what follows its value', () => {
  const variadic = createProgram().commands.flatMap((command) =>
    command.options.filter((option) => option.variadic).map((o) => `${command.name()} ${o.flags}`),
  );
  expect(variadic).toEqual([]);
});

test('one is one', async () => {
  const one = traceFile([{ kind: 'mark' }]);
  const { stdout, stderr } = await vfrInProcess(['info', one]);
  expect(stderr).toBe('complete: 1 event\n');
  expect(stdout).toContain('1 in 1 batch\n');
  const verified = await vfrInProcess(['verify', one]);
  expect(verified.stdout).toContain('1 event in 1 batch, ');
});
