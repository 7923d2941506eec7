/**
 * Goal: a fact that somebody writes a second time is found.
 * Method: each fact is written in a source made up for it, and in its home.
 */
import { expect, test } from 'vitest';
import { factsHaveOneHome } from './one-home.js';
import { parseSource } from './sources.js';

test.each([
  ['a PCI address', String.raw`/^[0-9a-f]{4,}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/`, 'base/bdf.ts'],
  ['a word of 64 bits', 'Number(value & 0xffff_ffffn)', 'base/words.ts'],
  ['the number of an error', 'const ERRNO = { EBUSY: 16 };', 'base/errno.ts'],
])('a fact that is written outside of its home is found: %s', (_, text, home) => {
  expect(factsHaveOneHome([parseSource('recorder/a.ts', text)])).toEqual([
    expect.stringMatching(`^recorder/a.ts: .* is in traces/${home}$`),
  ]);
  expect(factsHaveOneHome([parseSource(`traces/${home}`, text)])).toEqual([]);
});

test('a comment may show the form of a fact', () => {
  expect(factsHaveOneHome([parseSource('cli/a.ts', '// EBUSY: 16')])).toEqual([]);
});
