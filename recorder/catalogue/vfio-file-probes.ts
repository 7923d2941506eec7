/**
 * The files of VFIO and of iommufd, registration with VFIO, and the mappings that devices get
 * (Linux drivers/vfio, drivers/iommu).
 */
import { answered, arg, deref, device, member, point, span, user } from './probe-builders.js';
import type { Probe } from './probe-definition.js';

const vfio = { module: 'vfio', group: 'vfio' } as const;
const dev = { device: 'dev' } as const;
const vfioDevice = { dev: member(1, 'string', 'vfio_device.dev.kobj.name') };
/** Device of a file that a group handed out, or that was opened by itself. */
const openDevice = member(
  2,
  'string',
  'file.private_data(vfio_device_file).device.dev.kobj.name',
  'file.private_data(vfio_device).dev.kobj.name',
);

/**
 * File numbers come from the system calls: `openat`, and the ioctl that returns a device's file.
 */
const FILES: readonly Probe[] = [
  ...span({
    ...vfio,
    symbol: 'vfio_group_fops_open',
    kind: 'group.open',
    fetch: { group: member(1, 's32', 'inode.i_cdev(vfio_group@cdev).iommu_group.id') },
    columns: { value: 'group' },
  }),
  ...point({
    ...vfio,
    symbol: 'vfio_group_fops_release',
    kind: 'group.close',
    fetch: { group: member(2, 's32', 'file.private_data(vfio_group).iommu_group.id') },
    columns: { value: 'group' },
  }),
  ...span({ ...vfio, symbol: 'vfio_fops_open', kind: 'file.open' }),
  ...point({
    ...vfio,
    symbol: 'vfio_fops_release',
    kind: 'file.close',
  }),
  ...span({
    ...vfio,
    symbol: 'vfio_device_fops_cdev_open',
    kind: 'file.open',
    fetch: { dev: member(1, 'string', 'inode.i_cdev(vfio_device@cdev).dev.kobj.name') },
    columns: dev,
  }),
  ...point({
    ...vfio,
    symbol: 'vfio_device_fops_release',
    kind: 'file.close',
    fetch: { dev: openDevice },
    columns: dev,
  }),
  ...span({ module: 'iommufd', group: 'vfio', symbol: 'iommufd_fops_open', kind: 'file.open' }),
];

const ofFile = {
  ...vfio,
  fetch: { dev: member(1, 'string', 'vfio_device_file.device.dev.kobj.name') },
  columns: dev,
} as const;

/** The struct of a call on a device file, up to what all of its versions have. */
const boundBy = (what: string) => ({
  ...ofFile,
  kind: 'ioctl' as const,
  fetch: {
    ...ofFile.fetch,
    argsz: user(2, 0, 'u32'),
    flags: user(2, 4, 'x32'),
    [what]: user(2, 8, 's32'),
  },
  columns: { ...dev, data: [['argsz', 4] as const, ['flags', 4] as const, [what, 4] as const] },
});

/** Doors to a device; the calls are those of `vfio_device_fops_unl_ioctl`, which is around them. */
const DEVICES: readonly Probe[] = [
  ...span({ ...ofFile, symbol: 'vfio_df_open', kind: 'device.open' }),
  ...point({ ...ofFile, symbol: 'vfio_df_close', kind: 'device.close' }),
  ...span({ ...boundBy('iommufd'), symbol: 'vfio_df_ioctl_bind_iommufd' }, 's64'),
  ...span({ ...boundBy('pt'), symbol: 'vfio_df_ioctl_attach_pt' }),
  ...span({
    ...ofFile,
    symbol: 'vfio_df_ioctl_detach_pt',
    kind: 'ioctl',
    fetch: { ...ofFile.fetch, argsz: user(2, 0, 'u32'), flags: user(2, 4, 'x32') },
    columns: {
      ...dev,
      data: [
        ['argsz', 4],
        ['flags', 4],
      ],
    },
  }),
  ...point({ ...ofFile, symbol: 'vfio_df_unbind_iommufd', kind: 'dma.detach' }),
  ...['vfio_register_group_dev', 'vfio_register_emulated_iommu_dev'].flatMap((symbol) =>
    span({ ...vfio, symbol, kind: 'vfio.register', fetch: vfioDevice, columns: dev }),
  ),
  ...span(
    {
      ...vfio,
      symbol: 'vfio_unregister_group_dev',
      kind: 'vfio.unregister',
      fetch: vfioDevice,
      columns: dev,
    },
    null,
  ),
  // Each step of a migration; the state that comes next is data of the end.
  ...answered(
    {
      ...vfio,
      symbol: 'vfio_mig_get_next_state',
      kind: 'migration',
      fetch: { ...vfioDevice, cur: arg(2, 'u32'), new: arg(3, 'u32') },
      columns: { ...dev, offset: 'cur', value: 'new' },
    },
    { next: deref(4, 'u32') },
    [['next', 4]],
  ),
];

/** The low half of an address distinguishes containers without revealing the kernel's layout. */
const container = { arg: 1, address: true, type: 'x32' } as const;
const ofGroup = {
  module: 'vfio_iommu_type1',
  group: 'iommu',
  fetch: { iommu: container, group: member(2, 's32', 'iommu_group.id') },
  columns: { value: 'group', length: 'iommu' },
} as const;
const attachIoas = {
  ...vfio,
  kind: 'dma.attach',
  fetch: { ...vfioDevice, pt: deref(2, 'u32') },
  columns: { ...dev, value: 'pt' },
} as const;

/**
 * Which devices get the mappings of a container. `length` identifies the container, as in the calls
 * that map.
 */
const ATTACHED: readonly Probe[] = [
  ...span({ ...ofGroup, symbol: 'vfio_iommu_type1_attach_group', kind: 'dma.attach' }),
  ...point({ ...ofGroup, symbol: 'vfio_iommu_type1_detach_group', kind: 'dma.detach' }),
  ...span({ ...attachIoas, symbol: 'vfio_iommufd_physical_attach_ioas' }),
  ...span({ ...attachIoas, symbol: 'vfio_iommufd_emulated_attach_ioas' }),
  ...['vfio_iommufd_physical_detach_ioas', 'vfio_iommufd_emulated_detach_ioas'].flatMap((symbol) =>
    point({ ...vfio, symbol, kind: 'dma.detach', fetch: vfioDevice, columns: dev }),
  ),
  ...answered(
    {
      module: 'iommufd',
      group: 'iommu',
      symbol: 'iommufd_device_bind',
      kind: 'dma.attach',
      fetch: { ctx: container, dev: device(2) },
      columns: { ...dev, length: 'ctx' },
    },
    { id: deref(3, 'u32') },
    [['id', 4]],
    'x64',
  ),
  ...point({
    module: 'iommufd',
    group: 'iommu',
    symbol: 'iommufd_device_unbind',
    kind: 'dma.detach',
    fetch: { dev: member(1, 'string', 'iommufd_device.dev.kobj.name') },
    columns: dev,
  }),
];

const vdev = {
  module: 'vfio_pci_core',
  group: 'vfio',
  fetch: { dev: member(1, 'string', 'vfio_pci_core_device.vdev.dev.kobj.name') },
  columns: dev,
} as const;

/** BARs that others reach as DMABUFs (Linux 6.19), and the name by which a user asks for a VF. */
const GIVEN_OUT: readonly Probe[] = [
  ...span({ ...vdev, symbol: 'vfio_pci_core_feature_dma_buf', kind: 'dmabuf' }),
  ...point({
    ...vdev,
    symbol: 'vfio_pci_dma_buf_move',
    kind: 'dmabuf',
    fetch: { ...vdev.fetch, revoked: arg(2, 'u8') },
    columns: { ...dev, value: 'revoked' },
  }),
  ...point({ ...vdev, symbol: 'vfio_pci_dma_buf_cleanup', kind: 'dmabuf' }),
  // The argument may contain the VF token, which is a secret; the result says enough.
  ...['vfio_pci_core_match', 'vfio_pci_core_match_token_uuid'].flatMap((symbol) =>
    span({ ...vdev, symbol, kind: 'file.open', fetch: vfioDevice, columns: dev }),
  ),
];

const owner = { group: 'iommu', kind: 'dma.owner' } as const;
const ownDevice = { ...owner, fetch: { dev: device(1) }, columns: dev } as const;
const ownGroup = {
  ...owner,
  fetch: { group: member(1, 's32', 'iommu_group.id') },
  columns: { value: 'group' },
} as const;

/** DMA of a group belongs to drivers or to one user (Linux 5.19); -EBUSY is the other's turn. */
const OWNERS: readonly Probe[] = [
  ...span({ ...ownGroup, symbol: 'iommu_group_claim_dma_owner' }),
  ...point({ ...ownGroup, symbol: 'iommu_group_release_dma_owner' }),
  ...span({ ...ownDevice, symbol: 'iommu_device_claim_dma_owner' }),
  ...point({ ...ownDevice, symbol: 'iommu_device_release_dma_owner' }),
  ...span({ ...ownDevice, symbol: 'iommu_device_use_default_domain' }),
  ...point({ ...ownDevice, symbol: 'iommu_device_unuse_default_domain' }),
];

export const FILES_AND_OWNERS: readonly Probe[] = [
  ...FILES,
  ...DEVICES,
  ...ATTACHED,
  ...GIVEN_OUT,
  ...OWNERS,
];
