/**
 * Goal: every type of ring-buffer record, and what the page header says about losses, is understood
 * on 32- and 64-bit kernels of both byte orders; time follows the kernel's rules. Method: pages
 * built by hand as kernel/trace/ring_buffer.c lays them out.
 */
import { describe, expect, test } from 'vitest';
import { PageCursor } from './page-cursor.js';
import { type PageFormat, parsePageFormat } from './page-format.js';

const FORMAT_64 = `	field: u64 timestamp;	offset:0;	size:8;	signed:0;
	field: local_t commit;	offset:8;	size:8;	signed:1;
	field: int overwrite;	offset:8;	size:1;	signed:1;
	field: char data;	offset:16;	size:4080;	signed:1;
`;
const FORMAT_32 = `	field: u64 timestamp;	offset:0;	size:8;	signed:0;
	field: local_t commit;	offset:8;	size:4;	signed:1;
	field: int overwrite;	offset:8;	size:1;	signed:1;
	field: char data;	offset:12;	size:4084;	signed:1;
`;
const LAYOUTS: readonly (readonly [string, PageFormat])[] = [
  ['64-bit little endian', parsePageFormat(FORMAT_64, true, 'test')],
  ['64-bit big endian', parsePageFormat(FORMAT_64, false, 'test')],
  ['32-bit little endian', parsePageFormat(FORMAT_32, true, 'test')],
];

type Word = number;

/** A page with these 32-bit words as records; `flags` are or-ed into the commit word. */
function pageOf(format: PageFormat, time: bigint, words: Word[], flags = 0, after: bigint[] = []) {
  const view = new DataView(new ArrayBuffer(format.pageSize));
  const { littleEndian } = format;
  view.setBigUint64(0, time, littleEndian);
  const commit = BigInt(words.length * 4) + BigInt(flags);
  if (format.commitSize === 8) view.setBigUint64(8, commit, littleEndian);
  else view.setUint32(8, Number(commit), littleEndian);
  let at = format.dataOffset;
  for (const word of words) {
    view.setUint32(at, word, littleEndian);
    at += 4;
  }
  for (const value of after) {
    if (format.commitSize === 8) view.setBigUint64(at, value, littleEndian);
    else view.setUint32(at, Number(value), littleEndian);
  }
  return view;
}

function header(format: PageFormat, type: number, delta: number): Word {
  return (format.littleEndian ? type | (delta << 5) : (type << 27) | delta) >>> 0;
}

function decode(format: PageFormat, view: DataView) {
  const cursor = new PageCursor(format);
  cursor.load(view, 0);
  const records: { time: bigint; offset: number; length: number }[] = [];
  while (cursor.next()) {
    records.push({ time: cursor.time, offset: cursor.offset, length: cursor.length });
  }
  return { cursor, records };
}

describe.each(LAYOUTS)('%s', (_, format) => {
  const at = (word: number) => format.dataOffset + 4 * word;
  const h = (type: number, delta: number) => header(format, type, delta);

  test('small and large data records', () => {
    const view = pageOf(format, 1000n, [h(2, 5), 7, 8, h(0, 6), 12, 1, 2, h(28, 0), ...Array(28)]);
    expect(decode(format, view).records).toEqual([
      { time: 1005n, offset: at(1), length: 8 },
      { time: 1011n, offset: at(5), length: 8 },
      { time: 1011n, offset: at(8), length: 112 },
    ]);
  });

  test('a large record whose length is no multiple of four is followed by filling', () => {
    const view = pageOf(format, 0n, [h(0, 1), 10, 1, 2, h(1, 1), 9]);
    expect(decode(format, view).records).toEqual([
      { time: 1n, offset: at(2), length: 6 },
      { time: 2n, offset: at(5), length: 4 },
    ]);
  });

  test('time extends add 27 and more bits to the next record', () => {
    const view = pageOf(format, 2n ** 32n - 1n, [h(30, 3), 2, h(1, 4), 9]);
    const expected = 2n ** 32n - 1n + 2n * 2n ** 27n + 3n + 4n;
    expect(decode(format, view).records).toEqual([{ time: expected, offset: at(3), length: 4 }]);
  });

  test('absolute time stamps replace the time and keep its five upper bits', () => {
    const stamp = [h(31, 3), 1000];
    const small = pageOf(format, 5n, [...stamp, h(1, 4), 9]);
    expect(decode(format, small).records[0]?.time).toBe(1000n * 2n ** 27n + 3n + 4n);
    const high = pageOf(format, 2n ** 59n, [...stamp, h(1, 4), 9]);
    expect(decode(format, high).records[0]?.time).toBe(2n ** 59n + 1000n * 2n ** 27n + 7n);
    const over = pageOf(format, 2n ** 59n + 2n ** 58n, [...stamp, h(1, 0), 9]);
    expect(decode(format, over).records[0]?.time).toBe(2n * 2n ** 59n + 1000n * 2n ** 27n + 3n);
  });

  test('padding ends a page; discarded records are skipped and only a real delta counts', () => {
    const words = [h(29, 7), 8, 0, h(29, 1), 4, h(1, 2), 9, h(29, 0), h(1, 2), 9];
    const { records, cursor } = decode(format, pageOf(format, 100n, words));
    expect(records).toEqual([{ time: 109n, offset: at(6), length: 4 }]);
    expect(cursor.damage).toBeUndefined();
  });

  test('losses: none, a stored number, and a number that is not known', () => {
    const words = [h(1, 0), 9];
    expect(decode(format, pageOf(format, 0n, words)).cursor.missed).toBe(0);
    const stored = pageOf(format, 0n, words, 2 ** 31 + 2 ** 30, [117n]);
    expect(decode(format, stored).cursor.missed).toBe(117);
    expect(decode(format, stored).records).toHaveLength(1);
    const unknown = pageOf(format, 0n, words, 2 ** 31);
    expect(decode(format, unknown).cursor.missed).toBe('unknown');
  });

  test('records that leave the page are damage, not reads outside it', () => {
    for (const words of [
      [h(5, 0), 1],
      [h(0, 0), 4000, 1],
      [h(0, 0), 3],
      [h(30, 0)],
      [h(29, 2), 0],
    ]) {
      const { records, cursor } = decode(format, pageOf(format, 0n, words));
      expect(records).toEqual([]);
      expect(cursor.damage).toMatch(/record/);
    }
  });

  test('a commit larger than the page is damage', () => {
    const view = pageOf(format, 0n, [h(1, 0), 9], 8192);
    expect(decode(format, view).cursor.damage).toMatch(/claims/);
  });
});

test('a page format that contradicts itself is refused', () => {
  expect(() => parsePageFormat('nothing', true, 'test')).toThrow(/timestamp/);
  expect(() => parsePageFormat(FORMAT_64.replace('size:4080', 'size:0'), true, 'x')).toThrow(
    /overlap/,
  );
  expect(() => parsePageFormat(FORMAT_64.replace('offset:16', 'offset:9'), true, 'x')).toThrow();
});
