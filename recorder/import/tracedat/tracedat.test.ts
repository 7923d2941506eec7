/**
 * Goal: a trace.dat gives the same events as what other programs print of the same recording.
 * Method: real files of trace-cmd against `trace-cmd report` of them, and against the kernel's own
 * text
 * of the same events in another instance; and the same data written in the other ways that the
 * format
 * has: other compressions, several instances, cut ends.
 */
import { execFileSync } from 'node:child_process';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { countBy, type ImportedRow, importBytes } from '../../../tests/import-bytes.js';
import { recompress, withInstance } from '../../../tests/rewrite-trace-dat.js';
import { testData } from '../../../tests/test-data.js';
import { ftraceText } from '../ftrace/index.js';
import { traceDat } from './index.js';

const tracedat = (name: string) => testData(`tracedat/${name}`);
const version7 = tracedat('version7.dat');

/** What must be equal whatever the input: all but what one of them cannot tell. */
const essence = ({ seq, span, source, pid, ...row }: ImportedRow) => row;
const micros = (row: ImportedRow) => ({ ...essence(row), ts: (row.ts + 500n) / 1000n });

describe.each([
  ['version7.dat', 'version7-report.txt.zst', 'sriov-tracecmd-r1'],
  ['version6.dat.zst', 'version6-report.txt.zst', 'sriov-tracecmd-r2'],
])('%s', (dat, reportName, capture) => {
  const { report, rows } = importBytes(traceDat, tracedat(dat));
  const printed = importBytes(ftraceText, tracedat(reportName));

  test('a trace.dat has the records that trace-cmd prints', () => {
    const text = tracedat(reportName).toString('latin1');
    const names = [...text.matchAll(/^.{16}-\d+ +\[\d+\] +[\d.]+: (\w+):/gm)];
    expect(report.records).toEqual(countBy(names, ([, name]) => name));
    expect(report).toMatchObject({ unparsed: 0, lost: 0 });
    expect(report.stopped).toBeUndefined();
  });

  test('a trace.dat gives the events that the text of trace-cmd report gives', () => {
    expect(rows.map(micros)).toEqual(
      printed.rows.map((row) => ({ ...essence(row), ts: row.ts / 1000n })),
    );
  });

  test("a trace.dat gives the events of the kernel's own text of another instance, CPU by CPU", () => {
    const text = importBytes(ftraceText, testData(`captures/${capture}/trace.txt.zst`));
    // The other instance had no system calls, interrupts, signals and marks, and times of its own.
    const common = rows.filter(
      ({ kind }) => !['syscall', 'irq.fire', 'signal', 'mark'].includes(kind),
    );
    const ofCpu = (list: readonly ImportedRow[], cpu: number) =>
      list.filter((row) => row.cpu === cpu).map((row) => ({ ...essence(row), ts: 0n }));
    const cpus = new Set(rows.map(({ cpu }) => cpu!));
    for (const cpu of cpus) expect(ofCpu(common, cpu)).toEqual(ofCpu(text.rows, cpu));
    expect(text.rows.length).toBe(common.length);
  });

  test('a trace.dat says of what it is', () => {
    const head = tracedat(dat);
    expect(traceDat.detect(head.subarray(0, 65536), 'x')).toBe(1);
    const meta = traceDat.meta({ name: dat, size: 0, head, chunks: () => [head] });
    expect(meta).toMatchObject({ clock: 'mono', kernel: '6.1.0-56-amd64' });
  });

  test("a trace.dat keeps each CPU's order and merges by time", () => {
    for (let i = 1; i < rows.length; i++) {
      const back = Number(rows[i - 1].ts - rows[i].ts);
      // Real clocks go back by some microseconds on a CPU; across CPUs the merge never does.
      if (back > 0 && rows[i].kind !== 'lost') expect(back).toBeLessThan(100_000);
    }
  });
});

test('times of a trace.dat have nanoseconds', () => {
  const { rows } = importBytes(traceDat, version7);
  const printed = importBytes(ftraceText, tracedat('version7-report-t.txt.zst'));
  expect(rows.map(({ ts }) => ts)).toEqual(printed.rows.map(({ ts }) => ts));
});

test('losses are where trace-cmd report has them', () => {
  const { report, rows } = importBytes(traceDat, tracedat('lost.dat'));
  const markers = [
    ...tracedat('lost-report.txt')
      .toString()
      .matchAll(/^\d+ CPU:(\d+) \[(\d+) EVENTS DROPPED\]$/gm),
  ].map(([, cpu, count]) => ({ cpu: Number(cpu), value: BigInt(count) }));
  const lost = rows.filter((row) => row.kind === 'lost');
  expect(lost.map(({ cpu, value }) => ({ cpu, value }))).toEqual(markers);
  // The kernel's own statistics in the file: "CPU 1: 5382 events lost".
  expect(report.lost).toBe(5382);
  expect(Object.values(report.records).reduce((a, b) => a + b)).toBe(229_302);
});

describe('the same data written otherwise', () => {
  const plain = importBytes(traceDat, version7);

  test.each([
    ['zlib', (data: Buffer) => deflateSync(data)],
    ['none', (data: Buffer) => data],
  ] as const)('a trace.dat that is compressed says the same: %s', (name, compress) => {
    const again = importBytes(traceDat, recompress(version7, name, compress));
    expect(again.report).toEqual(plain.report);
    expect(again.rows).toEqual(plain.rows);
  });

  test('the same data written otherwise with a second instance of the same events', () => {
    const { report, rows } = importBytes(traceDat, withInstance(version7, 'other', 'mono'));
    const twice = Object.entries(plain.report.records).map(([name, count]) => [name, count * 2]);
    expect(report.records).toEqual(Object.fromEntries(twice));
    const times = rows.map(({ ts }) => ts);
    const back = times.filter((ts, i) => i > 0 && times[i - 1] > ts);
    expect(back).toEqual([]);
  });

  test('the same data written otherwise with an instance of another clock, which comes behind', () => {
    const { rows } = importBytes(traceDat, withInstance(version7, 'other', 'x86-tsc'));
    expect(rows.slice(0, plain.rows.length)).toEqual(plain.rows);
    expect(rows.length).toBe(plain.rows.length * 2);
  });

  test('the same data written otherwise with a compression that nobody here knows', () => {
    const odd = Buffer.from(version7);
    odd.write('zstx', odd.indexOf('zstd'));
    expect(() => importBytes(traceDat, odd)).toThrow(/zstx/);
  });
});

describe('a cut file', () => {
  const plain = importBytes(traceDat, version7);
  const dataStart = 933_888;

  test.each([0.2, 0.5, 0.8, 0.99, 0.998])('a cut file gives what is before the cut: %f', (part) => {
    const cut = version7.subarray(0, dataStart + Math.floor((version7.length - dataStart) * part));
    const { report, rows } = importBytes(traceDat, cut);
    expect(report.stopped?.offset).toBeLessThanOrEqual(cut.length);
    const ofCpu = (list: readonly ImportedRow[], cpu: number) =>
      list.filter((row) => row.cpu === cpu && row.phase !== 'end').map(essence);
    for (const cpu of [0, 1]) {
      const found = ofCpu(rows, cpu);
      expect(found).toEqual(ofCpu(plain.rows, cpu).slice(0, found.length));
    }
    if (part > 0.5) expect(rows.length).toBeGreaterThan(plain.rows.length / 2);
  });

  test('a cut file without its formats nothing can be read, and that is said', () => {
    expect(() => importBytes(traceDat, version7.subarray(0, 600_000))).toThrow(/byte \d+/);
  });

  test('a cut file of version 6', () => {
    const whole = tracedat('version6.dat.zst');
    const { report, rows } = importBytes(traceDat, whole.subarray(0, whole.length - 200_000));
    expect(report.stopped?.why).toMatch(/CPU \d/);
    expect(rows.length).toBeGreaterThan(10_000);
  });
});

/** trace-cmd itself is asked where it is installed: it reads what vfr's helper wrote, too. */
function hasTraceCmd(): boolean {
  try {
    execFileSync('trace-cmd', ['list', '-c'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

test.runIf(hasTraceCmd())('the options of trace-cmd report change no event', () => {
  const file = new URL('../../../tests/data/tracedat/version7.dat', import.meta.url).pathname;
  const { rows } = importBytes(traceDat, version7);
  for (const option of ['-t', '-R', '-l', '--ts-diff']) {
    const text = execFileSync('trace-cmd', ['report', option, '-i', file], { maxBuffer: 1 << 26 });
    const printed = importBytes(ftraceText, text);
    // The latency format has eight characters of a task's name.
    const shown = ({ task, ts, ...row }: ReturnType<typeof essence>) => ({
      ...row,
      task: task?.slice(0, option === '-l' ? 8 : 16),
    });
    expect(printed.rows.map((row) => shown(essence(row)))).toEqual(
      rows.map((row) => shown(essence(row))),
    );
  }
});

test.runIf(hasTraceCmd())('trace-cmd counts the same records', () => {
  const file = new URL('../../../tests/data/tracedat/version7.dat', import.meta.url).pathname;
  const text = execFileSync('trace-cmd', ['report', '-i', file], { maxBuffer: 1 << 26 });
  const lines = text.toString('latin1').match(/^.{16}-\d+ +\[\d+\] +[\d.]+: \w+:/gm) ?? [];
  const { report } = importBytes(traceDat, version7);
  expect(Object.values(report.records).reduce((a, b) => a + b)).toBe(lines.length);
});
