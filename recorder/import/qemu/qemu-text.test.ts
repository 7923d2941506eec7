/**
 * Goal: every line of a QEMU trace log becomes the event that it tells of, in all its forms.
 * Method: logs of real QEMU processes against counts made by splitting the text, however the input
 * is cut into chunks; and single lines of QEMU 7.2 to 10 against their meaning.
 */
import { describe, expect, test } from 'vitest';
import { countBy, importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { qemuText } from './qemu-text.js';

const importText = (text: string) => importBytes(qemuText, Buffer.from(text));
const LOGS = ['nested-linux', 'nested-bios', 'outer'];

/** Events by name, counted without the importer: indented lines belong to the line before. */
function countNames(log: string): Record<string, number> {
  const lines = log.split('\n').filter((line) => line !== '' && !line.startsWith(' '));
  return countBy(lines, (line) => line.replace(/^\d+@[\d.]+:/, '').split(' ')[0]);
}

describe.each(LOGS)('the log %s', (name) => {
  const bytes = testData(`qemu/${name}.log.zst`);
  const { report, rows } = importBytes(qemuText, bytes);

  test('a log of QEMU is detected as qemu-log', () => {
    expect(qemuText.detect(bytes.subarray(0, 65536), 'x')).toBeGreaterThan(0.5);
  });

  test('a log of QEMU gives one event per record, under its name', () => {
    const names = countNames(bytes.toString());
    expect(report).toEqual({ records: names, unparsed: 0, lost: 0 });
    expect(countBy(rows, (row) => row.name!)).toEqual(names);
  });

  test('a log of QEMU is the same however it is cut', () => {
    const again = importBytes(qemuText, bytes, 997);
    expect(again.report).toEqual(report);
    expect(again.rows).toEqual(rows);
  });

  test('a log of QEMU has the values of all accesses as the log prints them', () => {
    const accesses = rows.filter((row) => row.path === 'guest');
    const printed = bytes
      .toString()
      .split('\n')
      .filter((line) => /(_config|pci_cfg_\w+|vfio_region_(read|write)|vfio_rom_read) /.test(line))
      .filter((line) => !line.includes('populate'))
      .map((line) => {
        const values: Record<string, RegExp> = {
          vfio_pci_write_config: /, (0x\w+), len/,
          vfio_region_write: /, (0x\w+), \d+\)$/,
        };
        const event = /(\w+) /.exec(line.replace(/^\d+@[\d.]+:/, ''))![1];
        return BigInt((values[event] ?? / (0x\w+)$/).exec(line)![1]);
      });
    expect(accesses.map((row) => row.value)).toEqual(printed);
  });
});

test('guest and host number devices on their own, and which is which can be told', () => {
  const { rows } = importBytes(qemuText, testData('qemu/nested-linux.log.zst'));
  const pairs = rows.flatMap((row, i) => {
    const before = rows[i - 1];
    const isPair = row.name === 'pci_cfg_read' && before?.name === 'vfio_pci_read_config';
    return isPair && row.offset === before.offset ? [`${row.device} ${before.device}`] : [];
  });
  expect([...new Set(pairs)].sort()).toEqual([
    '00:03.0 0000:03:00.0',
    '01:00.0 0000:02:00.0',
    '02:00.0 0000:01:00.1',
  ]);
  const devicesOf = (prefix: string) =>
    new Set(rows.filter(({ name }) => name?.startsWith(prefix)).map(({ device }) => device));
  const guest = devicesOf('pci_cfg_');
  expect([...devicesOf('vfio_')].filter((device) => guest.has(device))).toEqual([]);
});

describe('a line', () => {
  const only = (line: string) => {
    const { rows, report } = importText(`${line}\n`);
    expect(rows).toHaveLength(1);
    expect(report.unparsed).toBe(0);
    const { seq, source, ...rest } = rows[0];
    expect([seq, source]).toEqual([0, 'qemu']);
    return rest;
  };
  const point = { ts: 0n, phase: 'point' };

  test('a line of a config read and write has offset, length and value', () => {
    expect(
      only('183@1795246250.081970:vfio_pci_read_config  (0000:03:00.0, @0x3d, len=0x1) 0x1'),
    ).toEqual({
      ts: 1_795_246_250_081_970_000n,
      phase: 'point',
      tid: 183,
      kind: 'config.read',
      name: 'vfio_pci_read_config',
      path: 'guest',
      device: '0000:03:00.0',
      region: 7,
      offset: 0x3dn,
      length: 1n,
      value: 1n,
    });
    expect(only('vfio_pci_write_config  (0000:02:00.0, @0x10, 0xfe600000, len=0x4)')).toEqual({
      ...point,
      kind: 'config.write',
      name: 'vfio_pci_write_config',
      path: 'guest',
      device: '0000:02:00.0',
      region: 7,
      offset: 0x10n,
      length: 4n,
      value: 0xfe600000n,
    });
  });

  test('a line of a region access knows that a write has its value before its size', () => {
    const common = { ...point, path: 'guest', device: '0000:01:00.1', region: 0 };
    expect(only('vfio_region_write  (0000:01:00.1:region0+0x1000, 0x3, 4)')).toEqual({
      ...common,
      kind: 'region.write',
      name: 'vfio_region_write',
      offset: 0x1000n,
      length: 4n,
      value: 3n,
    });
    expect(only('vfio_region_read  (0000:01:00.1:region0+0x8, 8) = 0xffffffffffffffff')).toEqual({
      ...common,
      kind: 'region.read',
      name: 'vfio_region_read',
      offset: 8n,
      length: 8n,
      value: 0xffff_ffff_ffff_ffffn,
    });
  });

  test("a line of QEMU's own config space names the guest's device and its model", () => {
    expect(only('pci_cfg_write pcie-root-port 00:01.0 @0x19 <- 0xff')).toEqual({
      ...point,
      kind: 'config.write',
      name: 'pci_cfg_write',
      path: 'guest',
      device: '00:01.0',
      region: 7,
      offset: 0x19n,
      value: 0xffn,
      text: 'pcie-root-port',
    });
  });

  test('a line of a mapping has its address and length, up to all of the address space', () => {
    const line = 'vfio_listener_region_add_ram region_add [ram] 0x0 - 0x3ffffff [0x7f29f1800000]';
    expect(only(line)).toMatchObject({ kind: 'dma.map', offset: 0n, length: 0x400_0000n });
    expect(only('vfio_listener_region_del region_del 0xfffff000 - 0x100000fff')).toMatchObject({
      kind: 'dma.unmap',
      offset: 0xffff_f000n,
      length: 0x2000n,
    });
    expect(
      only(
        'iommufd_backend_map_dma  iommufd=10 ioas=2 iova=0xc0000 size=0x20000 addr=(nil) readonly=1 (-14)',
      ),
    ).toMatchObject({ kind: 'dma.map', offset: 0xc0000n, length: 0x20000n, ret: -14n });
  });

  test('a line of the other kinds', () => {
    expect(only('vfio_msi_interrupt  (0000:02:00.0) vector 1 0xfee00000/0x4021')).toMatchObject({
      kind: 'irq.fire',
      device: '0000:02:00.0',
      value: 1n,
      text: '(0000:02:00.0) vector 1 0xfee00000/0x4021',
    });
    expect(only('vfio_pci_reset  (0000:03:00.0)')).toMatchObject({ kind: 'reset' });
    expect(
      only('vfio_region_mmap Region 0000:03:00.0 BAR 2 mmaps[0] [0x1000 - 0xfffff]'),
    ).toMatchObject({ kind: 'mmap', device: '0000:03:00.0', region: 2, length: 0xff000n });
    expect(
      only(
        'vfio_vmstate_change_prepare  (0000:3b:00.2) running 0 reason finish-migrate device state STOP_COPY',
      ),
    ).toMatchObject({ kind: 'migration', device: '0000:3b:00.2' });
    expect(only('vfio_quirk_some_new_thing  (0000:3b:00.2) whatever')).toMatchObject({
      kind: 'log',
      name: 'vfio_quirk_some_new_thing',
      text: '(0000:3b:00.2) whatever',
    });
  });
});

describe('what a line names is in its columns', () => {
  const row = (line: string) => {
    const { rows, report } = importText(`${line}\n`);
    expect([rows.length, report.unparsed]).toEqual([1, 0]);
    return rows[0];
  };
  const device = '0000:04:00.2';

  test.each<[string, object]>([
    ['vfio_pci_hot_reset_result 0000:04:00.2 hot reset: Invalid argument', { device, ret: -22n }],
    ['vfio_pci_hot_reset_result 0000:04:00.2 hot reset: Success', { device, ret: 0n }],
    ['vfio_pci_hot_reset_has_dep_devices 0000:04:00.2: hot reset dependent devices:', { device }],
    [
      'vfio_pci_hot_reset_dep_devices \t10000:04:00.3 group 9',
      { device: '10000:04:00.3', value: 9n },
    ],
    ['iommufd_cdev_pci_hot_reset_dep_devices \t0000:04:00.2 devid 3', { device }],
    [
      'vfio_region_dmabuf Device 0000:04:00.2, dmabuf fd 30 region 0 "0000:04:00.2 BAR 0", offset: 0x10, size: 0x4000',
      { device, region: 0, offset: 0x10n, length: 0x4000n },
    ],
    ['vfio_get_dev_region 0000:04:00.2 index 9, 80008086/00000001', { device, region: 9 }],
    ['vfio_check_pcie_flr 0000:04:00.2 Supports FLR via PCIe cap', { device }],
    ['vfio_msi_setup 0000:04:00.2 PCI MSI CAP @0x50', { device, offset: 0x50n }],
    [
      'vfio_msix_early_setup 0000:04:00.2 PCI MSI-X CAP @0x70, BAR 4, offset 0x2000, entries 65, noresize 0',
      { device, region: 4, offset: 0x70n, value: 65n },
    ],
    ['vfio_pci_igd_bdsm_enabled 0000:04:00.2 64MB', { device, length: 64n }],
    ['iommufd_cdev_device_info  0000:04:00.2 (33) num_irqs=5 num_regions=9 flags=2', { device }],
    ['vfio_migration_state_notifier  (0000:04:00.2) state active', { kind: 'migration', device }],
    ['vfio_load_state_device_data  (0000:04:00.2) size 8 ret -5', { device, length: 8n, ret: -5n }],
    [
      'vtd_dmar_fault sid 0x210 fault 5 addr 0xffff0000 write 1',
      { kind: 'fault.dma', device: '02:02.0', offset: 0xffff0000n, value: 5n },
    ],
    [
      'vtd_dmar_translate dev 02:03.01 iova 0x1000 -> gpa 0x7000 mask 0xfff',
      { device: '02:03.1', offset: 0x1000n, value: 0x7000n },
    ],
    [
      'pci_update_mappings_add e1000e 00:03.0 1,0xfe000000+0x20000',
      { device: '00:03.0', region: 1, offset: 0xfe000000n, length: 0x20000n },
    ],
    [
      'pci_cfg_read virtio-net-pci 03:0 @0x4 -> 0x10',
      { kind: 'config.read', offset: 4n, value: 16n },
    ],
  ])('what a line of QEMU names is in its columns: %s', (line, columns) => {
    expect(row(line)).toMatchObject(columns);
  });

  test('a device that has no bus in the text has none', () => {
    expect(row('pci_cfg_read virtio-net-pci 03:0 @0x4 -> 0x10').device).toBeUndefined();
    expect(row('pci_bad_pcir_offset Bad PCIR offset 0x10 or signature').device).toBeUndefined();
  });
});

describe('a syslog', () => {
  const line = (before: string) =>
    `${before}qemu-system-x86_64[7131]: vfio_region_mmap Region 0000:84:00.0 BAR 2 mmaps[0] [0x0 - 0xfff]\n`;
  const mmap = { kind: 'mmap', device: '0000:84:00.0', region: 2, length: 0x1000n, pid: 7131 };
  const seconds = 18 * 3600 + 17 * 60 + 24;

  test.each<[string, string, bigint, string]>([
    ['without a year', 'Jan 13 18:17:24 vm ', BigInt(12 * 86_400 + seconds), 'year'],
    ['in another language', 'янв 13 18:17:24 vm ', BigInt(seconds), 'day'],
    [
      'with a zone',
      '2026-01-13T18:17:24.000005+03:00 vm ',
      BigInt(Date.UTC(2026, 0, 13, 15, 17, 24)) / 1000n,
      'realtime',
    ],
  ])('a line of QEMU in a syslog has its time: %s', (_, before, time, clock) => {
    const bytes = Buffer.from(line(before));
    expect(qemuText.detect(bytes, 'x')).toBeGreaterThan(0.5);
    expect(qemuText.meta({ head: bytes } as never).clock).toBe(clock);
    const { rows } = importBytes(qemuText, bytes);
    expect(rows[0]).toMatchObject(mmap);
    expect(rows[0].ts / 1_000_000_000n).toBe(time);
  });
});

test('a few events among other messages are a log of QEMU; prose about it is none', () => {
  const detect = (text: string) => qemuText.detect(Buffer.from(text), 'x');
  const noise = 'qemu-system-x86_64: IOMMU_IOAS_MAP failed: Invalid argument\n'.repeat(4);
  expect(detect(`${noise}vfio_pci_reset  (0000:03:00.0)\n`)).toBeGreaterThan(0.2);
  expect(detect(noise)).toBeGreaterThan(0.5);
  const prose = 'qemu-system-x86_64: warning: x\nThe vfio device of my QEMU: it fails.\n'.repeat(2);
  expect(detect(`${prose}vfio_pci was loaded here\n`)).toBeLessThan(0.2);
});

describe('other text', () => {
  test('other text becomes log events and is counted', () => {
    const { rows, report } = importText(
      'vfio_pci_reset  (0000:03:00.0)\nqemu-system-x86_64: warning: x\nvfio_region_read  (garbage)\n',
    );
    expect(report.unparsed).toBe(2);
    expect(rows.map((row) => row.kind)).toEqual(['reset', 'log', 'log']);
    expect(rows[1].text).toBe('qemu-system-x86_64: warning: x');
  });

  test('a record over two lines is one event; a cut last line is kept but not trusted', () => {
    const text =
      'vfio_populate_device_config Device 0000:03:00.0 config:\n' +
      '  size: 0x100, offset: 0x70000000000, flags: 0x3\n' +
      'vfio_region_read  (0000:03:00.0:region0+0x8, 4) = 0x12';
    const { rows, report } = importText(text);
    expect(rows[0]).toMatchObject({ device: '0000:03:00.0', length: 0x100n, value: 3n });
    expect(rows[1].kind).toBe('log');
    expect(rows[1].value).toBeUndefined();
    expect(report.stopped).toEqual({
      offset: text.lastIndexOf('\n') + 1,
      why: 'the last line has no end',
    });
  });

  test('times in ISO 8601 are times', () => {
    const line = (time: string) => `${time} vfio_pci_reset  (0000:03:00.0)\n`;
    const text = line('2026-11-21T08:57:33.000120Z') + line('2026-11-21T08:57:34Z');
    const { rows, report } = importText(text);
    const second = BigInt(Date.UTC(2026, 10, 21, 8, 57, 33)) * 1_000_000n;
    expect(rows.map((row) => row.ts)).toEqual([second + 120_000n, second + 1_000_000_000n]);
    expect([rows[1].kind, report.unparsed]).toEqual(['reset', 0]);
    expect(qemuText.meta({ head: Buffer.from(text) } as never).clock).toBe('realtime');
  });

  test('Windows line ends do not matter', () => {
    const { rows, report } = importText('vfio_pci_reset  (0000:03:00.0)\r\n');
    expect([rows[0].device, report.unparsed]).toEqual(['0000:03:00.0', 0]);
  });
});
