/**
 * Goal: every record of every variant of ftrace's text becomes the event that it tells of, none is
 * dropped silently, and the variants of one buffer give the same events.
 * Method: real text. Records are counted again by one pattern over the whole text, which knows
 * nothing of the parser, and compared with the counts made when the recordings were.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countBy, counted, type ImportedRow, importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { ftraceText } from './index.js';

const ftrace = (name: string) => testData(`ftrace/${name}.txt.zst`);
const importFile = (name: string) => importBytes(ftraceText, ftrace(name));

/** What stands before an event, as somebody would write it who only looks at the text. */
const ORIGIN = String.raw`^[^\n]{16}-\d+ +(?:\( *[-\d]+\) )?\[\d+\] (?:[^\s:]+ +)? *\d+(?:\.\d+)?: `;

/** Records by event, over the whole text: continuation lines do not look like an origin. */
function countText(text: string, origin = ORIGIN): Record<string, number> {
  const records = [...text.matchAll(new RegExp(`${origin}([^:( ]+)(.*)`, 'gm'))];
  return countBy(records, ([, name, rest]) => {
    if (name === '#') return 'raw_data';
    if (name === '<stack') return '<stack trace>';
    return / <-/.test(rest) && !rest.startsWith(':') ? 'function' : name.replace(/\+0x.*/, '');
  });
}

const FOLDER = join(import.meta.dirname, '../../../tests/data/captures');
const CAPTURES = readdirSync(FOLDER).filter((name) => /-r\d+$/.test(name));
const hasMetadata = (name: string) => existsSync(join(FOLDER, name, 'metadata.json'));

describe.each(CAPTURES)('the recording %s', (name) => {
  const bytes = testData(`captures/${name}/trace.txt.zst`);
  const { report, rows } = importBytes(ftraceText, bytes);

  test('a recording of ftrace is detected as ftrace', () => {
    expect(ftraceText.detect(bytes.subarray(0, 65536), 'x')).toBeGreaterThan(0.9);
  });

  test('a recording of ftrace has all records of the text', () => {
    expect(report.records).toEqual(countText(bytes.toString('latin1')));
    // What the kernel's log says it left out is lost, too.
    const left = [...bytes.toString('latin1').matchAll(/ (\d+) callbacks suppressed/g)];
    const lost = left.reduce((sum, [, count]) => sum + Number(count), 0);
    expect(report).toMatchObject({ unparsed: 0, lost });
  });

  test.skipIf(!hasMetadata(name))(
    'a recording of ftrace has as many as were counted when it was made',
    () => {
      const metadata = JSON.parse(testData(`captures/${name}/metadata.json`).toString());
      const counts = Object.values(metadata.event_counts as Record<string, { by_event: object }>);
      expect(counts.map((count) => count.by_event)).toContainEqual(report.records);
    },
  );

  test('a recording of ftrace has the values of configuration space as the text prints them', () => {
    const text = bytes.toString('latin1');
    const printed = (pattern: RegExp) =>
      countBy([...text.matchAll(pattern)], ([, value]) => String(BigInt(value)));
    const read = (phase: string) =>
      countBy(
        rows
          .filter((row) => row.kind === 'config.read' && row.phase === phase)
          .filter((row) => row.value !== undefined && row.path !== 'vfio'),
        (row) => String(row.value),
      );
    // On 6.1 the value is a record of its own, on 6.12 a return probe has everything.
    expect(read('end')).toEqual(printed(/_read_config_\w+_val: .*\bval=(0x\w+)/g));
    expect(read('point')).toEqual(printed(/_read_config_(?:byte|d?word): .*\bval=(0x\w+)/g));
  });

  test('a recording of ftrace is the same however it is cut into chunks', () => {
    if (bytes.byteLength > 4e6) return;
    const again = importBytes(ftraceText, bytes, 70_001);
    expect(again.report).toEqual(report);
    expect(again.rows).toEqual(rows);
  });
});

describe('the variants of one buffer', () => {
  const plain = importFile('default');
  /** What a variant must tell whatever else it shows. */
  const essence = (row: ImportedRow) => {
    const { ts, cpu, tid, pid, task, ...rest } = row;
    return rest;
  };

  test('the buffer has all records, and its strings are whole', () => {
    expect(counted(plain.report)).toEqual({
      records: countText(ftrace('default').toString('latin1')),
      unparsed: 0,
      lost: 0,
    });
    const written = plain.rows.filter(
      (row) => row.name === 'driver_override' && row.text !== undefined,
    );
    expect(written.map((row) => row.text)).toEqual([
      'vfio-pci',
      'vfio-pci\n',
      'evil" len=9 x="y',
      'comma,eq=1\n',
      'tab\tand\x1b[31mesc\n',
      'dr\u00efver-\u20ac\n',
      '\ufffd\ufffdbad\n',
      `${'L'.repeat(300)}\n`,
      '\n',
      '%s %n %x\n',
      'two\nlines\n',
    ]);
    const bound = plain.rows.find((row) => row.text?.startsWith('not a device'));
    expect(bound?.text).toBe('not a device name at all, with "quotes"\n');
    expect(bound?.length).toBe(40n);
    expect(plain.rows.filter((row) => row.kind === 'mark').map((row) => row.text)).toEqual([
      'marker with',
      'no newline at end',
      '# looks: like/a header  #P:2',
      'M'.repeat(900),
    ]);
    // Nothing in the text tells that a line behind a mark is the mark's: it stands for itself.
    expect(plain.rows.find((row) => row.text === 'newline and "quotes" # hash')?.kind).toBe('log');
    const origin = plain.rows.find((row) => row.text === 'no newline at end');
    expect(origin).toMatchObject({ cpu: 1, tid: 170, pid: 170, task: 'binder', ts: 10304494000n });
  });

  test.each([
    'no-annotate',
    'notgid',
    'no-irq-info',
    'symaddr',
  ])('a variant of a buffer has the same events: %s', (name) => {
    const { report, rows } = importFile(name);
    expect(report).toEqual(plain.report);
    const text = (row: ImportedRow) => row.kind === 'log' && { text: '' };
    const shown = (row: ImportedRow) => {
      const { pid, ...rest } = row;
      return { ...rest, ...text(row) };
    };
    expect(rows.map(shown)).toEqual(plain.rows.map(shown));
  });

  test('latency-format has times from the start of the buffer, and short task names', () => {
    const { report, rows } = importFile('latency-format');
    expect(report).toEqual(plain.report);
    expect(rows.map(essence)).toEqual(plain.rows.map(essence));
    const shift = plain.rows[0].ts - rows[0].ts;
    for (const [i, row] of rows.entries()) {
      expect(Math.abs(Number(plain.rows[i].ts - row.ts - shift))).toBeLessThanOrEqual(1000);
      expect([row.cpu, row.tid]).toEqual([plain.rows[i].cpu, plain.rows[i].tid]);
    }
    expect(ftraceText.meta({ ...inputHead('latency-format') })).toMatchObject({
      clock: 'relative',
      kernel: '6.1.0-56-amd64',
    });
  });

  test('verbose has the times of the clock', () => {
    const { report, rows } = importFile('latency-verbose');
    expect(report).toEqual(plain.report);
    expect(rows.map(essence)).toEqual(plain.rows.map(essence));
    for (const [i, row] of rows.entries()) {
      expect(Math.abs(Number(plain.rows[i].ts - row.ts))).toBeLessThanOrEqual(1000);
      expect([row.cpu, row.tid, row.task]).toEqual([
        plain.rows[i].cpu,
        plain.rows[i].tid,
        plain.rows[i].task,
      ]);
    }
  });

  test('no-context-info has no times, and the same events', () => {
    const { report, rows } = importFile('no-context-info');
    expect(report).toEqual(plain.report);
    const kinds = (list: readonly ImportedRow[]) =>
      list.map((row) => [row.kind, row.name, row.text]);
    expect(kinds(rows)).toEqual(kinds(plain.rows));
    expect(rows.every((row) => row.cpu === undefined && row.tid === undefined)).toBe(true);
    expect(ftraceText.meta(inputHead('no-context-info')).clock).toBe('none');
  });

  test.each(['raw', 'hex'])('%s has nothing to be read, and says so', (name) => {
    const { report, rows } = importFile(name);
    const lines = ftrace(name)
      .toString('latin1')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'));
    expect(report.unparsed).toBe(rows.length);
    expect(rows.length).toBe(lines.length);
  });
});

const inputHead = (name: string) => ({
  name,
  size: 0,
  head: ftrace(name).subarray(0, 65536),
  chunks: () => [],
});

describe('clocks', () => {
  test.each([
    'boot',
    'global',
    'local',
    'mono_raw',
    'perf',
    'tai',
  ])('the clock %s counts seconds', (clock) => {
    const { report, rows } = importFile(`clock-${clock}`);
    const text = ftrace(`clock-${clock}`).toString('latin1');
    expect(report.records).toEqual(countText(text));
    const [, seconds, micros] = /(\d+)\.(\d{6}): tracing_mark_write/.exec(text)!;
    expect(rows[0].ts).toBe(BigInt(seconds) * 10n ** 9n + BigInt(micros) * 1000n);
    expect(ftraceText.meta(inputHead(`clock-${clock}`)).clock).toBe('unknown');
  });

  test.each(['counter', 'uptime', 'x86-tsc'])('the clock %s counts something else', (clock) => {
    const { report, rows } = importFile(`clock-${clock}`);
    const text = ftrace(`clock-${clock}`).toString('latin1');
    expect(report.records).toEqual(countText(text));
    expect(rows[0].ts).toBe(BigInt(/(\d+): tracing_mark_write/.exec(text)![1]));
    expect(ftraceText.meta(inputHead(`clock-${clock}`)).clock).toBe('ticks');
  });
});

describe('losses', () => {
  test('an overwritten buffer has no marker, only numbers in the header', () => {
    const { report, rows } = importFile('overrun-overwrite');
    expect(report.records).toEqual(countText(ftrace('overrun-overwrite').toString('latin1')));
    expect(report.lost).toBe(39657 - 2129);
    expect(rows[0]).toMatchObject({ kind: 'lost', value: 37528n, ts: rows[1].ts });
    expect(rows.filter((row) => row.kind === 'lost')).toHaveLength(1);
  });

  test.each([
    ['trace_pipe-lost', /^CPU:(\d+) \[LOST (\d+) EVENTS\]$/gm],
    ['report-lost', /^CPU:(\d+) \[(\d+) EVENTS DROPPED\]$/gm],
  ])('%s tells them where they happened', (name, marker) => {
    const text = ftrace(name).toString('latin1');
    const markers = [...text.matchAll(marker)];
    const { report, rows } = importFile(name);
    expect(report.records).toEqual(countText(text));
    const lost = rows.filter((row) => row.kind === 'lost');
    expect(lost.map((row) => [row.cpu, row.value])).toEqual(
      markers.map(([, cpu, count]) => [Number(cpu), BigInt(count)]),
    );
    expect(report.lost).toBe(markers.reduce((sum, [, , count]) => sum + Number(count), 0));
    expect(report.unparsed).toBe(0);
  });

  test('losses that nobody counted are told too', () => {
    const { rows } = importBytes(
      ftraceText,
      Buffer.from('cpus=1\nCPU:3 [EVENTS DROPPED]\nCPU:0 [LOST EVENTS]\n'),
    );
    expect(rows.map((row) => [row.kind, row.cpu, row.value])).toEqual([
      ['lost', 3, 1n],
      ['lost', 0, 1n],
    ]);
  });
});

describe('other tracers', () => {
  test('calls of the function tracer are counted', () => {
    const { report, rows } = importFile('function');
    expect(report.records).toEqual({ function: 1467 });
    expect(rows).toEqual([]);
  });

  test('lines of function_graph are counted', () => {
    const lines = ftrace('function_graph').toString('latin1').split('\n');
    const { report } = importFile('function_graph');
    const calls = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
    expect(report.records.function_graph).toBe(calls.length);
    expect(report.unparsed).toBe(0);
  });

  test('samples of a histogram are counted', () => {
    const { report } = importFile('hist');
    expect(report.unparsed).toBe(0);
    expect(report.records.hist).toBeGreaterThan(50);
  });

  test('a stack trace is one event', () => {
    const { report, rows } = importFile('stacktrace');
    expect(report.records).toEqual({ really_probe: 1, vfio_pci_probe: 1, '<stack trace>': 2 });
    expect(report.unparsed).toBe(0);
    const [first, second] = rows.filter((row) => row.name === 'kernel_stack');
    expect(first.text).toMatch(/^=> really_probe\n => __driver_probe_device\n/);
    expect(second.text).toMatch(/^=> vfio_pci_probe\n[\s\S]* => entry_SYSCALL_64_after_hwframe$/);
  });
});

describe('system calls', () => {
  const { report, rows } = importFile('syscalls');

  test('entry and return are paired, under the name that the text shows', () => {
    const text = ftrace('syscalls').toString('latin1');
    expect(counted(report)).toEqual({ records: countText(text), unparsed: 0, lost: 0 });
    const calls = rows.filter((row) => row.kind === 'syscall' && row.name === 'ioctl');
    const [begin] = calls.filter((row) => row.value === 0x40049409n);
    expect(begin).toMatchObject({ phase: 'begin', text: 'fd: 0x4, cmd: 0x40049409, arg: 0x3' });
    const end = calls.find((row) => row.span === begin.seq);
    expect(end).toMatchObject({ phase: 'end', ret: -18n, tid: begin.tid });
  });
});

test('a task whose name the kernel forgot has none', () => {
  const text = ftrace('cmdline-unknown').toString('latin1');
  const forgotten = text.replaceAll(/^ {10}setpci-/gm, '           <...>-');
  const { report, rows } = importBytes(ftraceText, Buffer.from(forgotten, 'latin1'));
  expect(report.records).toEqual(countText(text));
  expect(rows.filter((row) => row.task === undefined).length).toBeGreaterThan(10);
  expect(rows.some((row) => row.task === '<...>')).toBe(false);
});
