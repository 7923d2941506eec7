/**
 * Goal: `perf script` text gives its events whatever fields were chosen.
 * Method: real text, its records counted again by one pattern over the whole of it; the other
 * choices
 * of fields made from it by a pattern as perf prints them.
 */
import { describe, expect, test } from 'vitest';
import { countBy, counted, type ImportedRow, importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { ftraceText } from '../ftrace/index.js';
import { perfScript } from './index.js';

const text = testData('perf/default.txt.zst').toString('latin1');
const RECORD = /^(.{16}) +(\d+) (\[\d+\]) +([\d.]+): +(\w+:\w+): ?/gms;
const importText = (changed: string) => importBytes(perfScript, Buffer.from(changed, 'latin1'));
const plain = importText(text);

const countRecords = (of: string) => countBy([...of.matchAll(RECORD)], (match) => match[5]);
const without =
  (...names: (keyof ImportedRow)[]) =>
  (row: ImportedRow) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name as never)));

describe('default fields', () => {
  test('the default fields of perf script are detected, and not as anything else', () => {
    const head = Buffer.from(text.slice(0, 65536), 'latin1');
    expect(perfScript.detect(head, 'x')).toBeGreaterThan(0.7);
    expect(ftraceText.detect(head, 'x')).toBeLessThan(0.2);
    expect(
      perfScript.detect(testData('captures/sriov-on-r1/trace.txt.zst').subarray(0, 65536), 'x'),
    ).toBe(0);
  });

  test('the default fields of perf script give every record', () => {
    expect(counted(plain.report)).toEqual({ records: countRecords(text), unparsed: 0, lost: 0 });
  });

  test('the default fields of perf script give values and times as printed', () => {
    const printed = [...text.matchAll(/_config_\w+_val: .*\bval=(0x\w+)/g)];
    const read = plain.rows.filter(
      (row) => row.kind === 'config.read' && row.phase === 'end' && row.path !== 'vfio',
    );
    expect(
      countBy(
        read.filter((row) => row.value !== undefined),
        (row) => String(row.value),
      ),
    ).toEqual(countBy(printed, ([, value]) => String(BigInt(value))));
    const store = plain.rows.find((row) => row.name === 'driver_override')!;
    expect(store).toMatchObject({
      ts: 17_577_162_498n,
      cpu: 0,
      tid: 163,
      task: 'bash',
      device: '0000:03:00.0',
      text: 'vfio-pci\n',
      length: 9n,
      source: 'perf-script',
    });
    expect(plain.rows.some((row) => row.driver === '' || row.task === 'swapper')).toBe(false);
  });

  test('the default fields of perf script pair system calls', () => {
    const begin = plain.rows.find((row) => row.kind === 'syscall' && row.value === 0x540fn)!;
    expect(begin).toMatchObject({
      phase: 'begin',
      text: 'fd: 0x2, cmd: 0x540f, arg: 0x7fff9ce80324',
    });
    expect(plain.rows.find((row) => row.span === begin.seq)).toMatchObject({ ret: -25n });
  });
});

describe('other fields', () => {
  const change = (to: string) => text.replaceAll(RECORD, to);
  test.each<[string, string, (keyof ImportedRow)[]]>([
    ['-F comm,pid,tid,cpu,time,event,trace', '$1 $2/$2 $3 $4: $5: ', ['pid']],
    ['-F tid,cpu,time,event,trace', '    $2 $3 $4: $5: ', ['task']],
    ['-F cpu,time,event,trace', ' $3 $4: $5: ', ['task', 'tid', 'span']],
    ['-F comm,tid,time,event,trace', '$1 $2 $4: $5: ', ['cpu']],
    ['-F time,event,trace', ' $4: $5: ', ['task', 'tid', 'cpu', 'span']],
    ['-F comm,tid,cpu,event,trace', '$1 $2 $3 $5: ', ['ts']],
  ])('fields of perf script may be left out: %s', (_, to, missing) => {
    const { report, rows } = importText(change(to));
    expect(report).toEqual(plain.report);
    // Without thread ids, calls that run at the same time cannot be told apart.
    if (missing.includes('tid')) return;
    expect(rows.map(without(...missing))).toEqual(plain.rows.map(without(...missing)));
  });

  test('times of perf script may be microseconds', () => {
    const { report, rows } = importText(text.replaceAll(/^(.{16} .*\d\.\d{6})\d{3}:/gm, '$1:'));
    expect(report).toEqual(plain.report);
    expect(rows.map((row) => row.ts)).toEqual(plain.rows.map((row) => (row.ts / 1000n) * 1000n));
  });

  test('ip and sym behind the event', () => {
    const located = testData('perf/ip-sym.txt.zst').toString('latin1');
    const { report, rows } = importText(located);
    expect(counted(report)).toEqual({ records: countRecords(located), unparsed: 0, lost: 0 });
    expect(rows.map(without('seq'))).toEqual(plain.rows.slice(0, rows.length).map(without('seq')));
  });

  test('call chains of perf script belong to their record', () => {
    const chain =
      '\n\tffffffff8b19e641 pci_user_read_config_dword+0x1 ([kernel.kallsyms])\n\t    43f92b __ioctl+0xb (/usr/bin/vfioclient)\n';
    const records = text.split(/^(?=.{16} +\d+ \[\d+\] )/ms).slice(0, 500);
    const chained = records.map((record) => record.trimStart().replace(/\n$/, chain)).join('\n');
    const { report, rows } = importText(chained);
    expect(report.unparsed).toBe(0);
    expect(report.records).toEqual({ ...countRecords(records.join('')), callchain: 1000 });
    const expected = plain.rows.slice(0, rows.length);
    expect(rows.map(without('seq'))).toEqual(expected.map(without('seq')));
  });
});

describe('as perf 6.1 prints it', () => {
  const importLines = (...lines: string[]) => importText(`${lines.join('\n')}\n`);
  const call = 'syscalls:sys_enter_ioctl: fd: 0x0000001d, cmd: 0x00002400, arg: 0x00000000';
  const row = { ts: 15_909_120_530_000n, cpu: 0, tid: 5960, task: 'perf', name: 'ioctl' };

  test.each<[string, string, object]>([
    ['-F -comm', ' 5960 [000] 15909.120530:  ', { task: undefined }],
    [
      '-F -comm, a longer thread id',
      '15960 [000] 15909.120530:  ',
      { task: undefined, tid: 15960 },
    ],
    ['-F +misc', '            perf  5960 [000] U     15909.120530:  ', {}],
    ['-F +period', '            perf  5960 [000] 15909.120530:          1  ', {}],
    [
      'a task that had ended',
      '             :-1    -1 [000] 15909.120530:  ',
      { task: undefined, tid: undefined },
    ],
    [
      'a task without a name',
      '           :6064  6064 [000] 15909.120530:  ',
      { task: undefined, tid: 6064 },
    ],
  ])('a form of perf 6.1 is read: %s', (_, prefix, differs) => {
    const line = prefix + call;
    expect(perfScript.detect(Buffer.from(`${line}\n`), 'x')).toBeGreaterThan(0.5);
    const { rows, report } = importLines(line, line);
    expect(report.unparsed).toBe(0);
    const { ts, cpu, tid, task, name } = rows[1];
    expect({ ts, cpu, tid, task, name }).toEqual({ ...row, ...differs });
  });

  test('-g with the deep stacks of a program, thread groups and names of many widths', () => {
    const frames = Array.from(
      { length: 20 },
      (_, i) => `\tffffffff821facd${i % 10} __schedule+0x618 ([kernel.kallsyms])`,
    );
    const chain = [
      ...frames,
      '\t           ee137 sched_setaffinity@@GLIBC_2.3.4+0x7 (/usr/lib/libc.so.6)',
      '\t               0 [unknown] ([unknown])',
      '',
    ];
    const who = [
      'perf  9898/9898 ',
      'migration/0    18/18   ',
      'perf-exec  9901/9901 ',
      'lspci  9901/9901 ',
    ];
    const lines = who.flatMap((name) => [`${name} [000] 16143.466422850: ${call}`, ...chain]);
    const text = `${lines.join('\n')}\n`;
    expect(perfScript.detect(Buffer.from(text), 'x')).toBeGreaterThan(0.5);
    const { rows, report } = importText(text);
    expect(report).toMatchObject({ records: { callchain: 88 }, unparsed: 0 });
    expect(rows.map((r) => [r.task, r.pid, r.tid, r.ts])).toEqual(
      [
        ['perf', 9898],
        ['migration/0', 18],
        ['perf-exec', 9901],
        ['lspci', 9901],
      ].map(([task, tid]) => [task, tid, tid, 16_143_466_422_850n]),
    );
  });
});

test('a header tells clock and kernel', () => {
  const header =
    '# os release : 6.1.0-56-amd64\n# cmdline : perf record -k mono\n# event : x, use_clockid = 1, clockid = 1\n#\n';
  const head = Buffer.from(header + text.slice(0, 4000), 'latin1');
  expect(perfScript.meta({ name: 'x', size: 0, head, chunks: () => [] })).toEqual({
    clock: 'mono',
    kernel: '6.1.0-56-amd64',
    notes: { command: 'perf record -k mono' },
  });
  expect(perfScript.detect(head, 'x')).toBeGreaterThan(0.5);
});

test('lost events of perf script are counted', () => {
  const lost = '            perf   162 [001]    17.490342578: PERF_RECORD_LOST lost 117\n';
  const at = text.indexOf('\n', 2000) + 1;
  const { report, rows } = importText(text.slice(0, at) + lost + text.slice(at));
  expect(report).toEqual({ ...plain.report, lost: 117 });
  expect(rows.find((row) => row.kind === 'lost')).toMatchObject({ cpu: 1, value: 117n });
});
