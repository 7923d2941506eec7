/**
 * Goal: the declarations that occur in kernels' `format` files are understood.
 * Method: real lines of several kernels (probe events, syscalls, irq, iommu, print, __rel_loc).
 */
import { describe, expect, test } from 'vitest';
import { extentOf, fieldOf, parseEventFormat, readText } from './index.js';

const COMMON = `	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;
`;

function formatWith(lines: string): string {
  return `name: test\nID: 42\nformat:\n${COMMON}\n${lines}\n\nprint fmt: "x=%d", REC->x\n`;
}

const DECLARATIONS: readonly (readonly [line: string, expected: object])[] = [
  [
    'field:__data_loc char[] dev;	offset:16;	size:4;	signed:1;',
    { name: 'dev', storage: { is: 'dynamic', relative: false, elementSize: 1 }, text: true },
  ],
  [
    'field:__rel_loc char[] dev;	offset:16;	size:4;	signed:1;',
    { name: 'dev', storage: { is: 'dynamic', relative: true, elementSize: 1 }, text: true },
  ],
  [
    'field:__data_loc unsigned long[] cpus;	offset:8;	size:4;	signed:0;',
    { name: 'cpus', storage: { is: 'dynamic', relative: false, elementSize: 8 }, text: false },
  ],
  [
    'field:char comm[16];	offset:8;	size:16;	signed:0;',
    { name: 'comm', storage: { is: 'array', elementSize: 1, length: 16 }, text: true },
  ],
  [
    'field:unsigned long args[6];	offset:16;	size:48;	signed:0;',
    { name: 'args', storage: { is: 'array', elementSize: 8, length: 6 }, text: false },
  ],
  [
    'field:char buf[];	offset:16;	size:0;	signed:0;',
    { name: 'buf', storage: { is: 'array', elementSize: 1, length: 0 }, text: true },
  ],
  [
    'field:const char * name;	offset:8;	size:8;	signed:0;',
    { name: 'name', type: 'const char *', storage: { is: 'integer' }, text: false },
  ],
  [
    'field:u64 iova;	offset:8;	size:8;	signed:0;',
    { name: 'iova', type: 'u64', offset: 8, size: 8, signed: false, storage: { is: 'integer' } },
  ],
];

describe('declarations', () => {
  test.each(DECLARATIONS)('a declaration of a field is read: %s', (line, expected) => {
    const format = parseEventFormat(formatWith(`\t${line}`), 'test');
    expect(format.fields.at(-1)).toMatchObject(expected);
    expect(format).toMatchObject({ name: 'test', id: 42, print: '"x=%d", REC->x' });
    expect(fieldOf(format, 'common_pid')).toMatchObject({ offset: 4, size: 4, signed: true });
  });
});

test('text is found through both kinds of location words', () => {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  const record = { view, offset: 8, length: 32 };
  const fieldFor = (kind: string) =>
    parseEventFormat(
      formatWith(`\tfield:__${kind}_loc char[] s;\toffset:8;\tsize:4;\tsigned:1;`),
      'test',
    ).fields.at(-1)!;
  bytes.set(Buffer.from('vfio\0'), 8 + 20);
  view.setUint32(16, (5 << 16) | 20, true);
  expect(readText(record, fieldFor('data'), true)).toBe('vfio');
  view.setUint32(16, (5 << 16) | 8, true);
  expect(readText(record, fieldFor('rel'), true)).toBe('vfio');
  view.setUint32(16, (5 << 16) | 30, true);
  expect(extentOf(record, fieldFor('data'), true)).toBeUndefined();
  // The kernel stores no byte, not even the NUL, when it could not read the string.
  view.setUint32(16, 20, true);
  expect(readText(record, fieldFor('data'), true)).toBeUndefined();
});

test('a format without name or id, or with an unreadable field, is refused', () => {
  expect(() => parseEventFormat('ID: 1\n', 'test')).toThrow(/no name/);
  const bad = formatWith('\tfield:;	offset:8;	size:4;	signed:0;');
  expect(() => parseEventFormat(bad, 'test')).toThrow(/cannot be read/);
});
