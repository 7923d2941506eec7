/**
 * Goal: short writes, pipes and readers that leave cost no file that was there, and no trace its events.
 * Method: the built program in a shell, with a limit on file size that makes the kernel write short.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../tests/scratch.js';
import { makeTrace } from '../tests/sweeps/corpus.js';
import { PROGRAM } from '../tests/vfr.js';

const input = join(scratchFolder(), 'in.arrows');
writeFileSync(input, makeTrace({ seed: 5, events: 20_000, batchRows: 2_000 }));

const shell = (command: string) =>
  spawnSync('bash', ['-c', `vfr() { "${process.execPath}" "${PROGRAM}" "$@"; }; ${command}`], {
    encoding: 'utf8',
  });

test('a command whose write is short gives up and leaves the old file', () => {
  const output = join(scratchFolder(), 'out.arrows');
  writeFileSync(output, 'old');
  // The kernel writes up to the limit (a short write), then refuses.
  const { status, stderr } = shell(`ulimit -f 64; vfr cat "${input}" -o "${output}"`);
  expect(status).toBe(3);
  expect(stderr).toContain('FILE_EFBIG');
  expect(readFileSync(output, 'utf8')).toBe('old');
  expect(readdirSync(dirname(output))).toEqual([basename(output)]);
});

test('a pipe of more than 1 GiB is refused', () => {
  const many = shell(`head -c 1100M /dev/zero | vfr info -`);
  expect(many).toMatchObject({ status: 4, stderr: expect.stringContaining('PIPE_TOO_LARGE') });
});

test('a pipe that gives few bytes at a time is read to its end', () => {
  const slow = shell(`dd if="${input}" bs=97 status=none | vfr verify --json -`);
  expect(JSON.parse(slow.stdout)).toMatchObject({ events: 20_000, damage: [], cutAtByte: null });
});

test('a pipe that has a name takes the output of a command', () => {
  const { status, stdout } = shell(`vfr cat "${input}" -o >(wc -c) | cat`);
  expect(status).toBe(0);
  expect(Number(stdout)).toBeGreaterThan(1000);
});

test('a command whose reader has gone ends without a message about it', () => {
  const { stderr, stdout } = shell(`vfr cat "${input}" | head -c 1000 | wc -c`);
  expect(stdout.trim()).toBe('1000');
  expect(stderr).not.toMatch(/EPIPE|internal|^\s+at /m);
});

test('a trace that passes through pipes keeps every event', () => {
  const { status, stdout } = shell(`cat "${input}" | vfr cat - | vfr verify --json -`);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ events: 20_000, damage: [], cutAtByte: null });
});
