/**
 * Goal: what QEMU says of a device in an error message is known wherever the message is found: in
 * QEMU's own log, in the one that libvirt keeps for it, and in that of the host.
 * Method: messages as hw/vfio of QEMU 7.2 to 10.1 prints them, behind every kind of beginning.
 */
import { expect, test } from 'vitest';
import { importBytes } from '../../../tests/import-bytes.js';
import { qemuText } from './qemu-text.js';

const read = (text: string) => importBytes(qemuText, Buffer.from(text));
const DMA =
  'kvm: vfio_dma_map(0x5e043daea2f0, 0x380010000000, 0x2000000, 0x771a6ce00000) = -22 (Invalid argument)';
const EINVAL = { kind: 'dma.map', offset: 0x380010000000n, length: 0x2000000n, ret: -22n };

test.each([
  ['syslog', 'Jun 04 07:25:13 pve1 QEMU[3989106]: ', 'year', 3989106],
  ['journal', '2026-06-04T07:25:13+0200 h qemu-system-x86_64[71]: ', 'realtime', 71],
  ['libvirtd', 'Jun 04 07:25:13 h libvirtd[12]: internal error: QEMU said: ', 'year', 12],
  ['-msg timestamp', '2026-06-04T07:25:13.123456Z ', 'realtime', undefined],
  ['libvirt', '2026-06-04 07:25:13.123+0000: 99: error : qemuProcess:1: ', 'realtime', undefined],
  ['nothing', '', 'none', undefined],
])('a mapping that failed, behind %s', (_, before, clock, pid) => {
  const bytes = Buffer.from(`${before}${DMA}\n`);
  expect(qemuText.detect(bytes, 'x')).toBeGreaterThan(0.5);
  expect(qemuText.meta({ head: bytes } as never).clock).toBe(clock);
  const { rows, report } = importBytes(qemuText, bytes);
  expect(rows).toMatchObject([EINVAL]);
  expect([rows[0].pid, report.unparsed]).toEqual([pid, 0]);
});

test('the time of libvirt is UTC', () => {
  const { rows } = read(`2026-06-04 07:25:13.123+0000: ${DMA}\n`);
  expect(rows[0].ts).toBe(BigInt(Date.UTC(2026, 5, 4, 7, 25, 13, 123)) * 1_000_000n);
});

const device = '0000:03:00.0';
test.each([
  [
    'vfio_region_write(0000:03:00.0:region0+0x40, 0x1,4) failed: Input/output error',
    { kind: 'region.write', device, region: 0, offset: 0x40n, value: 1n, length: 4n, ret: -5n },
  ],
  [
    'vfio_region_read(0000:03:00.0:region2+0x40, 8) failed: Input/output error',
    { kind: 'region.read', device, region: 2, offset: 0x40n, length: 8n, ret: -5n },
  ],
  [
    'vfio_pci_read_config(0000:03:00.0, 0x4, 0x2) failed: No such device',
    { kind: 'config.read', device, offset: 4n, length: 2n, ret: -19n },
  ],
  [
    'vfio_pci_write_config(0000:03:00.0, 0x4, 0x407, 0x2) failed: No such device',
    { kind: 'config.write', device, offset: 4n, value: 0x407n, length: 2n, ret: -19n },
  ],
  [
    'vfio_vga_read(,0x3c0, 1) failed: Input/output error',
    { kind: 'region.read', region: 8, offset: 0x3c0n, length: 1n, ret: -5n },
  ],
  ['VFIO_MAP_DMA failed: Invalid argument', { kind: 'log', name: 'VFIO_IOMMU_MAP_DMA', ret: -22n }],
  [
    'IOMMU_IOAS_MAP failed: Bad address, PCI BAR?',
    { kind: 'log', name: 'IOMMU_IOAS_MAP', ret: -14n },
  ],
  [
    'vfio: Cannot reset device 0000:03:00.0, no available reset mechanism.',
    { kind: 'log', device },
  ],
  [
    '-device vfio-pci,host=03:00.0: vfio 0000:03:00.0: failed to setup container for group 12: ' +
      'Failed to set iommu for container: Operation not permitted',
    { kind: 'log', device, ret: -1n },
  ],
  [
    'vfio_err_notifier_handler(0000:03:00.0) Unrecoverable error detected. Please collect any data ' +
      'possible and then kill the guest',
    { kind: 'log', device },
  ],
])('a message of QEMU becomes its event: %s', (message, event) => {
  const { rows, report } = read(`qemu-system-x86_64: ${message}\n`);
  expect(rows).toMatchObject([event]);
  expect(report.unparsed).toBe(0);
});

test('a write that failed and is traced is one write', () => {
  const trace = 'vfio_region_write  (0000:03:00.0:region0+0x40, 0x1, 4)\n';
  const message =
    'kvm: vfio_region_write(0000:03:00.0:region0+0x40, 0x1,4) failed: Input/output error\n';
  const { rows } = read(`${trace}${message}${trace}`);
  expect(rows.map(({ kind }) => kind)).toEqual(['region.write', 'log', 'region.write']);
  expect(rows[1]).toMatchObject({ device, ret: -5n });
});
