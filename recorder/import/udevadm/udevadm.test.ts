/**
 * Goal: every uevent of a udevadm monitor log is one event, of the device it is about.
 * Method: a real log against counts made by splitting the text, and single uevents.
 */
import { expect, test } from 'vitest';
import { importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { udevadm } from './index.js';

const bytes = testData('udevadm/monitor.txt.zst');
const { rows, report } = importBytes(udevadm, bytes, 501);
const blocks = bytes
  .toString()
  .split('\n\n')
  .filter((block) => /^(KERNEL|UDEV) *\[/.test(block));

test('a real log has one event per uevent, with all its properties', () => {
  expect(udevadm.detect(bytes.subarray(0, 65536), 'x')).toBeGreaterThan(0.5);
  const kernel = blocks.filter((block) => block.startsWith('KERNEL')).length;
  expect(report).toEqual({
    records: { KERNEL: kernel, UDEV: blocks.length - kernel },
    unparsed: 0,
    lost: 0,
  });
  expect(rows.map((row) => row.text!.split('\n').slice(1))).toEqual(
    blocks.map((block) => block.trimEnd().split('\n').slice(1)),
  );
});

test('the device is the function that the kernel names', () => {
  for (const [i, row] of rows.entries()) {
    const slot = /^PCI_SLOT_NAME=(.*)$/m.exec(blocks[i])?.[1];
    if (slot !== undefined) expect(row.device).toBe(slot);
    expect(row.value).toBe(BigInt(/^SEQNUM=(\d+)$/m.exec(blocks[i])![1]));
    const action = /^ACTION=(\w+)$/m.exec(blocks[i])![1];
    expect(row.name).toBe(blocks[i].startsWith('KERNEL') ? action : `udev ${action}`);
  }
});

test('headers without properties, and what is no uevent', () => {
  const text =
    'UDEV  [1.5] bind     /devices/pci0000:00/0000:00:03.0/0000:01:00.1 (pci)\n' +
    'KERNEL[2.000001] change   /module/vfio (module)\nwhat is this\n';
  const got = importBytes(udevadm, Buffer.from(text));
  expect(got.report).toEqual({ records: { UDEV: 1, KERNEL: 1 }, unparsed: 1, lost: 0 });
  expect(got.rows.map((row) => [row.kind, row.name, row.device, row.ts])).toEqual([
    ['uevent', 'udev bind', '0000:01:00.1', 1_500_000_000n],
    ['uevent', 'change', undefined, 2_000_001_000n],
    ['log', undefined, undefined, 0n],
  ]);
});

test('udevmonitor of 2007 calls the kernel UEVENT and has the time of day', () => {
  const text =
    'udevmonitor will print the received events for:\nUEVENT the kernel uevent\n\n' +
    'UEVENT[1191251184.382314] add      /devices/pci0000:00/0000:00:1d.7 (pci)\n' +
    'UEVENT[1132632714.285362] add@/devices/pci0000:00/0000:00:1d.1\n';
  expect(udevadm.meta({ head: Buffer.from(text) } as never).clock).toBe('realtime');
  const { rows, report } = importBytes(udevadm, Buffer.from(text));
  expect(rows.map((row) => [row.name, row.device])).toEqual([
    ['add', '0000:00:1d.7'],
    ['add', '0000:00:1d.1'],
  ]);
  expect(report.unparsed).toBe(0);
});
