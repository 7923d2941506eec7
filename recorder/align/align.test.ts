/**
 * Goal: a QEMU log and the kernel's trace of the same run become one trace in which every access
 * that reached the kernel is linked to what the kernel did for it, with the quality stated.
 * Method: a real nested run, whose log has times, with and without them: the times, which the
 * matching does not look at, judge the pairs. Then what each side saw alone.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type ImportedRow, inputOf, rowsOf } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import {
  MemorySink,
  MemorySource,
  mergeTraces,
  TraceReader,
  TraceWriter,
} from '../../traces/index.js';
import { ftraceText } from '../import/ftrace/index.js';
import type { Importer } from '../import/importer.js';
import { qemuText } from '../import/qemu/qemu-text.js';
import { alignedMeta, alignRecordings, describeAlignment, writeAligned } from './index.js';

function traceOf(importer: Importer, bytes: Buffer): TraceReader {
  const input = inputOf(bytes);
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, { notes: {}, ...importer.meta(input), writer: 'vfr test' });
  importer.read(input, writer.events);
  writer.finish();
  return new TraceReader(new MemorySource(sink.bytes()));
}

/** A trace made by `write`, as bytes. */
function written(reader: ReturnType<typeof alignRecordings>): Buffer {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, alignedMeta(reader, 'vfr test'));
  writeAligned(reader, writer);
  writer.finish();
  return sink.bytes();
}

const isLink = (row: ImportedRow) => row.phase === 'point' && row.span !== undefined;

const log = testData('qemu/nested-linux.log.zst').toString();
/** The log as QEMU prints it without `-msg timestamp=on`. */
const plainLog = log.replace(/^\d+@[\d.]+:/gm, '');

describe('the nested run', () => {
  let kernel: TraceReader;
  let kernelRows: ImportedRow[];
  let stamped: ReturnType<typeof alignRecordings>;
  let plain: ReturnType<typeof alignRecordings>;
  let merged: ImportedRow[];

  beforeAll(() => {
    const trace = testData('captures/nested-linux-r1/trace.txt.zst');
    kernel = traceOf(ftraceText, trace);
    stamped = alignRecordings(kernel, traceOf(qemuText, Buffer.from(log)));
    plain = alignRecordings(kernel, traceOf(qemuText, Buffer.from(plainLog)));
    merged = rowsOf(written(plain));
    kernelRows = merged.filter((row) => row.source === 'ftrace-text');
  });

  test('the nested run is matched without a look at the times', () => {
    expect({ ...plain.report, clocks: null }).toEqual({ ...stamped.report, clocks: null });
    expect(plain.report.clocks).toBeNull();
  });

  test('the nested run has all of the config reads of virtual CPUs that reached the kernel linked', () => {
    const links = new Set(merged.filter(isLink).map((row) => row.span));
    // The monitor's main thread logs the first event; it reads config space for itself.
    const monitor = Number(/^(\d+)@/.exec(log)![1]);
    const begins = kernelRows.filter((row) => row.name === 'vfio_pci_rw' && row.phase === 'begin');
    const ofGuest = begins.filter((row) => row.tid !== monitor);
    const reads = ofGuest.filter((row) => row.region === 7 && row.kind === 'region.read');
    expect(reads.length).toBeGreaterThan(2000);
    expect(reads.filter((row) => links.has(row.seq)).length / reads.length).toBeGreaterThan(0.99);
    const accesses = ofGuest.filter((row) => row.region !== 7);
    expect(accesses.filter((row) => links.has(row.seq))).toHaveLength(accesses.length);
  });

  test('the nested run links each access to the same access of the kernel, behind its end', () => {
    for (const row of merged.filter(isLink)) {
      const begin = merged[row.span!];
      expect(begin).toMatchObject({ path: 'vfio', phase: 'begin', device: row.device });
      expect([begin.region, begin.offset, begin.length]).toEqual([
        row.region,
        row.offset,
        row.length,
      ]);
      expect(begin.kind.split('.')[1]).toBe(row.kind.split('.')[1]);
      expect(row.seq).toBeGreaterThan(begin.seq);
      expect(row.ts).toBeGreaterThanOrEqual(begin.ts);
    }
  });

  test('the nested run agrees with the times that QEMU logged', () => {
    const { placement } = plain.placed;
    const times = rowsOf(sourceBytes(stamped.guest)).map((row) => row.ts);
    const distances: bigint[] = [];
    for (let seq = 0; seq < placement.links.length; seq++) {
      if (placement.links[seq] >= 0) distances.push(times[seq] - placement.times[seq]);
    }
    const sorted = distances.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const at = (q: number) => sorted[Math.floor((sorted.length - 1) * q)];
    // Two clocks and one run of two minutes: pairs that are wrong would be seconds apart.
    expect(at(0.995) - at(0.005)).toBeLessThan(100_000_000n);
  });

  test('the nested run keeps every event of both, and the order of each', () => {
    const guest = merged.filter((row) => row.source === 'qemu');
    expect(merged.length).toBe(kernel.events + stamped.guest.events);
    expect(guest.map((row) => row.text)).toEqual(
      rowsOf(sourceBytes(stamped.guest)).map((row) => row.text),
    );
  });

  test('the nested run stays linked when the trace is copied', () => {
    const sink = new MemorySink();
    const aligned = new TraceReader(new MemorySource(written(plain)));
    const writer = new TraceWriter(sink, aligned.meta);
    mergeTraces([{ reader: aligned, offsetNs: 0n }], writer);
    writer.finish();
    const links = (rows: ImportedRow[]) => rows.filter(isLink).map((row) => [row.seq, row.span]);
    expect(links(rowsOf(sink.bytes()))).toEqual(links(merged));
  });

  test('the nested run says how good it is', () => {
    expect(describeAlignment(plain.report)).toContain(`${plain.report.matched} accesses matched`);
    expect(describeAlignment(stamped.report)).toContain('clocks ');
    expect(alignedMeta(plain, 'x').notes.alignment).toBe(describeAlignment(plain.report));
    expect(plain.report.matched / plain.report.guestAccesses).toBeGreaterThan(0.99);
  });
});

test('the distance of the clocks is not taken from writes that are logged before they are made', () => {
  const task = ' qemu-system-x86-197     [003] .....    ';
  const at = (us: number) => `38.${String(us).padStart(6, '0')}: `;
  const access = (us: number, took: number, write: number) =>
    `${task}${at(us)}vfio_pci_rw: (vfio_pci_rw+0x0/0x190) dev="0000:02:00.0" count=2 ` +
    `ppos=0x70000000004 write=${write} ubuf=0x100\n` +
    `${task}${at(us + took)}vfio_pci_rw_ret: (vfs_read+0xa5/0x310 <- vfio_pci_rw) ret=2\n`;
  const [read, write] = [access(1000, 10, 0), access(2000, 12_000, 1)];
  const kernel = traceOf(ftraceText, Buffer.from(`# tracer: nop\n#\n${read}${write}`));
  const lines = [
    '197@1038.001011:vfio_pci_read_config  (0000:02:00.0, @0x4, len=0x2) 0x100',
    '197@1038.001999:vfio_pci_write_config  (0000:02:00.0, @0x4, 0x100, len=0x2)',
  ];
  const clocksOf = (text: string) =>
    alignRecordings(kernel, traceOf(qemuText, Buffer.from(text))).report.clocks;
  const second = 1_000_000_000n;
  expect(clocksOf(`${lines.join('\n')}\n`)).toMatchObject({
    firstOffsetNs: 1000n * second + 1000n,
    lastOffsetNs: 1000n * second + 1000n,
  });
  expect(clocksOf(`${lines[1]}\n`)?.firstOffsetNs).toBe(1000n * second - 1000n);
});

test('recordings of different runs are not forced together', () => {
  const kernel = traceOf(ftraceText, testData('captures/dma-fault-r1/trace.txt.zst'));
  const other = plainLog.replaceAll('0000:0', '0000:9');
  const guest = traceOf(qemuText, Buffer.from(other));
  expect(() => alignRecordings(kernel, guest)).toThrow('none is in both');
});

const sourceBytes = (reader: TraceReader) => reader.source.read(0, reader.source.size);
