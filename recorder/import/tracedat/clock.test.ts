/**
 * Goal: times are those that `trace-cmd report` shows: cycles become nanoseconds, and a guest's
 * times its host's; what is not applied is told.
 * Method: files written by the manual. The times expected of them were printed by trace-cmd 3.1.6.
 */
import { describe, expect, test } from 'vitest';
import { Bytes, buildTraceDat, type FileSpec } from '../../../tests/build-trace-dat.js';
import { importBytes, inputOf } from '../../../tests/import-bytes.js';
import { ftraceEvents } from '../../../tests/trace-dat-events.js';
import { traceDat } from './index.js';

const TIMES = [1_000_000_000n, 1_000_001_000n, 1_000_003_000n, 1_000_004_500n, 1_000_009_000n];

type Sample = readonly [time: bigint, offset: bigint];

describe.each([
  [6, false],
  [6, true],
  [7, false],
  [7, true],
] as const)('version %i, big-endian %s', (version, isBig) => {
  const bytes = new Bytes(isBig);
  const mark = (i: number) => Buffer.concat([bytes.u64(1), Buffer.from(`m${i}\n\0`)]);
  const file = (clock: string, ...options: NonNullable<FileSpec['options']>) =>
    buildTraceDat({
      ...{ version, isBig, longBytes: 8, clock, options },
      events: ftraceEvents(8),
      records: TIMES.map((time, i) => ({ cpu: i & 1, time, event: 5, tid: 1, body: mark(i) })),
    });
  const timesOf = (dat: Buffer) => importBytes(traceDat, dat).rows.map(({ ts }) => ts);
  const metaOf = (dat: Buffer) => traceDat.meta(inputOf(dat));

  const rate = {
    id: 14,
    data: Buffer.concat([bytes.u32(0x4000_0000), bytes.u32(31), bytes.u64(777)]),
  };
  const shift = (flags: number, ...cpus: readonly (readonly Sample[])[]) => ({
    id: 12,
    data: Buffer.concat([
      ...[bytes.u64(0xab_cdefn), bytes.u32(flags), bytes.u32(cpus.length)],
      ...cpus.flatMap((samples) => [
        bytes.u32(samples.length),
        ...samples.map(([time]) => bytes.u64(time)),
        ...samples.map(([, offset]) => bytes.u64(offset)),
        ...samples.map(() => bytes.u64(1)),
      ]),
      ...cpus.flatMap((samples) => samples.map(() => bytes.u64(0))),
    ]),
  });
  const cpu0: Sample[] = [
    [1_000_000_000n, -500n],
    [1_000_002_000n, -300n],
    [1_000_006_000n, -1300n],
  ];
  const cpu1: Sample[] = [
    [1_000_000_000n, 250n],
    [1_000_004_000n, 350n],
  ];

  test('times of a trace.dat without options are the clock’s own', () => {
    expect(timesOf(file('mono'))).toEqual(TIMES);
    expect(metaOf(file('mono'))).toMatchObject({ clock: 'mono' });
    expect(metaOf(file('x86-tsc'))).toMatchObject({ clock: 'x86-tsc' });
  });

  test('cycles become nanoseconds', () => {
    const dat = file('x86-tsc', rate);
    expect(timesOf(dat)).toEqual([500000000n, 500000500n, 500001500n, 500002250n, 500004500n]);
    expect(metaOf(dat).clock).toBe('tsc2nsec');
    expect(metaOf(dat).notes?.tsc2nsec).toContain('777 ns more');
  });

  test('a rate says nothing about times that are no cycles', () => {
    expect(timesOf(file('mono', rate))).toEqual(TIMES);
  });

  test('a guest’s times become its host’s, by one sample', () => {
    const dat = file('mono', shift(1, cpu0.slice(0, 1), cpu1.slice(0, 1)));
    expect(timesOf(dat)).toEqual([999999500n, 1000001250n, 1000002500n, 1000004750n, 1000008500n]);
    expect(metaOf(dat).notes?.['time-shift']).toContain('recording 0xabcdef');
  });

  test('a guest’s times between and beyond samples become its host’s', () => {
    const dat = file('mono', shift(1, cpu0, cpu1));
    expect(timesOf(dat)).toEqual([999999500n, 1000001275n, 1000002451n, 1000004863n, 1000006951n]);
  });

  test('first to the host’s cycles, then to nanoseconds', () => {
    const dat = file('x86-tsc', rate, shift(1, cpu0, cpu1));
    expect(timesOf(dat)).toEqual([499999750n, 500000637n, 500001225n, 500002431n, 500003475n]);
  });

  test('records of a trace.dat are in the order of the corrected times', () => {
    const far: Sample[] = [[0n, 1_000_000n]];
    const names = importBytes(traceDat, file('mono', shift(1, far, [[0n, 0n]]))).rows;
    expect(names.map(({ text }) => text)).toEqual(['m1', 'm3', 'm0', 'm2', 'm4']);
  });

  test('instances are merged by time, and named', () => {
    const times = [1_000_000_500n, 1_000_002_000n, 1_000_020_000n];
    const records = times.map((time, i) => ({
      ...{ cpu: i & 1, time, event: 5, tid: 1 },
      body: Buffer.concat([bytes.u64(1), Buffer.from(`guest ${i}\n\0`)]),
    }));
    const dat = buildTraceDat({
      ...{ version, isBig, longBytes: 8, clock: 'mono', events: ftraceEvents(8) },
      records: TIMES.map((time, i) => ({ cpu: i & 1, time, event: 5, tid: 1, body: mark(i) })),
      instances: [
        { name: 'guest', clock: 'mono', records },
        { name: 'empty', clock: 'mono', records: [] },
      ],
    });
    const { rows } = importBytes(traceDat, dat);
    const order = ['m0', 'guest 0', 'm1', 'guest 1', 'm2', 'm3', 'm4', 'guest 2'];
    expect(rows.map(({ text }) => text)).toEqual(order);
    expect(metaOf(dat).notes?.instances).toBe('guest empty');
  });

  test('damaged options cost no record', () => {
    for (const id of [12, 14]) {
      for (const length of [0, 3, 11, 15, 17, 40]) {
        const data = Buffer.alloc(length, 0xff);
        expect(timesOf(file('x86-tsc', { id, data })).length).toBe(TIMES.length);
      }
    }
  });

  test('the offset to the wall clock and a fixed one are told, not applied', () => {
    const text = (id: number, value: string) => ({ id, data: Buffer.from(`${value}\0`) });
    const dat = file('mono', text(1, '0x64'), text(7, '-5000'), text(13, 'my-guest'));
    expect(timesOf(dat)).toEqual(TIMES);
    expect(metaOf(dat)).toMatchObject({
      wallOffsetNs: 100_000n,
      notes: { 'ts-offset': '-5000', guests: 'my-guest' },
    });
  });
});
