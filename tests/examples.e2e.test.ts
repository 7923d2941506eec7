/**
 * Goal: every example runs with the program as it is, and prints what it is said to print.
 * Method: each `run.sh`, in a process of its own; what it prints against the file beside it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROGRAM } from './vfr.js';

const FOLDER = 'examples';
const examples = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test.each(examples)('an example prints what its expected.txt says: %s', async (name) => {
  expect(existsSync(PROGRAM)).toBe(true);
  const printed = execFileSync('bash', [join(FOLDER, name, 'run.sh')], { encoding: 'utf8' });
  await expect(printed).toMatchFileSnapshot(`../${FOLDER}/${name}/expected.txt`);
});

test('the command that docs/check.md gives for CI is run by an example', () => {
  const [, command] = /^- run: (.*)$/m.exec(readFileSync('docs/check.md', 'utf8')) ?? [];
  expect(readFileSync(join(FOLDER, 'check', 'run.sh'), 'utf8')).toContain(`\n${command} `);
});

test.each(examples)('the list of examples has %s', (name) => {
  expect(readFileSync(join(FOLDER, 'README.md'), 'utf8')).toContain(`(${name}/run.sh)`);
});
