/**
 * Goal: a machine that cannot run the lab is told what it lacks, with exit code 4.
 * Method: the built lab is started with wrong arguments, and with a PATH on which nothing is
 * installed.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const RUN = join(import.meta.dirname, '..', 'dist', 'lab', 'run.js');

function lab(args: readonly string[], path = process.env.PATH) {
  const env = { ...process.env, PATH: path };
  return spawnSync(process.execPath, [RUN, ...args], { encoding: 'utf8', env });
}

test.each([
  [],
  ['no-such-job'],
  ['hello', 'record'],
  ['--kernel', '5.4', 'hello'],
  ['--machine', 'sparc', 'hello'],
  ['--timeout', 'soon', 'hello'],
  ['--cpus', '0', 'hello'],
  ['--memory', '1', 'hello'],
])('the lab refuses wrong usage: %s %s %s', (...args) => {
  const { status, stderr } = lab(args.filter((arg) => arg !== undefined));
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^usage: npm run lab/)]);
});

test.each([
  ['vtd', 'qemu-system-x86_64', 'qemu-system-x86'],
  ['smmu', 'qemu-system-aarch64', 'qemu-system-arm'],
])('the lab without the QEMU of %s says what is missing', (machine, program, name) => {
  const { status, stderr } = lab(['--machine', machine, 'hello'], '/nonexistent');
  expect(status).toBe(4);
  expect(stderr).toContain(`${program} is not installed: apt-get install`);
  expect(stderr).toMatch(new RegExp(`${name}$`, 'm'));
});
