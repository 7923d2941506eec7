/**
 * Goal: the exit code of a recorded command is the one that a shell would tell.
 * Method: real commands, waited for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { VfrError } from '../../traces/index.js';
import { RecordedCommand, requireProcess } from './processes.js';

async function ended(command: RecordedCommand): Promise<number | null> {
  while (!command.ended) await sleep(5);
  return command.code;
}

test.each([
  ['exit 7', 7],
  ['kill -KILL $$', 137],
  ['kill -TERM $$', 143],
])('a command ends with its own exit code: %s', async (script, code) => {
  const command = new RecordedCommand(['sh', '-c', script]);
  expect(await ended(command)).toBe(code);
});

test('a command that runs can be asked to end', async () => {
  const command = new RecordedCommand(['sleep', '100']);
  expect(command.runs).toBe(true);
  command.end();
  expect(await ended(command)).toBe(143);
  expect(command.runs).toBe(false);
});

test('a recording without a command waits for no process', () => {
  expect(new RecordedCommand([])).toMatchObject({ ended: false, runs: false, code: null });
});

test('a program that cannot be run and a process that is not there are wrong usage', () => {
  expect(() => new RecordedCommand(['/no/such/program'])).toThrow(VfrError);
  expect(() => requireProcess(2 ** 30)).toThrow(VfrError);
});
