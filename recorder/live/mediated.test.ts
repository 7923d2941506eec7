/**
 * Goal: a snapshot tells the mediated devices, of which type and parent they are, and what more can
 * be made. Method: folders with the files and links that the kernel's mtty sample has in sysfs.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../tests/build-trace.js';
import { mediatedDevices, mediatedTypes } from './mediated.js';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

function machine() {
  const root = scratchFolder();
  const parent = join(root, 'devices/virtual/mtty/mtty');
  const type = join(parent, 'mdev_supported_types/mtty-2');
  mkdirSync(join(type, 'devices'), { recursive: true });
  writeFileSync(join(type, 'name'), 'Dual port serial\n');
  writeFileSync(join(type, 'available_instances'), '11\n');
  writeFileSync(join(type, 'device_api'), 'vfio-pci\n');
  mkdirSync(join(parent, UUID));
  symlinkSync('../mdev_supported_types/mtty-2', join(parent, UUID, 'mdev_type'));
  symlinkSync('../../../../kernel/iommu_groups/12', join(parent, UUID, 'iommu_group'));
  for (const folder of ['bus/mdev/devices', 'class/mdev_bus'])
    mkdirSync(join(root, folder), { recursive: true });
  symlinkSync(`../../../devices/virtual/mtty/mtty/${UUID}`, join(root, 'bus/mdev/devices', UUID));
  symlinkSync('../../devices/virtual/mtty/mtty', join(root, 'class/mdev_bus/mtty'));
  return root;
}

test('a device with its type, parent and group', () => {
  const devices = mediatedDevices(join(machine(), 'bus/mdev/devices'));
  const [mdev, parent, type] = [UUID, 'mtty', 'mtty-2'];
  expect(devices).toEqual([{ mdev, parent, type, driver: null, iommu_group: '12' }]);
});

test('the types of a parent with what sysfs prints of them', () => {
  expect(mediatedTypes(join(machine(), 'class/mdev_bus'))).toEqual([
    {
      mdev_parent: 'mtty',
      type: 'mtty-2',
      attributes: {
        name: 'Dual port serial',
        available_instances: '11',
        device_api: 'vfio-pci',
      },
    },
  ]);
});

test('a machine without any has none', () => {
  expect([mediatedDevices('/nonexistent'), mediatedTypes('/nonexistent')]).toEqual([[], []]);
});
