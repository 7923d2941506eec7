/**
 * Goal: a folder of `perf record --threads` gives the events of all its files, by time.
 * Method: a real recording, its samples moved into two files as perf lays them out.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importBytes, rowsOf } from '../../../tests/import-bytes.js';
import { scratchFolder } from '../../../tests/scratch.js';
import { testData } from '../../../tests/test-data.js';
import { VfrError } from '../../../traces/index.js';
import { importInput } from '../import-input.js';
import { perfData } from './index.js';

const SAMPLE = 9;
const DIR_FORMAT = 24;
const bytes = testData('perf/perf.data.zst');
const whole = importBytes(perfData, bytes);

function pair(offset: number, size: number): Buffer {
  const entry = Buffer.alloc(16);
  entry.writeUInt32LE(offset, 0);
  entry.writeUInt32LE(size, 8);
  return entry;
}

/** The parts after the records, by number. */
function featuresAt(end: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let bit = 0, at = end; bit < 64; bit++) {
    if (((bytes.readBigUInt64LE(72) >> BigInt(bit)) & 1n) === 0n) continue;
    const [offset, size] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 8)];
    found.set(bit, bytes.subarray(offset, offset + size));
    at += 16;
  }
  return found;
}

/** Writes the recording as a folder, its samples in turns of seven in two files. */
function writeFolder(folder: string): void {
  const [start, size] = [bytes.readUInt32LE(40), bytes.readUInt32LE(48)];
  const main: Buffer[] = [];
  const others: [Buffer[], Buffer[]] = [[], []];
  let samples = 0;
  for (let at = start; at < start + size; at += bytes.readUInt16LE(at + 6)) {
    const record = bytes.subarray(at, at + bytes.readUInt16LE(at + 6));
    if (record.readUInt32LE(0) === SAMPLE) others[Math.floor(samples++ / 7) % 2].push(record);
    else main.push(record);
  }
  const features = featuresAt(start + size);
  features.set(DIR_FORMAT, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
  const numbers = [...features.keys()].sort((a, b) => a - b);
  const records = Buffer.concat(main);
  let offset = start + records.byteLength + 16 * numbers.length;
  const table = numbers.map((number) => {
    const length = features.get(number)?.byteLength ?? 0;
    offset += length;
    return pair(offset - length, length);
  });
  const header = Buffer.from(bytes.subarray(0, start));
  pair(start, records.byteLength).copy(header, 40);
  header.writeBigUInt64LE(header.readBigUInt64LE(72) | (1n << BigInt(DIR_FORMAT)), 72);
  const parts = numbers.map((number) => features.get(number) ?? Buffer.alloc(0));
  mkdirSync(folder);
  writeFileSync(join(folder, 'data'), Buffer.concat([header, records, ...table, ...parts]));
  for (const [i, other] of others.entries())
    writeFileSync(join(folder, `data.${i}`), Buffer.concat(other));
}

function imported(input: string) {
  const output = join(scratch, 'folder.arrows');
  const report = importInput({ input, output });
  return { report, rows: rowsOf(readFileSync(output)) };
}

const scratch = scratchFolder();
const folder = join(scratch, 'perf.data');
writeFolder(folder);

test.each([folder, join(folder, 'data')])('%s has the events of all its files', (input) => {
  const { report, rows } = imported(input);
  expect(report).toMatchObject({ format: 'perf.data', lost: 0, unparsed: 0 });
  expect(report.records).toEqual(whole.report.records);
  expect(rows).toEqual(whole.rows);
});

test('a folder without its records says so', () => {
  for (const i of [0, 1]) rmSync(join(folder, `data.${i}`));
  const { report } = imported(folder);
  expect(report.stopped?.why).toMatch(/files beside it/);
});

test('another folder is none of perf', () => {
  expect(() => imported(scratchFolder())).toThrow(VfrError);
});
