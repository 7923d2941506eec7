/** Users of character devices that attach page tables to PASIDs of a device. */
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { NIC, nics, TWIN, vfioPci } from './parts.js';

const ofVfio = { driver: 'vfio-pci', override: 'vfio-pci' } as const;
const nic: FunctionDocument = {
  ...nics[0],
  ...ofVfio,
  hardware: { express: true, properties: { pasids: 16 } },
};
const twin: FunctionDocument = { ...nics[1], ...ofVfio };

const bindOf = (of: string, as: string): readonly OperationDocument[] => [
  { open: 'cdev', of, as },
  { ioctl: 'VFIO_DEVICE_BIND_IOMMUFD', on: as, with: {}, files: ['iommufd'] },
];
const open: readonly OperationDocument[] = [
  { open: 'iommufd' },
  { ioctl: 'IOMMU_IOAS_ALLOC', on: 'iommufd', with: {} },
  ...bindOf(NIC, 'device'),
];
/** Objects of the iommufd in the order of their making. */
const [IOAS, DEVICE, TABLE, PLAIN] = [1, 2, 3, 4] as const;
const NONE = 9;

/** IOMMU_HWPT_ALLOC_PASID. */
const FOR_PASIDS = 8;
const newTable = (flags: number): OperationDocument => ({
  ioctl: 'IOMMU_HWPT_ALLOC',
  on: 'iommufd',
  with: { flags, dev_id: DEVICE, pt_id: IOAS },
});
const attach = (pt: number, on = 'device'): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  on,
  with: { pt_id: pt },
});
const attachPasid = (pasid: number, pt: number, on = 'device'): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  on,
  with: { flags: 1, pt_id: pt, pasid },
});
const detach: OperationDocument = {
  ioctl: 'VFIO_DEVICE_DETACH_IOMMUFD_PT',
  on: 'device',
  with: {},
};
const detachPasid = (pasid: number): OperationDocument => ({
  ...detach,
  with: { flags: 1, pasid },
});
const destroy = (id: number): OperationDocument => ({
  ioctl: 'IOMMU_DESTROY',
  on: 'iommufd',
  with: { id },
});

const scenarioOf = (
  name: string,
  title: string,
  kernel: string,
  does: readonly OperationDocument[],
  errors: readonly string[],
): ScenarioDocument => ({
  scenario: 1,
  kernel,
  name,
  title,
  machine: { functions: [nic, twin], drivers: [vfioPci] },
  actors: [{ name: 'client', does: [...open, ...does] }],
  outcomes: [{ errors: { client: errors } }],
});

export const PASID_USERS: readonly ScenarioDocument[] = [
  scenarioOf(
    'pasid-and-device-tables',
    'PASIDs need page tables made for them, and their device itself, too, as long as it has some',
    '7.3',
    [
      newTable(FOR_PASIDS),
      newTable(0),
      ...[IOAS, PLAIN, DEVICE, NONE].map((pt) => attachPasid(5, pt)),
      attach(PLAIN),
      attachPasid(5, TABLE),
      detach,
      ...[TABLE, TABLE].map((pt) => attachPasid(5, pt)),
      ...[IOAS, PLAIN, TABLE].map((pt) => attach(pt)),
      destroy(TABLE),
      detachPasid(5),
      destroy(TABLE),
      detach,
      destroy(TABLE),
    ],
    [
      ...['EINVAL', 'EINVAL', 'EINVAL', 'ENOENT', 'EINVAL'],
      ...['EINVAL', 'EINVAL', 'EBUSY', 'EBUSY'],
    ],
  ),
  scenarioOf(
    'pasid-numbers',
    'PASID 0 is the device, others end where those of the device do, and none is above 2^31 - 1',
    '7.3',
    [
      newTable(FOR_PASIDS),
      attach(TABLE),
      ...[0, 15, 16, 0x8000_0000].map((pasid) => attachPasid(pasid, TABLE)),
    ],
    ['EBUSY', 'EINVAL', 'ENOSPC'],
  ),
  scenarioOf(
    'pasid-of-a-device-without',
    'a PASID is attached in vain to a device that has none',
    '6.15',
    [newTable(FOR_PASIDS), ...bindOf(TWIN, 'twin'), attachPasid(5, TABLE, 'twin')],
    [],
  ),
  scenarioOf(
    'pasid-before-its-time',
    'up to 6.14 a PASID is a flag that is not known, and up to 6.13 so is a page table for it',
    '6.12',
    [newTable(FOR_PASIDS), attachPasid(5, IOAS), detachPasid(5)],
    ['EOPNOTSUPP', 'EINVAL', 'EINVAL'],
  ),
];
