/**
 * Goal: other Arrow readers read what we wrote, also where we lay out bytes by hand (the counter in
 * `seq`, values in the slots of nulls, replaced dictionaries).
 * Method: polars and apache-arrow's own reader open traces of several batches, large enough for
 * counting frames; every column is compared with ours, value by value.
 */
import { RecordBatchReader } from 'apache-arrow';
import { CompressionType } from 'apache-arrow/fb/compression-type';
import { compressionRegistry } from 'apache-arrow/ipc/compression/registry';
import pl from 'nodejs-polars';
import { beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { makeTrace } from '../tests/sweeps/corpus.js';
import { COLUMNS, type ColumnName, MemorySource, TraceReader } from './index.js';

const EVENTS = 11_000;
const TRACE = makeTrace({ seed: 11, events: EVENTS, batchRows: 5_000 });

type Value = bigint | string | null;

/** A column as our reader reads it, numbers as bigint and bytes as hex. */
function ours(name: ColumnName): Value[] {
  return [...new TraceReader(new MemorySource(TRACE)).read()].flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row): Value => {
      const view = batch.column(name);
      if (!view.has(row)) return null;
      if ('entries' in view) return view.at(row);
      if ('words' in view) return view.big(row);
      if ('values' in view) return BigInt(view.at(row));
      return name === 'text' ? view.text(row) : view.at(row)!.toString('hex');
    }),
  );
}

/** A value of another reader in the same terms. */
function plain(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint' || typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return BigInt(value as number);
}

describe('polars', () => {
  test.each(
    COLUMNS.filter((c) => c.type !== 'binary').map((c) => c.name),
  )('polars reads the same values of %s', (name) => {
    const frame = pl.readIPCStream(TRACE);
    expect(frame.height).toBe(EVENTS);
    const { type } = COLUMNS.find((c) => c.name === name)!;
    const series = frame.getColumn(name);
    const values = (type === 'dict' ? series.cast(pl.Utf8) : series).toArray();
    expect(values.map(plain)).toEqual(ours(name));
  });
});

describe('apache-arrow', () => {
  beforeAll(() => {
    compressionRegistry.set(CompressionType.ZSTD, {
      decode: (data) => new Uint8Array(decompress(data)),
    });
  });

  test.each(COLUMNS.map((c) => c.name))('apache-arrow reads the same values of %s', (name) => {
    const values = [...RecordBatchReader.from(TRACE)].flatMap((batch) => [
      ...batch.getChild(name)!,
    ]);
    expect(values.map(plain)).toEqual(ours(name));
  });
});
