/**
 * Goal: every command of docs/guide.md runs, and prints the lines that the page shows.
 * Method: the page's own blocks, on recordings of real kernels under the names that it uses.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { importedCapturePath } from './captures.js';
import { scratchFolder } from './scratch.js';
import { vfr } from './vfr.js';

const PAGE = readFileSync('docs/guide.md', 'utf8');
const BLOCKS = [...PAGE.matchAll(/```console\n\$ vfr (.*)\n([\s\S]*?)```/g)].map(
  ([, command, printed]) => ({ command, lines: printed.trimEnd().split('\n') }),
);
const CUT_BYTES = 60_000;

let folder = '';

beforeAll(() => {
  folder = scratchFolder();
  const names = new Set(PAGE.match(/[a-z0-9.-]+-r\d(?=\.arrows)/g));
  for (const name of names) copyFileSync(importedCapturePath(name), join(folder, `${name}.arrows`));
  const whole = readFileSync(join(folder, 'sriov-on-r1.arrows'));
  writeFileSync(join(folder, 'cut.arrows'), whole.subarray(0, CUT_BYTES));
}, 300_000);

test('the guide has at least eight cases', () => {
  expect(PAGE.match(/^## /gm)?.length).toBeGreaterThanOrEqual(8);
});

test.each(BLOCKS)('a command of the guide prints its lines: vfr $command', ({ command, lines }) => {
  const args = command
    .split(' ')
    .map((part) => (part.endsWith('.arrows') ? join(folder, part) : part));
  const { stdout, code } = vfr(args);
  expect([0, 1]).toContain(code);
  const printed = stdout.split('\n').map((line) => line.trim());
  for (const line of lines) expect(printed).toContain(line.trim());
}, 120_000);
