/**
 * Goal: events of ftrace in a trace of Perfetto become the events that they become from any other
 * source; losses and what is damaged are told.
 * Method: records of a real recording of ftrace, written as Perfetto's published schema has them,
 * against the import of their text; single packets; fast-check breaks them.
 */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bundle,
  genericEvent,
  message,
  type ProtoField,
  trace,
} from '../../../tests/build-perfetto.js';
import { type ImportedRow, importBytes, inputOf } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { VfrError, zstdCompress } from '../../../traces/index.js';
import { ftraceText } from '../ftrace/index.js';
import { recognise } from '../recognise.js';
import { perfetto } from './index.js';

/** Records of probes, whose text has all fields by name. */
const LINE =
  /^ *(.{1,16})-(\d+) +(?:\( *[\d-]+\) )?\[(\d+)\] \S+ +(\d+)\.(\d{6}): (\w+): \(([^)]*)\)((?: \w+=(?:"[^"]*"|-?\w+))*)$/;
const LINES_MAX = 3000;

const text = testData('captures/sriov-on-r1/trace.txt.zst').toString('latin1');
const header = text.split('\n').filter((line) => line.startsWith('#'));
const lines = text
  .split('\n')
  .filter((line) => LINE.test(line))
  .slice(0, LINES_MAX);
const plain = importBytes(
  ftraceText,
  Buffer.from(`${[...header, ...lines].join('\n')}\n`, 'latin1'),
);

const value = (shown: string): bigint | string =>
  shown.startsWith('"') ? shown.slice(1, -1) : BigInt(shown);
const events = lines.map((line) => {
  const [, comm, tid, cpu, seconds, micros, name, , fields] = LINE.exec(line)!;
  const pairs = [...fields.matchAll(/ (\w+)=("[^"]*"|-?\w+)/g)];
  return {
    ...{ comm: comm.trim(), tid: Number(tid), cpu: Number(cpu), name },
    bytes: genericEvent(
      (BigInt(seconds) * 1_000_000n + BigInt(micros)) * 1000n,
      Number(tid),
      name,
      pairs.map(([, field, shown]) => [field, value(shown)] as const),
    ),
  };
});
const threads = new Map(events.map(({ tid, comm }) => [tid, comm]));
const tree = message(
  ...[...threads].map(([tid, comm]): ProtoField => [2, message([1, tid], [2, comm], [3, tid])]),
);
/** As traced reads the buffers: first all of one CPU, then all of the other. */
const cpus = [...new Set(events.map(({ cpu }) => cpu))];
const packets: ProtoField[][] = [
  [[2, tree]],
  ...cpus.map((cpu): ProtoField[] => [
    [
      1,
      bundle(
        cpu,
        events.filter((event) => event.cpu === cpu).map(({ bytes }) => bytes),
      ),
    ],
    [10, 7],
  ]),
];
const bytes = trace(...packets);
/** A name that changed within the recording is told once here; thread groups only here. */
const common = ({ pid, source, task, seq, span, ...rest }: ImportedRow) => rest;
/** Of records of two CPUs at the same microsecond, nothing tells which came first. */
const ofCpu = (rows: readonly ImportedRow[], cpu: number) =>
  rows.filter((row) => row.cpu === cpu).map(common);

describe('records of probes', () => {
  const { rows, report } = importBytes(perfetto, bytes);

  test('records of probes are recognised', () => {
    expect(recognise(inputOf(bytes), undefined).importer).toBe(perfetto);
  });

  test('records of probes of all CPUs become the events that their text becomes, in the order of their times', () => {
    expect(lines.length).toBe(LINES_MAX);
    expect(report).toMatchObject({ records: plain.report.records, unparsed: 0, lost: 0 });
    const times = rows.map(({ ts }) => ts);
    expect(times).toEqual([...times].sort((x, y) => Number(x - y)));
    for (const cpu of cpus) expect(ofCpu(rows, cpu)).toEqual(ofCpu(plain.rows, cpu));
  });

  test.each([
    ['deflate', 50, deflateSync],
    ['zstd', 133, zstdCompress],
  ] as const)('records of probes in packets compressed with %s are the same', (_, number, compress) => {
    const compressed = packets.map((fields): ProtoField[] => [
      [number, Buffer.from(compress(trace(fields)))],
    ]);
    expect(importBytes(perfetto, trace(...compressed)).rows).toEqual(rows);
  });

  test('records of probes do not depend on how the input comes in chunks', () => {
    expect(importBytes(perfetto, bytes, 977).rows).toEqual(rows);
  });
});

const imported = (...fields: (readonly ProtoField[])[]) => importBytes(perfetto, trace(...fields));
const event = (...fields: ProtoField[]) => message([1, 5_000_000_000n], [2, 42], ...fields);

describe('a bundle', () => {
  test('a bundle has marks, kernel messages and system calls', () => {
    const { rows, report } = imported([
      [
        1,
        bundle(1, [
          event([3, message([1, 1], [2, 'a mark\n'])]),
          event([
            408,
            message([
              1,
              'DMAR: [DMA Read] Request device [03:00.0] fault addr 0x1000 [fault reason 06] x',
            ]),
          ]),
          event([329, message([1, 16], [2, 3], [2, 0x3b6b])]),
        ]),
      ],
    ]);
    expect(report).toMatchObject({ unparsed: 0 });
    expect(rows).toMatchObject([
      { kind: 'mark', text: 'a mark', cpu: 1, tid: 42, ts: 5_000_000_000n, source: 'perfetto' },
      { kind: 'fault.dma', device: '0000:03:00.0', offset: 0x1000n },
      { kind: 'log', name: 'sys_enter', text: 'NR 16 (3, 15211)' },
    ]);
  });

  test('a bundle may describe its events itself', () => {
    const field = (name: string, number: number) => message([1, name], [3, number], [5, 4]);
    const descriptor = message(
      [1, 'unmap'],
      [2, field('iova', 1)],
      [2, field('size', 2)],
      [2, field('unmapped_size', 3)],
    );
    const own = event([65540, message([1, 0xfee0_0000], [2, 4096], [3, 4096])]);
    const { rows } = imported([[1, bundle(0, [own], [11, message([1, 65540], [2, descriptor])])]]);
    expect(rows).toMatchObject([
      { kind: 'dma.unmap', offset: 0xfee0_0000n, length: 4096n, value: 4096n },
    ]);
  });

  test('a bundle counts what is not of VFIO, and takes names of threads from it', () => {
    const rename = event([236, message([1, 42], [2, 'sh'], [3, 'qemu'])]);
    const compact = message([1, Buffer.from([1, 0x81, 1, 2])], [7, Buffer.from([1])]);
    const { rows, report } = imported(
      [[1, bundle(0, [rename, event([3, message([2, 'x'])]), event([470, ''])], [4, compact])]],
      [
        [11, 'track event'],
        [8, 5],
      ],
    );
    expect(rows).toMatchObject([{ kind: 'mark', task: 'qemu' }]);
    expect(report.records).toMatchObject({
      ...{
        task_rename: 1,
        sched_switch: 3,
        sched_waking: 1,
        'ftrace event 470': 1,
        track_event: 1,
      },
    });
  });

  test('a bundle tells losses, and the statistics what no bundle told', () => {
    const stats = (phase: number, overrun: number) =>
      [[34, message([1, phase], [2, message([1, 1], [3, overrun])])]] as const;
    const { rows, report } = imported(
      stats(1, 10),
      [[1, bundle(1, [event([3, message([2, 'x'])])], [3, 1])]],
      stats(2, 25),
    );
    expect(rows.filter(({ kind }) => kind === 'lost')).toMatchObject([
      { cpu: 1, value: 1n },
      { cpu: 1, value: 14n },
    ]);
    expect(report.lost).toBe(15);
  });

  test('a bundle tells packets that were dropped within a sequence, not in front of it', () => {
    const packet = (dropped: number): ProtoField[] => [
      [1, bundle(0, [event([3, message([2, 'x'])])])],
      [10, 3],
      [42, dropped],
    ];
    expect(imported(packet(1), packet(0), packet(1)).report.lost).toBe(1);
  });
});

test('the head tells the clock, the kernel and the wall clock', () => {
  const clock = (id: number, time: bigint) => [1, message([1, id], [2, time])] as const;
  const head = trace(
    [[6, message(clock(1, 1_800_000_000_000_000_000n), clock(6, 9_000_000_000n))]],
    [[45, message([1, message([1, 'Linux'], [3, '6.12.1'])])]],
    [[1, bundle(0, [])]],
  );
  expect(perfetto.meta(inputOf(head))).toEqual({
    clock: 'boot',
    kernel: '6.12.1',
    wallOffsetNs: 1_799_999_991_000_000_000n,
  });
});

describe('a damaged trace', () => {
  const small = trace(
    [[2, tree]],
    ...Array.from({ length: 40 }, (_, i): ProtoField[] => [
      [
        1,
        bundle(
          i & 1,
          events.slice(i * 20, i * 20 + 20).map((e) => e.bytes),
        ),
      ],
    ]),
  );
  const whole = importBytes(perfetto, small).rows.length;

  test('a damaged trace that is cut gives the packets before the cut, and says so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: small.byteLength - 1 }), (end) => {
        const { rows, report } = importBytes(perfetto, small.subarray(0, end));
        expect(rows.length).toBeLessThanOrEqual(whole);
        if (rows.length < whole - 25) expect(report.stopped?.why).toMatch(/cut|no packet/);
      }),
      { numRuns: 40 },
    );
  });

  test('a damaged trace anywhere gives events or a typed error', () => {
    const edit = fc.record({ at: fc.nat(small.byteLength - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), (edits) => {
        const broken = Buffer.from(small);
        for (const { at, value: byte } of edits) broken[at] = byte;
        try {
          importBytes(perfetto, broken);
        } catch (error) {
          expect(error).toBeInstanceOf(VfrError);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a compressed packet that becomes too large is where reading stops', () => {
    const bomb = deflateSync(Buffer.alloc(1 << 27));
    const { report } = imported([[50, bomb]]);
    expect(report.stopped?.why).toMatch(/compressed packet/);
  });
});
