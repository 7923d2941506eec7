/**
 * Goal: a file says in which byte order and with which words it was written, and is read so.
 * Method: the same recording written in both byte orders and both versions gives the same events.
 */
import { describe, expect, test } from 'vitest';
import { Bytes, buildTraceDat } from '../../../tests/build-trace-dat.js';
import { importBytes } from '../../../tests/import-bytes.js';
import { DEVICE_EVENTS } from '../../../tests/trace-dat-events.js';
import { traceDat } from './index.js';

const { write, bind, map } = DEVICE_EVENTS;

function file(version: 6 | 7, isBig: boolean): Buffer {
  const bytes = new Bytes(isBig);
  const ip = bytes.u64(0xffff_ffff_8100_0000n);
  const drv = Buffer.from('vfio-pci\0');
  const buf = Buffer.from('0000:01:00.2\0');
  const first = 32;
  const location = (at: number, text: Buffer) => bytes.u32((text.length << 16) | at);
  const records = [
    {
      event: write.id,
      body: [ip, bytes.u8(3), bytes.u32(0x21), bytes.u32(4), bytes.u16(0x0506)],
    },
    {
      event: bind.id,
      body: [
        ...[ip, location(first, drv), location(first + drv.length, buf)],
        ...[bytes.u64(13), drv, buf],
      ],
    },
    { event: map.id, body: [bytes.u64(0xfee0_0000n), bytes.u64(0x1_2345_6000n), bytes.u64(4096)] },
  ];
  return buildTraceDat({
    ...{ version, isBig, longBytes: 8, clock: 'mono', events: [write, bind, map] },
    commandLines: '7 writer\n',
    records: records.map(({ event, body }, i) => ({
      ...{ cpu: i & 1, time: 0x1_2345_6789n + BigInt(i) * 100n, event, tid: 7 },
      body: Buffer.concat(body),
    })),
  });
}

const little = importBytes(traceDat, file(7, false));

test('events have what was written', () => {
  const common = { tid: 7, task: 'writer' };
  expect(little.rows).toMatchObject([
    {
      ...{ ...common, kind: 'config.write', phase: 'point', device: '0000:03:04.1', cpu: 0 },
      ...{ ts: 0x1_2345_6789n, offset: 4n, length: 2n, value: 0x0506n },
    },
    {
      ...{ ...common, name: 'bind', phase: 'begin', cpu: 1 },
      ...{ device: '0000:01:00.2', driver: 'vfio-pci' },
    },
    { kind: 'dma.map', offset: 0xfee0_0000n, value: 0x1_2345_6000n, length: 4096n, cpu: 0 },
  ]);
});

describe.each([
  [7, true],
  [6, false],
  [6, true],
] as const)('version %i, big-endian %s', (version, isBig) => {
  test('a trace.dat of another byte order gives the same', () => {
    const { rows, report } = importBytes(traceDat, file(version, isBig));
    expect(rows).toEqual(little.rows);
    expect(report).toEqual(little.report);
  });
});
