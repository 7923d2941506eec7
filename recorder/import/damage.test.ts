/**
 * Goal: an input that is cut, damaged or came another way than the tool wrote it gives what can be
 * believed of it, and one clear reason for the rest.
 * Method: recordings of every format, with their line ends changed, cut at many places, compressed
 * and cut, or not text at all, imported from files as the program does.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { importBytes, rowsOf } from '../../tests/import-bytes.js';
import { scratchFolder } from '../../tests/scratch.js';
import { samples } from '../../tests/sweeps/import-corpus.js';
import { testData } from '../../tests/test-data.js';
import { TraceReader, VfrError, zstdCompress } from '../../traces/index.js';
import { importInput } from './import-input.js';
import { traceDat } from './tracedat/index.js';

const folder = scratchFolder();
const output = join(folder, 'out.arrows');

/** Imports bytes from a file and gives the report with the rows. */
function imported(bytes: Buffer, options: { strict?: boolean } = {}) {
  const input = join(folder, 'input');
  writeFileSync(input, bytes);
  rmSync(output, { force: true });
  const result = importInput({ input, output, ...options });
  const reader = TraceReader.open(output);
  try {
    return { result, rows: rowsOf(reader.source.read(0, reader.source.size)) };
  } finally {
    reader.close();
  }
}

const refusal = (bytes: Buffer, options = {}) => {
  try {
    imported(bytes, options);
  } catch (error) {
    if (error instanceof VfrError) return { code: error.code, place: error.place.offset };
    throw error;
  }
  return null;
};

const texts = samples().filter(
  ({ importer: { format }, head }) => head === 0 && format !== 'pci-config',
);

describe.each(texts.map((sample) => [sample.importer.format, sample] as const))('%s', (_, s) => {
  // Whole lines: only the end of an input may be a part of one.
  const part = s.bytes.subarray(0, s.bytes.lastIndexOf('\n', 12_000) + 1);
  const whole = imported(part);

  // The values of the journal's export have sizes in bytes, which other line ends make wrong.
  const hasLines = s.importer.format !== 'journal-export';
  test.runIf(hasLines)('a text with line ends of DOS and a byte order mark is the same', () => {
    const dos = Buffer.from(part.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
    const marked = imported(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), dos]));
    expect(marked.result.format).toBe(s.importer.format);
    expect(marked.rows.length).toBe(whole.rows.length);
    const kinds = (rows: typeof whole.rows) => rows.map(({ kind, name }) => [kind, name]);
    expect(kinds(marked.rows)).toEqual(kinds(whole.rows));
    expect(marked.result.unparsed).toBe(whole.result.unparsed);
  });

  test('compressed and cut, gives what came before the cut, and says where it was', () => {
    // Frames of one block each: what is whole can be decompressed.
    const frames = Array.from({ length: 12 }, (_, i) =>
      zstdCompress(part.subarray(i * 1000, (i + 1) * 1000), { level: 1 }),
    );
    const cut = Buffer.concat(frames).subarray(0, -5);
    const { result, rows } = imported(cut);
    expect(result.stopped).toMatchObject({ offset: cut.byteLength });
    expect(result.stopped?.why).toMatch(/compressed data/);
    expect(rows.length).toBeGreaterThan(whole.rows.length / 2);
    expect(refusal(cut, { strict: true })?.code).toBe('INPUT_INCOMPLETE');
    expect(existsSync(output)).toBe(false);
  });
});

describe('trace.dat', () => {
  test.each(
    samples().filter(({ name }) => name.endsWith('.dat')),
  )('a trace.dat that is cut anywhere gives what is before the cut: $name', (s) => {
    const whole = importBytes(traceDat, s.bytes).rows.length;
    const codes = new Set<string>();
    for (let length = 1; length < s.bytes.byteLength; length += 53) {
      const cut = s.bytes.subarray(0, length);
      try {
        const { rows, report } = importBytes(traceDat, cut);
        expect(rows.length).toBeLessThanOrEqual(whole + 1);
        if (rows.length < whole) expect(report.stopped, `cut at ${length}`).toBeDefined();
      } catch (error) {
        if (!(error instanceof VfrError)) throw error;
        codes.add(error.code);
      }
    }
    const known = ['TRACEDAT_DAMAGED', 'TRACEDAT_EMPTY', 'HEADER_PAGE'];
    for (const code of codes) expect(known).toContain(code);
  });
});

describe('refused with the reason', () => {
  const strace = testData('strace/edu.strace.zst');
  const utf16 = Buffer.from(`\ufeff${strace.toString('latin1')}`, 'utf16le');

  test.each([
    ['an empty file', Buffer.alloc(0), 'INPUT_EMPTY'],
    ['an empty compressed file', Buffer.from(zstdCompress(Buffer.alloc(0))), 'INPUT_EMPTY'],
    [
      'a compressed file without a whole block',
      zstdCompress(strace).subarray(0, 99),
      'ZSTD_DAMAGED',
    ],
    ['gzip without a whole block', gzipSync(strace).subarray(0, 20), 'COMPRESSED_DAMAGED'],
    ['xz that is none', Buffer.from('fd377a585a00ffff', 'hex'), 'COMPRESSED_DAMAGED'],
    ['UTF-16', utf16, 'INPUT_UTF16'],
    ['UTF-16 of the other byte order', Buffer.from(utf16).swap16(), 'INPUT_UTF16'],
    ['NULs', Buffer.alloc(100_000), 'FORMAT_NOT_RECOGNISED'],
  ])('an input is refused with the reason: %s', (_, bytes, code) => {
    expect(refusal(Buffer.from(bytes))?.code).toBe(code);
    expect(existsSync(output)).toBe(false);
  });
});

test('NULs within a text cost the lines that they are in', () => {
  const strace = testData('strace/edu.strace.zst');
  const lines = strace.subarray(0, strace.indexOf('\n', 20_000) + 1);
  const whole = imported(lines);
  const { result, rows } = imported(Buffer.concat([lines, Buffer.alloc(5000), lines]));
  expect(result.unparsed).toBe(1);
  expect(rows.length).toBe(2 * whole.rows.length);
  expect(result.stopped).toBeUndefined();
});

test('progress is told up to the size of the file', () => {
  const input = join(folder, 'input');
  writeFileSync(
    input,
    Buffer.concat(Array.from({ length: 60 }, () => testData('strace/edu.strace.zst'))),
  );
  const told: number[] = [];
  let size = 0;
  importInput({
    ...{ input, output },
    progress: (bytes, all) => {
      told.push(bytes);
      size = all;
    },
  });
  expect(told.length).toBeGreaterThan(2);
  expect(told.at(-1)).toBe(size);
});
