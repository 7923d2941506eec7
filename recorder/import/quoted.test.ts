/**
 * Goal: text that was indented or quoted as a whole gives the events of the text itself.
 * Method: real text of several formats, quoted in every way and cut into chunks of every size.
 */
import { expect, test } from 'vitest';
import { importBytes, inputOf } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import type { Input } from './input-stream.js';
import { unquotedLevels } from './quoted.js';
import { detect, recognise } from './recognise.js';

const linesOf = (name: string) => testData(name).toString().split('\n').slice(0, 200);
const TEXTS = [
  'dmesg/hotplug-r1.txt.zst',
  'qemu/nested-bios.log.zst',
  'lspci/lspci-vvvnn-xxxx.txt.zst',
];
/** The outermost level; null when there is none. */
const unquoted = (input: Input): Input | null => unquotedLevels(input).next().value ?? null;
const chunksOf = (bytes: Buffer, size: number) =>
  Buffer.concat([...unquoted(inputOf(bytes, size))!.chunks()]).toString();

test.each(TEXTS)('a quoted text says the same: %s', (name) => {
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

test('what is not quoted has no levels', () => {
  expect(unquoted(inputOf(Buffer.from('a\n  b\nc\n')))).toBeNull();
  expect(unquoted(inputOf(Buffer.from('')))).toBeNull();
});

test.each(TEXTS)('%s, quoted and indented several times', (name) => {
  const text = `${linesOf(name).join('\n')}\n`;
  const importer = detect(inputOf(Buffer.from(text)))!;
  const plain = importBytes(importer, Buffer.from(text));
  for (const mark of ['> > > ', '>>>>     ', '   ', '\t\t', '       ', '> | >> ', '>> \t']) {
    const marked = text.replaceAll(/^(?=.)/gm, mark);
    const found = recognise(inputOf(Buffer.from(marked)), undefined);
    expect(found.importer).toBe(importer);
    expect(importBytes(importer, Buffer.concat([...found.text.chunks()]))).toEqual(plain);
  }
});

const LINE = '[10582.980815] NVRM: GPU 0000:01:00.0 is already bound to vfio-pci.';

test('a few lines that are certain are enough among others', () => {
  const among = (line: string) =>
    inputOf(Buffer.from(`$ dmesg | tail\n${line}\n# end\nthat is all\n`));
  for (const line of [LINE, `> > ${LINE}`, `    ${LINE}`, `login: ${LINE}`])
    expect(recognise(among(line), undefined).importer.format).toBe('dmesg');
});

test('nothing certain: refused, with what came near', () => {
  const prose = 'My card is 0000:01:00.0.\nIt does not reset, whatever I do.\nWhy?\n';
  expect(() => recognise(inputOf(Buffer.from(prose)), undefined)).toThrow(
    /no format that vfr knows/,
  );
});
