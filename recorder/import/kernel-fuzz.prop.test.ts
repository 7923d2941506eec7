/**
 * Goal: no text of ftrace or perf and no trace.dat, however broken, makes its importer crash, hang
 * or
 * keep more than the input has; and damage to text costs only what it touches.
 * Method: parts of real recordings, mutated as fast-check likes, in chunks of random size. What
 * comes
 * out must be a trace that reads back. Long runs of one hostile line look for quadratic behaviour.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importBytes } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import { VfrError } from '../../traces/index.js';
import { ftraceText } from './ftrace/index.js';
import type { Importer } from './importer.js';
import { perfScript } from './perf/index.js';
import { traceDat } from './tracedat/index.js';

const PART_BYTES = 8000;
const part = (name: string, start: number) => testData(name).subarray(start, start + PART_BYTES);

const SAMPLES: readonly { readonly importer: Importer; readonly bytes: Buffer }[] = [
  { importer: ftraceText, bytes: part('ftrace/default.txt.zst', 0) },
  { importer: ftraceText, bytes: part('ftrace/default.txt.zst', 110_000) },
  { importer: ftraceText, bytes: part('ftrace/latency-format.txt.zst', 0) },
  { importer: ftraceText, bytes: part('ftrace/latency-verbose.txt.zst', 0) },
  { importer: ftraceText, bytes: part('ftrace/no-context-info.txt.zst', 40_000) },
  { importer: ftraceText, bytes: part('ftrace/function_graph.txt.zst', 0) },
  { importer: ftraceText, bytes: part('ftrace/syscalls.txt.zst', 0) },
  { importer: ftraceText, bytes: part('tracedat/version7-report.txt.zst', 150_000) },
  { importer: perfScript, bytes: part('perf/default.txt.zst', 0) },
  { importer: perfScript, bytes: part('perf/ip-sym.txt.zst', 0) },
];

/** Pieces that the parsers trip over. */
const HOSTILE = [
  '\n',
  '\0',
  '\r\n',
  '"',
  '="',
  '" count=9\n',
  ' x="y" ',
  '(fault)',
  '<...>-1 [000] ',
  '\n            bash-128     [000] .....    14.780169: ',
  'CPU:1 [LOST 99999999999999999999 EVENTS]\n',
  '# entries-in-buffer/entries-written: 1/999999999999\n',
  '# tracer: function_graph\n',
  ' => ',
  '9'.repeat(40),
  'f'.repeat(40),
  '-',
  '99999999999999.999999: ',
  ' '.repeat(500),
  '\u{1f600}',
];

const edit = fc.record({
  at: fc.nat(PART_BYTES),
  remove: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(400)),
  insert: fc.oneof(
    fc.constantFrom(...HOSTILE).map((piece) => Buffer.from(piece)),
    fc.uint8Array({ maxLength: 10 }),
  ),
});

function apply(
  bytes: Buffer,
  edits: readonly { at: number; remove: number; insert: Uint8Array }[],
) {
  return edits.reduce(
    (text, { at, remove, insert }) =>
      Buffer.concat([text.subarray(0, at), insert, text.subarray(at + remove)]),
    bytes,
  );
}

/** Imports, and checks that the trace reads back with every event and not too much of it. */
function survives(importer: Importer, bytes: Buffer, chunk: number): void {
  const { report, rows } = importBytes(importer, bytes, chunk);
  expect(rows.map((row) => row.seq)).toEqual(rows.map((_, i) => i));
  const text = rows.reduce((sum, row) => sum + (row.text?.length ?? 0), 0);
  expect(text).toBeLessThanOrEqual(bytes.byteLength * 2 + 1000);
  expect(rows.length).toBeLessThanOrEqual(bytes.byteLength * 2);
  expect(report.unparsed).toBeLessThanOrEqual(rows.length);
}

describe.each(
  SAMPLES.map((sample, i) => [i, sample.importer.format, sample] as const),
)('sample %i of %s', (_i, _format, { importer, bytes }) => {
  test('an importer of text survives any edits', () => {
    const edits = fc.array(edit, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(edits, fc.integer({ min: 1, max: 9000 }), (changes, chunk) => {
        survives(importer, apply(bytes, changes), chunk);
      }),
      { numRuns: 40 },
    );
  });

  test('an importer of text survives every cut', () => {
    for (let end = 1; end < bytes.byteLength; end += 311) {
      survives(importer, bytes.subarray(0, end), 4096);
    }
  });
});

const SIZE = 500_000;
const ORIGIN = '            bash-128     [000] .....    14.780169: ';
const PERF = '            bash   163 [000]    17.577162498:    vfr:bind_store: ';

test.each([
  ['spaces', ' '],
  ['quotes', '"\n'],
  ['newlines', '\n'],
  ['one line', 'x'],
  ['keys', ' a="'],
  ['dashes', '-1'],
  ['words', 'deadbeef '],
  ['records', `${ORIGIN}a: b="\n`],
  ['marks', `${ORIGIN}tracing_mark_write: x\n`],
])('a long run of %s does not take long', (_, piece) => {
  const run = piece.repeat(Math.ceil(SIZE / piece.length));
  for (const [importer, start] of [
    [ftraceText, `# tracer: nop\n${ORIGIN}bind_store: (bind_store+0x0/0x1) buf="`],
    [ftraceText, '# tracer: nop\n'],
    [perfScript, `${PERF}(ffffffff8b1af560) buf="`],
    [perfScript, PERF],
  ] as const) {
    const text = Buffer.from(`${start}${run}\n`);
    expect(importBytes(importer, text).report.stopped).toBeUndefined();
  }
});

describe('trace.dat', () => {
  const file = testData('tracedat/version7.dat');
  const OPTIONS = 930_842;
  const DATA = 933_888;
  const places = fc.oneof(
    fc.nat(400),
    fc.integer({ min: 2090, max: 6300 }),
    fc.integer({ min: OPTIONS, max: DATA + 64 }),
    fc.integer({ min: DATA, max: file.length - 1 }),
    fc.integer({ min: file.length - 400, max: file.length - 1 }),
  );
  const change = fc.tuple(places, fc.oneof(fc.nat(255), fc.constantFrom(0, 255, 127)));

  /** Reads a broken file: either what is left of it, or an error that says where. */
  function read(bytes: Buffer): void {
    try {
      const { rows } = importBytes(traceDat, bytes);
      expect(rows.length).toBeLessThan(2_000_000);
    } catch (error) {
      if (!(error instanceof VfrError)) throw error;
      expect(error.place.file).toBeDefined();
    }
  }

  test('the importer of trace.dat survives any changed bytes', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(file);
        for (const [at, value] of changes) bytes[at] = value;
        read(bytes);
      }),
      { numRuns: 50 },
    );
  });

  test('the importer of trace.dat survives any cut', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(2000), places), (end) => read(file.subarray(0, end))),
      { numRuns: 40 },
    );
  });

  test('version 6 survives both', () => {
    const whole = testData('tracedat/version6.dat.zst');
    const where = fc.oneof(
      fc.nat(600),
      fc.integer({ min: 4_220_000, max: 4_240_000 }),
      fc.nat(whole.length - 1),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(where, fc.nat(255)), { maxLength: 8 }),
        where,
        (changes, end) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          read(bytes);
          read(bytes.subarray(0, end));
        },
      ),
      { numRuns: 15 },
    );
  });
});
