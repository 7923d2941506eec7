/** Users of a PF and of its VF have to know the same token. */
import { DEVICE_FEATURE, FEATURE_FLAG } from '../model/vfio/device-features.js';
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { after, GPU, gpu, VF, vfioPci } from './parts.js';

const first = { scenario: 1, kernel: '6.12' } as const;
const OLD = '1d0a7ed4-8bf4-4f0e-a6f5-0e2d5b1b6a01';
const NEW = '2d0a7ed4-8bf4-4f0e-a6f5-0e2d5b1b6a02';

const ofVfio = { driver: 'vfio-pci', override: 'vfio-pci' } as const;
const pf: FunctionDocument = { ...gpu, ...ofVfio, sriov: { ...gpu.sriov!, vfs: [ofVfio] } };
const machine = {
  functions: [pf],
  drivers: [{ ...vfioPci, parameters: { enable_sriov: true } }],
};

const tokenOf = (token: string | undefined) => (token === undefined ? {} : { token });
const groupOf = (device: string): readonly OperationDocument[] => [
  { open: 'container' },
  { open: 'group', of: device },
  { ioctl: 'VFIO_GROUP_SET_CONTAINER', on: 'group', files: ['container'] },
  { ioctl: 'VFIO_SET_IOMMU', on: 'container', with: 3 },
];
const get = (device: string, token?: string): OperationDocument => ({
  ioctl: 'VFIO_GROUP_GET_DEVICE_FD',
  on: 'group',
  device,
  ...tokenOf(token),
});
const setToken = (token: string): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_FEATURE',
  on: 'device',
  with: { flags: DEVICE_FEATURE.PCI_VF_TOKEN | FEATURE_FLAG.SET },
  token,
});
const bindTo = (flags: 0 | 1, token?: string): OperationDocument => ({
  ioctl: 'VFIO_DEVICE_BIND_IOMMUFD',
  on: 'device',
  with: { flags },
  files: ['iommufd'],
  ...tokenOf(token),
});
const cdevOf = (device: string): readonly OperationDocument[] => [
  { open: 'iommufd' },
  { open: 'cdev', of: device, as: 'device' },
];
const close: OperationDocument = { close: 'device' };

export const VF_TOKENS: readonly ScenarioDocument[] = [
  {
    ...first,
    name: 'vf-token-by-group',
    title: 'the token that the PF has last opens the VF, and then opens the PF again',
    machine,
    actors: [
      {
        name: 'pf-user',
        does: [
          ...groupOf(GPU),
          get(GPU, OLD),
          setToken(NEW),
          close,
          after('vf-user', 7, get(GPU)),
          get(GPU, OLD),
          get(GPU, NEW),
        ],
      },
      {
        name: 'vf-user',
        does: [...groupOf(VF), after('pf-user', 7, get(VF)), get(VF, OLD), get(VF, NEW)],
      },
    ],
    outcomes: [{ errors: { 'pf-user': ['EACCES', 'EACCES'], 'vf-user': ['EACCES', 'EACCES'] } }],
  },
  {
    ...first,
    name: 'vf-token-by-cdev',
    title: 'from 6.17 on BIND_IOMMUFD requires the token of the PF, as GET_DEVICE_FD does',
    kernel: '6.17',
    machine,
    actors: [
      { name: 'pf-user', does: [...cdevOf(GPU), bindTo(1, NEW)] },
      {
        name: 'vf-user',
        does: [
          ...cdevOf(VF),
          after('pf-user', 3, bindTo(0)),
          bindTo(1),
          bindTo(1, OLD),
          bindTo(1, NEW),
        ],
      },
    ],
    outcomes: [{ errors: { 'pf-user': [], 'vf-user': ['EACCES', 'EFAULT', 'EACCES'] } }],
  },
  {
    ...first,
    name: 'vf-token-not-by-cdev',
    title: 'before 6.17 the character device of a VF opens without the token of the PF',
    machine,
    actors: [
      { name: 'pf-user', does: [...cdevOf(GPU), bindTo(0), setToken(NEW)] },
      { name: 'vf-user', does: [...cdevOf(VF), after('pf-user', 4, bindTo(0))] },
    ],
    outcomes: [{ errors: { 'pf-user': [], 'vf-user': [] } }],
  },
];
