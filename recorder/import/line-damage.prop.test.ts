/**
 * Goal: what happens to one line of a text changes no event of another line, and every line is
 * accounted for: as a record, as a line of one, or as not understood.
 * Method: slices of real recordings, in which any line is inserted, deleted or damaged. What a
 * record becomes depends on the records of its own call, so the records of one thread are kept out
 * of a comparison when one of them was touched.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ImportedRow, importBytes } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import { ftraceText } from './ftrace/index.js';
import type { Importer } from './importer.js';
import { perfScript } from './perf/index.js';

interface Sample {
  readonly name: string;
  readonly importer: Importer;
  readonly header: string;
  /** The lines of each record. */
  readonly records: readonly string[];
}

const RECORDS = 120;

/** The records of a recording: each begins where its pattern says and may have several lines. */
function sample(
  name: string,
  importer: Importer,
  file: string,
  start: RegExp,
  from: number,
): Sample {
  const text = testData(file).toString('latin1');
  const header = /^(?:#[^\n]*\n)*/.exec(text)?.[0] ?? '';
  const records = text.slice(header.length).split(start);
  // Texts that may go on over lines are told from others by nothing but what follows them.
  const plain = records.filter(
    (record) => !/tracing_mark_write|printk|<stack|LOST|DROPPED/.test(record),
  );
  return { name, importer, header, records: plain.slice(from, from + RECORDS) };
}

const NORMAL = /^(?=.{16}-\d+ .*\[\d{3}\] )/m;
const LATENCY = /^(?=.{8}-\d+ +\d\S* )/m;
const PERF = /^(?=.{16} +\d+ \[\d{3}\] )/m;

const SAMPLES: readonly Sample[] = [
  sample('binding', ftraceText, 'captures/sriov-on-r1/trace.txt.zst', NORMAL, 2_900),
  sample('a VFIO client', ftraceText, 'captures/vfio-client-r1/trace.txt.zst', NORMAL, 6_000),
  sample('strings', ftraceText, 'ftrace/default.txt.zst', NORMAL, 0),
  sample('without thread groups', ftraceText, 'ftrace/notgid.txt.zst', NORMAL, 300),
  sample('latency-format', ftraceText, 'ftrace/latency-format.txt.zst', LATENCY, 100),
  sample('system calls', ftraceText, 'ftrace/syscalls.txt.zst', NORMAL, 500),
  sample('perf', perfScript, 'perf/default.txt.zst', PERF, 2_000),
];

interface Outcome {
  readonly rows: readonly ImportedRow[];
  readonly accounted: number;
}

function imported({ importer, header }: Sample, body: string): Outcome {
  const { report, rows } = importBytes(importer, Buffer.from(header + body, 'latin1'));
  const records = Object.values(report.records).reduce((sum, count) => sum + count, 0);
  return { rows, accounted: records + report.unparsed + (report.continued ?? 0) };
}

const linesOf = (text: string) => text.split('\n').filter((line) => line.trim() !== '').length;
/** Thread ids of a text, as any layout prints them. */
const threadsIn = (text: string) =>
  new Set(
    [...text.matchAll(/(?:-| )(\d+) +(?:\([^)]*\) +)?(?:\[|\d)/g)].map(([, tid]) => Number(tid)),
  );

/** Events without what depends on the events before, and without those of some threads. */
function events(rows: readonly ImportedRow[], without: ReadonlySet<number>) {
  return rows
    .filter((row) => row.tid !== undefined && !without.has(row.tid) && row.kind !== 'log')
    .map(({ seq, span, ...row }) => row);
}

const PREFIXES = [
  'x',
  '\0',
  '\xff\xfe',
  '[   14.900000] ',
  '<6>[   14.900000] ',
  'Jan 13 18:17:24 host kernel: ',
  'login: ',
  '> ',
  '\x1b[31m',
];
const LINES = [
  'x',
  '',
  'foo=bar',
  'ret=0',
  '" count=9',
  'bus=1 devfn=2 where=256',
  '[   14.900000] vfio-pci 0000:01:00.0: enabling device (0000 -> 0002)',
  '# a comment',
  'root@host:~# cat /sys/kernel/tracing/trace',
  '(pci_find_next_ext_capability+0x5f/0xe0 <- pci_bus_read_config_dword) ret=0',
];

describe.each(SAMPLES.map((s) => [s.name, s] as const))('%s', (_, s) => {
  const whole = imported(s, s.records.join(''));
  const at = fc.nat(s.records.length - 1);

  test('every line is accounted for', () => {
    expect(s.records.length).toBe(RECORDS);
    expect(whole.accounted).toBe(linesOf(s.records.join('')));
  });

  test('a prefix before a record takes nothing from it, nor from another', () => {
    fc.assert(
      fc.property(at, fc.constantFrom(...PREFIXES), (i, prefix) => {
        const records = s.records.with(i, prefix + s.records[i]);
        const { rows, accounted } = imported(s, records.join(''));
        expect(rows).toEqual(whole.rows);
        expect(accounted).toBe(whole.accounted);
      }),
      { numRuns: 60 },
    );
  });

  test('a line between records is not understood, and changes none', () => {
    fc.assert(
      fc.property(at, fc.constantFrom(...LINES), (i, line) => {
        const records = s.records.toSpliced(i, 0, `${line}\n`);
        const { rows, accounted } = imported(s, records.join(''));
        const isNothing = line === '' || line.startsWith('#');
        expect(events(rows, new Set())).toEqual(events(whole.rows, new Set()));
        expect(accounted).toBe(whole.accounted + (isNothing ? 0 : 1));
      }),
      { numRuns: 60 },
    );
  });

  test('a record that is gone or damaged anywhere changes no event of other threads', () => {
    const damage = fc.oneof(
      fc.constant(() => ''),
      fc.tuple(fc.nat(), fc.nat(255)).map(
        ([place, byte]) =>
          (line: string) =>
            line.slice(0, place % line.length) +
            String.fromCharCode(byte) +
            line.slice((place % line.length) + 1),
      ),
      fc.tuple(fc.nat(), fc.nat(40)).map(
        ([place, count]) =>
          (line: string) =>
            line.slice(0, place % line.length) + line.slice((place % line.length) + count),
      ),
    );
    fc.assert(
      fc.property(at, damage, (i, change) => {
        const changed = change(s.records[i]);
        const records = s.records.with(i, changed);
        const { rows, accounted } = imported(s, records.join(''));
        const near = [s.records[i], changed, records.slice(i, i + 2).join('')];
        const touched = new Set(near.flatMap((text) => [...threadsIn(text)]));
        // The record behind a lost line end is still a record, but for a name that it took.
        if (!changed.endsWith('\n') && changed !== '') return;
        expect(events(rows, touched)).toEqual(events(whole.rows, touched));
        const lines = linesOf(records.join(''));
        if (!/[\0-\x1f#]/.test(changed.slice(0, -1))) expect(accounted).toBe(lines);
      }),
      { numRuns: 120 },
    );
  });
});
