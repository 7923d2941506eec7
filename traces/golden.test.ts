/**
 * Goal: traces of every released version are read for ever. Method: the files in tests/data/golden/
 * were written by the vfr of their version and never change. What they must read as was read from
 * them by polars, not by vfr. `v1-sriov` is a recording of a real kernel, `vN-every-column` has a
 * value and a null in every column.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { testData } from '../tests/test-data.js';
import {
  type ColumnName,
  FORMAT_VERSION,
  MemorySource,
  TraceReader,
  verifyTrace,
} from './index.js';

const GOLDEN = readdirSync(new URL('../tests/data/golden/', import.meta.url))
  .filter((file) => file.endsWith('.arrows'))
  .map((file) => file.replace('.arrows', ''));

/** A column as text, or null. */
function texts(reader: TraceReader, name: ColumnName): (string | null)[] {
  return [...reader.read()].flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => {
      const view = batch.column(name);
      if (!view.has(row)) return null;
      if ('entries' in view) return view.at(row);
      if ('words' in view) return String(view.big(row));
      if ('values' in view) return String(view.at(row));
      return view.text(row);
    }),
  );
}

test('every version has a trace', () => {
  const versions = new Set(GOLDEN.map((name) => name.split('-')[0]));
  expect([...versions]).toEqual(Array.from({ length: FORMAT_VERSION }, (_, i) => `v${i + 1}`));
});

describe.each(GOLDEN)('%s', (name) => {
  const reader = new TraceReader(new MemorySource(testData(`golden/${name}.arrows`)));
  const expected = testData(`golden/${name}.polars.jsonl.zst`).toString('utf8').split('\n');

  test('a golden trace is sound and complete', () => {
    expect(verifyTrace(reader)).toEqual([]);
    expect(reader.completeness).toMatchObject({ complete: true, truncated: false, damaged: 0 });
    expect(reader.version).toBe(Number(/^v(\d+)-/.exec(name)?.[1]));
  });

  test.each(
    expected.map((line) => JSON.parse(line)),
  )('a golden trace reads as before: $column', (golden) => {
    expect(texts(reader, golden.column)).toEqual(golden.values);
  });
});
