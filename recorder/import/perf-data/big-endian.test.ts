/**
 * Goal: a perf.data of a big-endian machine gives the events that the same recording gives in
 * little endian.
 * Method: a real recording, every number of which is turned round by its place in the struct or in
 * the format of its event, as a pipe.
 */
import { expect, test } from 'vitest';
import { importBytes, inputOf } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { MemorySource } from '../../../traces/index.js';
import { type EventFormat, parseEventFormat } from '../../ring-buffer/index.js';
import { recognise } from '../recognise.js';
import { perfData } from './index.js';
import { RECORD, SAMPLE } from './perf-constants.js';
import { readPerfFile } from './perf-file.js';
import { RecordWalk } from './record-walk.js';

const little = testData('perf/perf.data.zst');
const file = readPerfFile(new MemorySource(little, 'perf.data'));
const formats = new Map<number, EventFormat>();

/** Turns the number round that `width` bytes at `at` hold; gives where the next begins. */
function turn(bytes: Buffer, at: number, width: number): number {
  bytes.subarray(at, at + width).reverse();
  return at + width;
}

function turnAll(bytes: Buffer, at: number, widths: readonly number[]): number {
  return widths.reduce((place, width) => turn(bytes, place, width), at);
}

/** The header that perf uses in front of each part of the tracing data: a text and its size. */
class TracingData {
  at = 0;
  constructor(readonly bytes: Buffer) {}

  string(): string {
    const end = this.bytes.indexOf(0, this.at);
    const text = this.bytes.toString('latin1', this.at, end);
    this.at = end + 1;
    return text;
  }

  number(width: 4 | 8): number {
    const value = this.bytes.readUInt32LE(this.at);
    this.at = turn(this.bytes, this.at, width);
    return value;
  }

  sized(width: 4 | 8): string {
    const size = this.number(width);
    this.at += size;
    return this.bytes.toString('utf8', this.at - size, this.at);
  }

  formats(): void {
    for (let count = this.number(4); count > 0; count--) {
      const format = parseEventFormat(this.sized(8), 'perf.data');
      formats.set(format.id, format);
    }
  }
}

/** The layout of kernel tools/perf/util/trace-event-info.c, 6.16. */
function bigTracingData(): Buffer {
  const data = new TracingData(Buffer.from(file.features.get(1) ?? Buffer.alloc(0)));
  data.at = 10;
  data.string();
  data.bytes[data.at] = 1;
  data.at += 2;
  data.number(4);
  for (const name of ['header_page', 'header_event']) {
    expect(data.string()).toBe(name);
    data.sized(8);
  }
  data.formats();
  for (let systems = data.number(4); systems > 0; systems--) {
    data.string();
    data.formats();
  }
  data.sized(4);
  data.sized(4);
  data.sized(8);
  expect(data.at).toBe(data.bytes.byteLength);
  return data.bytes;
}

/** struct perf_event_attr (include/uapi/linux/perf_event.h), whose bit fields are allotted from the other end. */
function bigAttribute(attribute: Buffer): Buffer {
  const bytes = Buffer.from(attribute);
  const flags = bytes.readBigUInt64LE(40);
  let mirrored = 0n;
  for (let bit = 0n; bit < 64n; bit++) mirrored |= ((flags >> bit) & 1n) << (63n - bit);
  bytes.writeBigUInt64LE(mirrored, 40);
  const widths = [4, 4, 8, 8, 8, 8, 8, 4, 4, 8, 8, 8, 8, 4, 4];
  const next = turnAll(bytes, 0, widths);
  const length = attribute.readUInt32LE(4);
  for (let at = length; at < bytes.byteLength; ) at = turn(bytes, at, 8);
  expect(next).toBeLessThanOrEqual(length);
  return bytes;
}

/** The kernel's own record in a sample, turned round by the format of its event. */
function turnRaw(bytes: Buffer, start: number, size: number): void {
  const format = formats.get(bytes.readUInt16LE(start));
  if (format === undefined) throw new Error('an event without a format');
  for (const { name, offset, size: width, storage } of format.fields) {
    const at = start + offset;
    if (storage.is === 'integer') turn(bytes, at, width);
    else if (storage.is === 'array') {
      const count =
        width === 0 ? Math.floor((start + size - at) / storage.elementSize) : storage.length;
      turnAll(bytes, at, Array(count).fill(storage.elementSize));
    } else {
      const word = bytes.readUInt32LE(at);
      const from = storage.relative ? at + 4 : start;
      const data = from + (word & 0xffff);
      const count = (word >>> 16) / storage.elementSize;
      expect(Number.isInteger(count), name).toBe(true);
      turnAll(bytes, data, Array(count).fill(storage.elementSize));
      turn(bytes, at, 4);
    }
  }
}

const sampleType = file.attributes.first?.sampleType ?? 0;
const has = (bit: number) => (sampleType & bit) !== 0;
const { identifier, ip, tid, time, addr, id, streamId, cpu, period, read, callchain, raw } = SAMPLE;

function turnSample(bytes: Buffer): void {
  expect(has(read) || has(callchain)).toBe(false);
  let at = 8;
  for (const bit of [identifier, ip]) if (has(bit)) at = turn(bytes, at, 8);
  if (has(tid)) at = turnAll(bytes, at, [4, 4]);
  for (const bit of [time, addr, id, streamId]) if (has(bit)) at = turn(bytes, at, 8);
  if (has(cpu)) at = turnAll(bytes, at, [4, 4]);
  if (has(period)) at = turn(bytes, at, 8);
  expect(has(raw)).toBe(true);
  const size = bytes.readUInt32LE(at);
  turnRaw(bytes, turn(bytes, at, 4), size);
}

/** The fields after a record that is no sample (kernel perf_event__output_id_sample(), 6.16). */
function turnTrailer(bytes: Buffer): number {
  const widths: number[] = [];
  if (has(tid)) widths.push(4, 4);
  for (const bit of [time, id, streamId]) if (has(bit)) widths.push(8);
  if (has(cpu)) widths.push(4, 4);
  if (has(identifier)) widths.push(8);
  const start = bytes.byteLength - widths.reduce((a, b) => a + b, 0);
  turnAll(bytes, start, widths);
  return start;
}

/** Turns a record round; null for one that is not needed, such as mappings of processes. */
function bigRecord({ type, bytes: record }: { type: number; bytes: Buffer }): Buffer | null {
  const bytes = Buffer.from(record);
  if (type === RECORD.sample) turnSample(bytes);
  else if (type === RECORD.comm) {
    turnTrailer(bytes);
    turnAll(bytes, 8, [4, 4]);
  } else if (type === RECORD.fork) {
    turnTrailer(bytes);
    turnAll(bytes, 8, [4, 4, 4, 4, 8]);
  } else if (type === RECORD.lost) {
    turnTrailer(bytes);
    turnAll(bytes, 8, [8, 8]);
  } else if (type === RECORD.lostSamples) turn(bytes, 8, 8);
  else if (type !== RECORD.finishedRound) return null;
  turnAll(bytes, 0, [4, 2, 2]);
  return bytes;
}

function record(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(type, 0);
  header.writeUInt16BE(8 + body.byteLength, 6);
  return Buffer.concat([header, body]);
}

function attributesOf(): Buffer[] {
  const [each, at, size] = [16, 24, 32].map((place) => little.readUInt32LE(place)) as number[];
  return Array.from({ length: size! / each! }, (_, i) => {
    const start = at! + i * each!;
    const section = start + each! - 16;
    const ids = little.readUInt32LE(section);
    const found = little.subarray(ids, ids + little.readUInt32LE(section + 8));
    return bigAttribute(Buffer.concat([little.subarray(start, section), found]));
  });
}

function bigPipe(): Buffer {
  const tracing = bigTracingData();
  const header = Buffer.alloc(16);
  header.write('2ELIFREP', 'latin1');
  header.writeBigUInt64BE(16n, 8);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(tracing.byteLength);
  const walk = new RecordWalk(file.source, file.data.start, file.data.end, true);
  const records: Buffer[] = [];
  for (const found of walk.records()) {
    const big = bigRecord(found);
    if (big !== null) records.push(big);
  }
  return Buffer.concat([
    header,
    ...attributesOf().map((attribute) => record(RECORD.headerAttr, attribute)),
    record(RECORD.tracingData, size),
    tracing,
    Buffer.alloc(-tracing.byteLength & 7),
    ...records,
  ]);
}

test('a perf.data of a big-endian machine is recognised and gives the same events', () => {
  const big = bigPipe();
  expect(recognise(inputOf(big), undefined).importer).toBe(perfData);
  const expected = importBytes(perfData, little);
  const { rows, report } = importBytes(perfData, big);
  expect(report).toEqual(expected.report);
  expect(rows).toEqual(expected.rows);
});
