/** Goal: the program of the cases says how it is used. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join('dist', 'bench/bindbench/main.js');
const run = (option: string) => spawnSync(process.execPath, [MAIN, option], { encoding: 'utf8' });

test('the options of the cases are printed by --help', () => {
  const { status, stdout } = run('--help');
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('--cases DIR') });
});

test('an unknown option of the cases is told with those that there are', () => {
  const { status, stderr } = run('--hepl');
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('--cases DIR') });
});
