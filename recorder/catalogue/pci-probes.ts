/** PCI functions, SR-IOV, power, reset, and configuration space (Linux drivers/pci). */
import { REGION_CONFIG } from '../../traces/index.js';
import { arg, member, pciDev, point, reader, span } from './probe-builders.js';
import type { FetchType, Probe } from './probe-definition.js';

const dev = { device: 'dev' } as const;

export const SRIOV: readonly Probe[] = [
  ...point({
    symbol: 'pci_device_add',
    group: 'sriov',
    kind: 'device.add',
    fetch: {
      dev: pciDev(1),
      vendor: member(1, 'x16', 'pci_dev.vendor'),
      device: member(1, 'x16', 'pci_dev.device'),
      class: member(1, 'x32', 'pci_dev.class'),
    },
    // The ids in the order of configuration space: vendor, device; then the class.
    columns: {
      device: 'dev',
      data: [
        ['vendor', 4],
        ['device', 4],
        ['class', 4],
      ],
    },
  }),
  ...point({
    symbol: 'pci_bus_add_device',
    group: 'sriov',
    kind: 'device.add',
    fetch: { dev: pciDev(1) },
    columns: dev,
  }),
  ...point({
    symbol: 'pci_stop_and_remove_bus_device',
    group: 'sriov',
    kind: 'device.remove',
    fetch: { dev: pciDev(1) },
    columns: dev,
  }),
  ...['pci_enable_sriov', 'sriov_enable'].flatMap((symbol) =>
    span({
      symbol,
      group: 'sriov',
      kind: 'sriov.enable',
      fetch: { dev: pciDev(1), nr: arg(2, 's32') },
      columns: { device: 'dev', value: 'nr' },
    }),
  ),
  ...point({
    symbol: 'pci_disable_sriov',
    group: 'sriov',
    kind: 'sriov.disable',
    fetch: { dev: pciDev(1) },
    columns: dev,
  }),
  ...span({
    symbol: 'pci_iov_add_virtfn',
    group: 'sriov',
    kind: 'vf.add',
    fetch: { dev: pciDev(1), id: arg(2, 's32') },
    columns: { device: 'dev', value: 'id' },
  }),
  ...point({
    symbol: 'pci_iov_remove_virtfn',
    group: 'sriov',
    kind: 'vf.remove',
    fetch: { dev: pciDev(1), id: arg(2, 's32') },
    columns: { device: 'dev', value: 'id' },
  }),
];

export const POWER: readonly Probe[] = [
  ...point({
    symbol: 'pci_set_power_state',
    group: 'power',
    kind: 'power',
    fetch: { dev: pciDev(1), state: arg(2, 's32') },
    columns: { device: 'dev', value: 'state' },
  }),
];

const WIDTHS = [
  ['byte', 1, 'x8'],
  ['word', 2, 'x16'],
  ['dword', 4, 'x32'],
] as const satisfies readonly (readonly [string, number, FetchType])[];

const busFetch = {
  bus: member(1, 'u8', 'pci_bus.number'),
  devfn: arg(2, 'u32'),
  where: arg(3, 's32'),
};
const userFetch = { dev: pciDev(1), where: arg(2, 'x32') };

/**
 * Kernel code reads by bus (`pci_bus_*`); sysfs, proc and VFIO by function (`pci_user_*`), which
 * calls the bus operations itself: the two sets are disjoint, so both are probed.
 */
export const CONFIG: readonly Probe[] = WIDTHS.flatMap(([width, length, type]) => {
  const bus = {
    group: 'config' as const,
    path: 'kernel' as const,
    columns: {
      device: { bus: 'bus', devfn: 'devfn' },
      region: REGION_CONFIG,
      offset: 'where',
      length,
    },
  };
  const user = {
    group: 'config' as const,
    path: 'user' as const,
    columns: { device: 'dev', region: REGION_CONFIG, offset: 'where', length },
  };
  const written = (columns: typeof bus.columns | typeof user.columns) => ({
    ...columns,
    value: 'val',
  });
  return [
    ...reader(
      { ...bus, symbol: `pci_bus_read_config_${width}`, kind: 'config.read', fetch: busFetch },
      4,
      type,
    ),
    ...reader(
      { ...user, symbol: `pci_user_read_config_${width}`, kind: 'config.read', fetch: userFetch },
      3,
      type,
    ),
    // The result of a kernel write is not recorded: its callers ignore it, and it doubles the
    // events.
    ...point({
      ...bus,
      symbol: `pci_bus_write_config_${width}`,
      kind: 'config.write',
      fetch: { ...busFetch, val: arg(4, type) },
      columns: written(bus.columns),
    }),
    ...span({
      ...user,
      symbol: `pci_user_write_config_${width}`,
      kind: 'config.write',
      fetch: { ...userFetch, val: arg(3, type) },
      columns: written(user.columns),
    }),
  ];
});
