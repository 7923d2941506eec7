/**
 * Goal: the law of plain English finds banned phrases in comments and pages, and nothing else.
 * Method: texts made up for it, each with one phrase or with a literal use of the same word.
 */
import { describe, expect, test } from 'vitest';
import { wordsArePlain } from './plain-words.js';

const ofCode = (text: string) => wordsArePlain([{ file: 'traces/a.ts', text }]);
const ofPage = (text: string) => wordsArePlain([{ file: 'docs/a.md', text }]);

describe('in comments', () => {
  test.each([
    '/** Bytes behind the end. */',
    '// Who reads it must close it.',
    '/** Left to who opens it. */',
    '/** Why the probe is asked. */',
    '/** Where the value stands. */',
    'x(); // told by the kernel',
  ])('a phrase that is not plain is found: %s', (text) => {
    expect(ofCode(text)).toHaveLength(1);
  });

  test('a phrase that is broken between lines is found, with the line of the comment', () => {
    const text = 'x();\n/**\n * Reads as\n * far as it can.\n */\n';
    expect(ofCode(text)).toEqual(['traces/a.ts:2: "as far as": a plainer phrase']);
  });

  test.each([
    "const text = 'who told whom';",
    '/** A device behind a bridge. */',
    '/** A number that stands for a kind. */',
    '/** The user who opened it. */',
    '/** A standard header. */',
  ])('a phrase that is plain is fine: %s', (text) => {
    expect(ofCode(text)).toEqual([]);
  });
});

describe('in pages', () => {
  test('a phrase that is broken between lines is found', () => {
    expect(ofPage('# A\n\nNothing is lost for\never.\n')).toHaveLength(1);
  });

  test('code is not prose', () => {
    expect(ofPage('Run:\n\n```console\n$ echo told\n```\n\nand `told` too.\n')).toEqual([]);
  });
});
