/**
 * Driver core: matching, probing, binding, and the sysfs stores (Linux drivers/base, drivers/pci).
 */
import { arg, boundDriver, device, driver, pciDev, point, span, text } from './probe-builders.js';
import type { Probe } from './probe-definition.js';

const group = 'binding' as const;
const both = { device: 'dev', driver: 'drv' } as const;

/** A store of a driver or bus attribute: (driver, buf, count). */
const driverStore = (attribute: string, near?: string) =>
  span(
    {
      symbol: `${attribute}_store`,
      name: attribute,
      group,
      kind: 'sysfs.write',
      path: 'sysfs',
      ...(near === undefined ? {} : { near }),
      fetch: { drv: driver(1), buf: text(2), count: arg(3, 'u64') },
      columns: {
        driver: 'drv',
        text: 'buf',
        length: 'count',
        ...(attribute.endsWith('bind') ? { device: { buffer: 'buf' } } : {}),
      },
    },
    's64',
  );

/** A store of a device attribute: (dev, attr, buf, count). */
const deviceStore = (attribute: string, near?: string) => ({
  symbol: `${attribute}_store`,
  name: attribute,
  group,
  kind: 'sysfs.write' as const,
  path: 'sysfs' as const,
  ...(near === undefined ? {} : { near }),
  fetch: { dev: device(1), buf: text(3), count: arg(4, 'u64') },
  columns: { device: 'dev', text: 'buf', length: 'count' },
});

export const BINDING: readonly Probe[] = [
  ...driverStore('bind'),
  ...driverStore('unbind'),
  // Several buses have stores of these names; those of PCI are in the same source file as
  // pci_device_probe.
  ...driverStore('new_id', 'pci_device_probe'),
  ...driverStore('remove_id', 'pci_device_probe'),
  ...span(
    {
      symbol: 'drivers_probe_store',
      name: 'drivers_probe',
      group,
      kind: 'sysfs.write',
      path: 'sysfs',
      fetch: {
        bus: { arg: 1, path: ['bus_type.name'], type: 'string' },
        buf: text(2),
        count: arg(3, 'u64'),
      },
      columns: { device: { buffer: 'buf' }, text: 'buf', length: 'count' },
    },
    's64',
  ),
  ...span(deviceStore('driver_override', 'pci_device_probe|bind_store'), 's64'),
  ...span(deviceStore('sriov_numvfs'), 's64'),
  ...span(deviceStore('sriov_drivers_autoprobe'), 's64'),
  ...span({
    symbol: 'driver_set_override',
    group,
    kind: 'override',
    path: 'kernel',
    fetch: { dev: device(1), s: text(3), len: arg(4, 'u64') },
    columns: { device: 'dev', text: 's', length: 'len' },
  }),
  // What replaced it for the PCI bus in Linux 7.1, and in stable kernels before.
  ...span({
    symbol: '__device_set_driver_override',
    group,
    kind: 'override',
    path: 'kernel',
    fetch: { dev: device(1), s: text(2), len: arg(3, 'u64') },
    columns: { device: 'dev', text: 's', length: 'len' },
  }),
  ...span({
    symbol: '__driver_probe_device',
    event: 'drv_probe_device',
    group,
    kind: 'match',
    fetch: { drv: driver(1), dev: device(2) },
    columns: both,
  }),
  ...span({
    symbol: 'really_probe',
    group,
    kind: 'probe',
    fetch: { dev: device(1), drv: driver(2) },
    columns: both,
  }),
  ...span({
    symbol: 'pci_device_probe',
    group,
    kind: 'probe',
    fetch: { dev: device(1), drv: boundDriver(1) },
    columns: both,
  }),
  ...span({
    symbol: 'device_driver_attach',
    group,
    kind: 'bind',
    fetch: { drv: driver(1), dev: device(2) },
    columns: both,
  }),
  ...point({
    symbol: 'driver_bound',
    group,
    kind: 'bind',
    fetch: { dev: device(1), drv: boundDriver(1) },
    columns: both,
  }),
  ...point({
    symbol: 'device_bind_driver',
    group,
    kind: 'bind',
    fetch: { dev: device(1), drv: boundDriver(1) },
    columns: both,
  }),
  // `drv` is the requested driver, `bound` the driver of the device, which is released.
  ...span(
    {
      symbol: 'device_release_driver_internal',
      group,
      kind: 'unbind',
      fetch: { dev: device(1), drv: driver(2), bound: boundDriver(1) },
      columns: { device: 'dev', driver: 'bound' },
    },
    null,
  ),
  ...point({
    symbol: 'pci_device_remove',
    group,
    kind: 'unbind',
    fetch: { dev: device(1) },
    columns: { device: 'dev' },
  }),
  ...point({
    symbol: 'device_unbind_cleanup',
    group,
    kind: 'unbind',
    fetch: { dev: device(1), drv: boundDriver(1) },
    columns: both,
  }),
];

/** Probe, remove and work functions of single drivers. */
const ofDriver = (name: string, module: string) => [
  ...span({
    symbol: `${module}_probe`,
    module,
    group: 'driver',
    kind: 'probe',
    fetch: { dev: pciDev(1) },
    columns: { device: 'dev', driver: { constant: name } },
  }),
  ...point({
    symbol: `${module}_remove`,
    module,
    group: 'driver',
    kind: 'unbind',
    fetch: { dev: pciDev(1) },
    columns: { device: 'dev', driver: { constant: name } },
  }),
];

const nvmeWork = {
  module: 'nvme',
  group: 'driver',
  kind: 'driver.work',
  columns: { driver: { constant: 'nvme' } },
} as const;

export const DRIVERS: readonly Probe[] = [
  ...ofDriver('vfio-pci', 'vfio_pci'),
  ...ofDriver('nvme', 'nvme'),
  ...span({ ...nvmeWork, symbol: 'nvme_reset_work' }, null),
  ...point({ ...nvmeWork, symbol: 'nvme_remove_dead_ctrl_work' }),
];
