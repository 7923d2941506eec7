/** VFIO: ioctls, region accesses, mappings, interrupts (Linux drivers/vfio). */

import { REGION_CONFIG } from '../../traces/index.js';
import type { VfioFile } from '../vfio-ioctls.js';
import { answered, arg, deref, member, point, span, user } from './probe-builders.js';
import type { Columns, Probe } from './probe-definition.js';

const core = 'vfio_pci_core';
const vdev = (n: number) =>
  member(
    n,
    'string',
    'vfio_pci_core_device.vdev.dev.kobj.name',
    'vfio_pci_core_device.pdev.dev.kobj.name',
  );
const dev = { device: 'dev' } as const;

/** Device of a vfio device file; since 6.6 the file holds a vfio_device_file. */
const fileDevice = member(
  1,
  'string',
  'file.private_data(vfio_device_file).device.dev.kobj.name',
  'file.private_data(vfio_device).dev.kobj.name',
);

const ioctlFetch = { cmd: arg(2, 'x32'), arg: arg(3, 'x64') };
const ioctlColumns = (file: VfioFile) =>
  ({ ioctl: { field: 'cmd', file }, offset: 'arg' }) as const;

const IOCTLS: readonly Probe[] = [
  ...span(
    {
      symbol: 'vfio_fops_unl_ioctl',
      module: 'vfio',
      group: 'vfio',
      kind: 'ioctl',
      path: 'vfio',
      fetch: ioctlFetch,
      columns: ioctlColumns('container'),
    },
    's64',
  ),
  ...span(
    {
      symbol: 'vfio_group_fops_unl_ioctl',
      module: 'vfio',
      group: 'vfio',
      kind: 'ioctl',
      path: 'vfio',
      fetch: {
        group: member(1, 's32', 'file.private_data(vfio_group).iommu_group.id'),
        ...ioctlFetch,
        fd: user(3, 0, 's32'),
      },
      columns: {
        ...ioctlColumns('group'),
        // The second is the number of the container's file, for the call that has one.
        data: [
          ['group', 4],
          ['fd', 4],
        ],
      },
    },
    's64',
  ),
  ...answered(
    {
      symbol: 'vfio_device_fops_unl_ioctl',
      module: 'vfio',
      group: 'vfio',
      kind: 'ioctl',
      path: 'vfio',
      fetch: {
        dev: fileDevice,
        ...ioctlFetch,
        argsz: user(3, 0, 'u32'),
        u4: user(3, 4, 'x32'),
        u8: user(3, 8, 'x32'),
      },
      columns: {
        ...ioctlColumns('device'),
        ...dev,
        data: [
          ['argsz', 4],
          ['u4', 4],
          ['u8', 4],
        ],
      },
    },
    // The struct as the kernel has filled it in.
    {
      argsz: user(3, 0, 'u32'),
      u4: user(3, 4, 'x32'),
      u8: user(3, 8, 'x64'),
      u16: user(3, 16, 'x64'),
      u24: user(3, 24, 'x64'),
    },
    [
      ['argsz', 4],
      ['u4', 4],
      ['u8', 8],
      ['u16', 8],
      ['u24', 8],
    ],
    's64',
  ),
  ...span(
    {
      symbol: 'vfio_pci_core_ioctl',
      module: core,
      group: 'vfio',
      kind: 'ioctl',
      path: 'kernel',
      fetch: { dev: member(1, 'string', 'vfio_device.dev.kobj.name'), ...ioctlFetch },
      columns: { ...ioctlColumns('device'), ...dev },
    },
    's64',
  ),
  ...span(
    {
      symbol: 'vfio_iommu_type1_ioctl',
      module: 'vfio_iommu_type1',
      group: 'vfio',
      kind: 'ioctl',
      path: 'kernel',
      fetch: {
        iommu: { arg: 1, address: true, type: 'x32' },
        cmd: arg(2, 'x32'),
        argsz: user(3, 0, 'u32'),
        flags: user(3, 4, 'x32'),
        a8: user(3, 8, 'x64'),
        a16: user(3, 16, 'x64'),
        a24: user(3, 24, 'x64'),
      },
      columns: {
        ioctl: { field: 'cmd', file: 'container' },
        // Which container: the low half of its object's address.
        length: 'iommu',
        data: [
          ['argsz', 4],
          ['flags', 4],
          ['a8', 8],
          ['a16', 8],
          ['a24', 8],
        ],
      },
    },
    's64',
  ),
];

const accessFetch = {
  dev: vdev(1),
  count: arg(3, 'u64'),
  ppos: deref(4, 'x64'),
  write: arg(5, 'u8'),
  ubuf: user(2, 0, 'x32'),
};
const accessColumns = { ...dev, position: 'ppos', length: 'count', written: 'ubuf' } as const;
const region = { read: 'region.read', write: 'region.write', by: 'write' } as const;

/**
 * An access: its return record has the content of the user's buffer, on kernels whose return probes
 * see the arguments of the entry (Linux 6.9).
 */
const access = (call: Parameters<typeof span>[0]): Probe[] =>
  span(call, 's64').map((probe) =>
    probe.role !== 'return' || probe.site.type !== 'function'
      ? probe
      : {
          ...probe,
          columns: { ...probe.columns, given: 'given' },
          site: { ...probe.site, fetch: { ...probe.site.fetch, given: user(2, 0, 'x32') } },
        },
  );

/** `vfio_pci_rw` is the door for every region; it calls one of the others for the access itself. */
const ACCESSES: readonly Probe[] = [
  ...access({
    symbol: 'vfio_pci_rw',
    module: core,
    group: 'vfio',
    kind: region,
    path: 'vfio',
    vfio: true,
    fetch: accessFetch,
    columns: accessColumns,
  }),
  ...access({
    symbol: 'vfio_pci_config_rw',
    module: core,
    group: 'vfio',
    kind: { read: 'config.read', write: 'config.write', by: 'write' },
    path: 'vfio',
    vfio: true,
    fetch: accessFetch,
    columns: accessColumns,
  }),
  ...access({
    symbol: 'vfio_pci_bar_rw',
    module: core,
    group: 'vfio',
    kind: region,
    path: 'hardware',
    vfio: true,
    fetch: accessFetch,
    columns: accessColumns,
  }),
  ...span({
    symbol: 'vfio_basic_config_write',
    module: core,
    group: 'vfio',
    kind: 'config.write',
    path: 'virtual',
    fetch: { dev: vdev(1), pos: arg(2, 'x32'), count: arg(3, 's32'), val: arg(6, 'x32') },
    columns: { ...dev, region: REGION_CONFIG, offset: 'pos', length: 'count', value: 'val' },
  }),
];

const faultFetch = {
  dev: member(1, 'string', 'vm_fault.vma.vm_private_data(vfio_pci_core_device).vdev.dev.kobj.name'),
  address: member(1, 'x64', 'vm_fault.address'),
  pgoff: member(1, 'x64', 'vm_fault.pgoff'),
  flags: member(1, 'x32', 'vm_fault.flags'),
  vm_start: member(1, 'x64', 'vm_fault.vma.vm_start'),
  vm_pgoff: member(1, 'x64', 'vm_fault.vma.vm_pgoff'),
};
/**
 * Offset is the user address. Data holds vm_start, vm_pgoff and flags: on 6.1 vm_pgoff is the page
 * frame number of the BAR, from 6.12 on the page offset in the VFIO device file.
 */
const faultColumns = {
  ...dev,
  mapping: { start: 'vm_start', pages: 'vm_pgoff', is: 'used' },
  offset: 'address',
  value: 'pgoff',
  data: [
    ['vm_start', 8],
    ['vm_pgoff', 8],
    ['flags', 4],
  ],
} as const;

/** What a function that makes a mapping receives: the device and the area. */
export const mapFetch = {
  dev: member(1, 'string', 'vfio_device.dev.kobj.name'),
  vm_start: member(2, 'x64', 'vm_area_struct.vm_start'),
  vm_end: member(2, 'x64', 'vm_area_struct.vm_end'),
  vm_pgoff: member(2, 'x64', 'vm_area_struct.vm_pgoff'),
};
export const mapColumns: Columns = {
  ...dev,
  mapping: { start: 'vm_start', pages: 'vm_pgoff', is: 'made' },
  offset: 'vm_start',
  value: 'vm_pgoff',
  data: [['vm_end', 8]],
};

const MAPPINGS: readonly Probe[] = [
  ...span(
    {
      symbol: 'vfio_pci_mmap_fault',
      module: core,
      group: 'fault',
      kind: 'fault.page',
      path: 'vfio',
      fetch: faultFetch,
      columns: faultColumns,
    },
    'x32',
  ),
  ...span(
    {
      symbol: 'vfio_pci_mmap_huge_fault',
      module: core,
      group: 'fault',
      kind: 'fault.page',
      path: 'vfio',
      fetch: { ...faultFetch, order: arg(2, 'u32') },
      columns: {
        ...faultColumns,
        // The kernels that have it leave the offset in the file where it is.
        mapping: { ...faultColumns.mapping, is: 'made' },
        length: 'order',
      },
    },
    'x32',
  ),
  ...span({
    symbol: 'vfio_pci_core_mmap',
    module: core,
    group: 'vfio',
    kind: 'mmap',
    path: 'vfio',
    fetch: mapFetch,
    columns: mapColumns,
  }),
  ...point({
    symbol: 'vfio_pci_zap_and_down_write_memory_lock',
    module: core,
    group: 'vfio',
    kind: 'munmap',
    path: 'kernel',
    fetch: { dev: vdev(1) },
    columns: dev,
  }),
];

const lifecycle = { module: core, group: 'vfio', fetch: { dev: vdev(1) }, columns: dev } as const;
const vfioDevice = { dev: member(1, 'string', 'vfio_device.dev.kobj.name') };

const LIFECYCLE: readonly Probe[] = [
  ...span({ ...lifecycle, symbol: 'vfio_pci_core_register_device', kind: 'probe' }),
  ...span({ ...lifecycle, symbol: 'vfio_pci_core_enable', kind: 'device.open' }),
  ...point({ ...lifecycle, symbol: 'vfio_pci_core_disable', kind: 'device.close' }),
  ...point({
    ...lifecycle,
    symbol: 'vfio_pci_core_close_device',
    kind: 'device.close',
    fetch: vfioDevice,
  }),
  ...point({
    ...lifecycle,
    symbol: 'vfio_pci_core_request',
    kind: 'device.request',
    fetch: { ...vfioDevice, count: arg(2, 'u32') },
    columns: { ...dev, value: 'count' },
  }),
  ...span({
    ...lifecycle,
    symbol: 'vfio_pci_set_irqs_ioctl',
    kind: 'irq.set',
    path: 'kernel',
    fetch: {
      dev: vdev(1),
      flags: arg(2, 'x32'),
      index: arg(3, 'u32'),
      start: arg(4, 'u32'),
      count: arg(5, 'u32'),
    },
    columns: { ...dev, value: 'flags', region: 'index', offset: 'start', length: 'count' },
  }),
];

export const VFIO: readonly Probe[] = [...IOCTLS, ...ACCESSES, ...MAPPINGS, ...LIFECYCLE];
