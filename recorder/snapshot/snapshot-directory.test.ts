/**
 * Goal: a snapshot directory gives the state that it describes, and one that is not of the form, or
 * cannot be read, is told with the file at fault.
 * Method: directories written by hand; none of what is wrong with them may pass in silence.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from '../../tests/build-trace.js';
import { readSnapshotDirectory } from './snapshot-directory.js';

const NVME = {
  driver: 'nvme',
  driver_override: '(null)',
  iommu_group: '3',
  physfn: null,
  vendor: '0x1b36',
  resource: ['0x0 0x0 0x0'],
  odd: 17,
};

function directory(devices: unknown, configs: Record<string, Uint8Array> = {}): string {
  const folder = scratchFolder();
  mkdirSync(join(folder, 'config'));
  const text = typeof devices === 'string' ? devices : JSON.stringify(devices);
  writeFileSync(join(folder, 'devices.json'), text);
  for (const [name, bytes] of Object.entries(configs)) {
    writeFileSync(join(folder, 'config', name), bytes);
  }
  return folder;
}

test('functions with their attributes and configuration spaces, and the time', () => {
  const config = Uint8Array.from({ length: 256 }, (_, i) => i);
  const devices = { '0000:01:00.0': NVME, '0000:02:00.0': { driver_override: 'vfio-pci' } };
  const folder = directory({ devices, t_mono: 1.5 }, { '0000:01:00.0.bin': config });
  const { timeNs, functions } = readSnapshotDirectory(folder);
  expect(timeNs).toBe(1_500_000_000n);
  expect(functions).toEqual([
    {
      bdf: '0000:01:00.0',
      driver: 'nvme',
      driverOverride: null,
      iommuGroup: '3',
      physfn: null,
      attributes: { vendor: '0x1b36', resource: ['0x0 0x0 0x0'] },
      config: Buffer.from(config),
    },
    expect.objectContaining({ driver: null, driverOverride: 'vfio-pci', config: null }),
  ]);
});

test('no configuration space is longer than that of PCI Express', () => {
  const folder = directory(
    { devices: { '0000:01:00.0': {} } },
    { '0000:01:00.0.bin': new Uint8Array(5000) },
  );
  expect(readSnapshotDirectory(folder).functions[0]?.config).toHaveLength(4096);
});

describe('what is not of the form is told', () => {
  test.each([
    ['no JSON', '{"devices": '],
    ['no devices', { functions: {} }],
    ['devices that are a list', { devices: [] }],
    ['a name that is no address', { devices: { eth0: {} } }],
    ['a function that is no object', { devices: { '0000:01:00.0': 'nvme' } }],
  ])('a snapshot that is not of the form is refused: %s', (_what, devices) => {
    const folder = directory(devices);
    const told = expect.objectContaining({
      code: 'SNAPSHOT_MALFORMED',
      place: { file: join(folder, 'devices.json') },
    });
    expect(() => readSnapshotDirectory(folder)).toThrow(told);
  });

  test('a directory that is none, and a configuration space that cannot be read', () => {
    const code = (name: string) => expect.objectContaining({ code: name });
    expect(() => readSnapshotDirectory(scratchFolder())).toThrow(code('FILE_ENOENT'));
    const folder = directory({ devices: { '0000:01:00.0': {} } });
    mkdirSync(join(folder, 'config', '0000:01:00.0.bin'));
    expect(() => readSnapshotDirectory(folder)).toThrow(code('FILE_EISDIR'));
  });
});
