/**
 * Goal: text that was indented or quoted as a whole gives the events of the text itself.
 * Method: real text of several formats, quoted in every way and cut into chunks of every size.
 */
import { expect, test } from 'vitest';
import { importBytes, inputOf } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import { detect } from './import.js';
import { unquoted } from './quoted.js';

const linesOf = (name: string) => testData(name).toString().split('\n').slice(0, 200);
const TEXTS = [
  'dmesg/hotplug-r1.txt.zst',
  'qemu/nested-bios.log.zst',
  'lspci/lspci-vvvnn-xxxx.txt.zst',
];
const chunksOf = (bytes: Buffer, size: number) =>
  Buffer.concat([...unquoted(inputOf(bytes, size))!.chunks()]).toString();

test.each(TEXTS)('%s, quoted', (name) => {
  const text = `${linesOf(name).join('\n')}\n`;
  const importer = detect(inputOf(Buffer.from(text)))!;
  const plain = importBytes(importer, Buffer.from(text));
  for (const mark of ['> ', '>', '| ', '\t', '    ']) {
    const marked = text
      .split('\n')
      .slice(0, -1)
      .map((line) => `${mark}${line}\n`);
    const input = unquoted(inputOf(Buffer.from(marked.join(''))))!;
    expect(detect(input)).toBe(importer);
    const bytes = Buffer.concat([...input.chunks()]);
    expect(bytes.toString()).toBe(text);
    expect(importBytes(importer, bytes)).toEqual(plain);
  }
});

test('the marks are taken away however the text is cut, and only at the start of a line', () => {
  const quoted = Buffer.from('somebody wrote:\n> a > b\n>\n> \n> > c\n\n> d');
  const text = 'somebody wrote:\na > b\n\n\n> c\n\nd';
  for (let size = 1; size <= quoted.byteLength; size++) expect(chunksOf(quoted, size)).toBe(text);
});

test('what is cut in the middle of a mark stays', () => {
  const quoted = Buffer.from('    a\n    b\n  ');
  for (let size = 1; size <= 16; size++) expect(chunksOf(quoted, size)).toBe('a\nb\n  ');
});

test('most lines of a quoted text have the mark', () => {
  expect(unquoted(inputOf(Buffer.from('a\n> b\nc\n')))).toBeNull();
  expect(unquoted(inputOf(Buffer.from('')))).toBeNull();
});
