/**
 * Goal: a loss is told whatever stands before it, and what the kernel says in its log is taken apart
 * wherever it was recorded.
 * Method: lines as the kernel and perf print them, a record cut where its text was written over; and
 * messages of a recording on Linux 6.1, also in a trace.dat written by the manual.
 */
import { describe, expect, test } from 'vitest';
import { Bytes, buildTraceDat } from '../../../tests/build-trace-dat.js';
import { importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { perfScript } from '../perf/index.js';
import { traceDat } from '../tracedat/index.js';
import { ftraceText } from './index.js';

const RECORD = '            bash-128     [001] .....    14.780169: ';
const store = (rest: string) =>
  `${RECORD}driver_override_store: (driver_override_store+0x0/0x30) dev="0000:03:00.0" buf="${rest}`;
const BOUND = `${RECORD}driver_bound: (driver_bound+0x0/0xd0) dev="0000:03:00.0" drv="vfio-pci"\n`;
const text = (lines: string) => importBytes(ftraceText, Buffer.from(`# tracer: nop\n#\n${lines}`));

describe('a loss behind a record that does not end', () => {
  test.each([
    ['within its string', store('vfio-p')],
    ['within a number', store('vfio-pci" count=')],
    ['within its name', `${RECORD}driver_ov`],
    ['within its prefix', '            bash-128     [001] .....    14.7'],
  ])('a loss after a record without an end is kept: %s', (_, unfinished) => {
    for (const [line, cpu, count] of [
      ['CPU:1 [LOST 117 EVENTS]', 1, 117n],
      ['CPU:0 [7 EVENTS DROPPED]', 0, 7n],
    ] as const) {
      const { rows, report } = text(`${BOUND}${unfinished}\n${line}\n${BOUND}`);
      expect(report.lost).toBe(Number(count));
      const lost = rows.filter((row) => row.kind === 'lost');
      expect(lost).toMatchObject([{ cpu, value: count }]);
      // The records around it are whole, and the loss stands between them.
      expect(report.records.driver_bound).toBe(2);
      expect(rows.indexOf(lost[0])).toBeGreaterThan(0);
      expect(rows.at(-1)).toMatchObject({ driver: 'vfio-pci' });
    }
  });

  test('a loss of perf after a record without an end is kept', () => {
    const at = '            perf   162 [001]    17.490342578: ';
    const call = `${at}syscalls:sys_enter_ioctl: fd: 0x0000001d, cmd: 0x00002400, arg: 0x00000000\n`;
    for (const [lost, count] of [
      ['PERF_RECORD_LOST lost 117', 117],
      ['PERF_RECORD_LOST_SAMPLES lost 5', 5],
    ] as const) {
      const cut = `${at}syscalls:sys_enter_ioctl: fd: 0x0000001d, cm\n`;
      const { report, rows } = importBytes(
        perfScript,
        Buffer.from(`${call}${cut}${at}${lost}\n${call}`),
      );
      expect(report.lost).toBe(count);
      expect(rows.filter((row) => row.kind === 'lost')).toHaveLength(1);
      expect(
        report.records['syscalls:sys_enter_ioctl'] ?? report.records.sys_enter_ioctl,
      ).toBeGreaterThan(1);
    }
  });
});

describe('faults that the kernel logs', () => {
  const printed = [
    ...testData('captures/dma-fault-r1/trace.txt.zst')
      .toString('latin1')
      .matchAll(/ console: (.*Request device \[(\S+)\] fault addr (0x[0-9a-f]+).*)/g),
  ];
  const expected = printed.map(([, , device, address]) => [`0000:${device}`, BigInt(address)]);
  const faults = (rows: ReturnType<typeof importBytes>['rows']) =>
    rows
      .filter((row) => row.kind === 'fault.dma' && row.name !== 'dmar_fault')
      .map((row) => [row.device, row.offset]);

  test('faults that the kernel logs have their device and address in ftrace text', () => {
    const { rows } = importBytes(ftraceText, testData('captures/dma-fault-r1/trace.txt.zst'));
    expect(expected.length).toBeGreaterThan(5);
    expect(faults(rows)).toEqual(expected);
  });

  test('faults that the kernel logs have them in trace.dat', () => {
    const bytes = new Bytes(false);
    const file = buildTraceDat({
      ...{ version: 7, isBig: false, longBytes: 8, clock: 'mono' },
      events: [
        {
          ...{ system: 'printk', name: 'console', id: 300, print: '"%s", __get_str(msg)' },
          fields: [['__data_loc char[] msg', 4]],
        },
      ],
      records: printed.map(([, message], i) => ({
        ...{ cpu: 0, time: 5_000_000_000n + BigInt(i), event: 300, tid: 0 },
        // The place of the string in its lower half, the length with the end in its upper.
        body: Buffer.concat([
          bytes.u32(((message.length + 1) << 16) | 12),
          Buffer.from(`${message}\0`),
        ]),
      })),
    });
    const { rows, report } = importBytes(traceDat, file);
    expect(report).toMatchObject({ records: { console: printed.length }, lost: 0, unparsed: 0 });
    expect(faults(rows)).toEqual(expected);
  });
});
