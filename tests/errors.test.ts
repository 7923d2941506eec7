/**
 * Goal: docs/errors.md has every error code of the program with the right exit code, and no other.
 * Method: the codes in the source, wherever a VfrError is made, against the rows of the page.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const EXITS: Record<string, string> = {
  usage: '2',
  damaged: '3',
  incomplete: '3',
  unreadable: '3',
  unsupported: '4',
};

const source = ['traces', 'recorder', 'replay', 'analysis', 'cli']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  )
  .join('\n');

/** Codes that stand beside their kind: `new VfrError('usage', 'CODE', …)`. */
const made = [...source.matchAll(/VfrError\(\s*'(\w+)',\s*'([A-Z_]+)'/g)].map(([, kind, code]) => ({
  code,
  exit: EXITS[kind],
}));
/** Codes of failed system calls, by the table in traces/errors.ts. */
const ofFiles = [...source.matchAll(/^ {2}(E[A-Z]+): \['(\w+)',/gm)].map(([, errno, kind]) => ({
  code: `FILE_${errno}`,
  exit: EXITS[kind],
}));

const page = readFileSync('docs/errors.md', 'utf8');
const told = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)].map(([, code, exit]) => ({
  code,
  exit,
}));

describe('docs/errors.md', () => {
  test.each([...made, ...ofFiles])('has $code with exit code $exit', (error) => {
    expect(told).toContainEqual(error);
  });

  test.each(told)('$code is a code of the program', ({ code }) => {
    const known = ofFiles.some((error) => error.code === code) || source.includes(`'${code}'`);
    expect(known).toBe(true);
  });

  test('names each code once, in groups', () => {
    const codes = told.map(({ code }) => code);
    expect(codes).toEqual([...new Set(codes)]);
    expect(made.length).toBeGreaterThan(30);
  });
});
