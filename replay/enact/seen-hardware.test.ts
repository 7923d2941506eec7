/**
 * Goal: the hardware of a function is what users of VFIO reached of it.
 * Method: events of calls, by the structs and refusals of drivers/vfio/pci (Linux 6.1).
 */
import { expect, test } from 'vitest';
import { ERRNO, toNanos, toSeq } from '../../traces/index.js';
import type { RecordedEvent } from './recording.js';
import { resourcesRead, SeenHardware } from './seen-hardware.js';

const DEVICE = '0000:02:00.0';
const NO_ACCESS = { path: null, region: null, offset: null, length: null, value: null };

function seen(...events: readonly Partial<RecordedEvent>[]) {
  const hardware = new SeenHardware();
  for (const [i, event] of events.entries()) {
    const blank = { driver: null, ret: null, text: '', count: null, data: null, systemCall: null };
    const thread = { tid: 7, pid: 7, task: 'vmm', value: -1, isAsync: false };
    const e = { ...blank, ...thread, kind: 'ioctl', phase: 'begin', name: '', call: '', ...event };
    hardware.take({ ...e, seq: toSeq(i), ts: toNanos(BigInt(i)), device: DEVICE } as RecordedEvent);
  }
  return hardware.of(DEVICE);
}

const access = (region: number, offset: number, ret: number): Partial<RecordedEvent>[] => {
  const at = { ...NO_ACCESS, region, offset, length: 4 };
  const call = {
    kind: 'region.read',
    name: 'vfio_pci_bar_rw',
    call: 'vfio_pci_bar_rw',
    access: at,
  };
  return [call, { ...call, phase: 'end', ret }];
};

test('a function of which nothing was seen has no known hardware', () => {
  expect(seen()).toBeNull();
});

test('interrupts that the check of a call let pass are there', () => {
  const set = (region: number, offset: number, length: number): Partial<RecordedEvent> => {
    const at = { ...NO_ACCESS, region, offset, length };
    return { kind: 'irq.set', name: 'vfio_pci_set_irqs_ioctl', access: at };
  };
  const hardware = seen(set(1, 0, 1), set(2, 2, 3), set(2, 0, 1));
  expect(hardware).toMatchObject({ pin: false, msi: 1, msix: 5, express: false });
  expect(seen(set(0, 0, 1))).toMatchObject({ pin: true });
});

test('a BAR has the memory that was accessed, and ends before an access that was refused', () => {
  expect(seen(...access(0, 0x1ffc, 4))?.bars).toEqual([0x2000, 0, 0, 0, 0, 0]);
  expect(seen(...access(2, 0x10, 4))?.bars[2]).toBe(0x1000);
  expect(seen(...access(2, 0x10, 4), ...access(2, 0x20, -ERRNO.EINVAL))?.bars[2]).toBe(0x20);
});

test('configuration space beyond 256 bytes is that of PCI Express', () => {
  const [begin, end] = access(7, 0x100, 4);
  expect(seen({ ...begin, call: '' }, { ...end, call: '' })).toMatchObject({ express: true });
});

test('BARs are where configuration space has them', () => {
  const config = new Uint8Array(256);
  const view = new DataView(config.buffer);
  view.setUint32(0x10, 0xfe40_000c, true);
  view.setUint32(0x14, 0x0000_0001, true);
  view.setUint32(0x18, 0x0000_e041, true);
  const [first, upper, io, ...others] = resourcesRead(config, [0x4000, 0, 0x20]);
  expect(first).toEqual({ start: 0x1_fe40_0000, end: 0x1_fe40_3fff, flags: 0x10_0200 });
  expect(io).toEqual({ start: 0xe040, end: 0xe05f, flags: 0x100 });
  const nothing = { start: 0, end: 0, flags: 0 };
  expect([upper, ...others]).toEqual([nothing, nothing, nothing, nothing, nothing]);
});
