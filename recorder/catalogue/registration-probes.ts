/**
 * Drivers that register and unregister, and deferred probes (Linux drivers/base/driver.c, bus.c,
 * dd.c).
 */
import { arg, device, driver, member, point, span } from './probe-builders.js';
import type { Probe } from './probe-definition.js';

const ofDriver = {
  group: 'binding',
  fetch: { drv: driver(1), bus: member(1, 'string', 'device_driver.bus.name') },
  columns: { driver: 'drv', text: 'bus' },
} as const;

/** The order of a bus's drivers changes in `bus_add_driver` and `bus_remove_driver`. */
const DRIVERS: readonly Probe[] = [
  ...span({ ...ofDriver, symbol: 'driver_register', kind: 'driver.register' }),
  ...span({ ...ofDriver, symbol: 'bus_add_driver', kind: 'driver.register' }),
  ...span({ ...ofDriver, symbol: 'driver_attach', kind: 'driver.attach' }),
  ...span({ ...ofDriver, symbol: 'bus_remove_driver', kind: 'driver.unregister' }, null),
  ...span({ ...ofDriver, symbol: 'driver_unregister', kind: 'driver.unregister' }, null),
];

const ofDevice = {
  group: 'binding',
  fetch: { dev: device(1) },
  columns: { device: 'dev' },
} as const;

/** Deferred work: passed to other threads, or delayed until another device was bound. */
const LATER: readonly Probe[] = [
  ...span({ ...ofDevice, symbol: '__driver_attach_async_helper', kind: 'driver.attach' }, null),
  ...span({ ...ofDevice, symbol: '__device_attach_async_helper', kind: 'driver.attach' }, null),
  ...point({ ...ofDevice, symbol: 'driver_deferred_probe_add', kind: 'deferred' }),
  ...point({ ...ofDevice, symbol: 'driver_deferred_probe_del', kind: 'deferred' }),
  ...point({ symbol: 'driver_deferred_probe_trigger', group: 'binding', kind: 'deferred' }),
  ...span({ symbol: 'deferred_probe_work_func', group: 'binding', kind: 'deferred' }, null),
];

/** Adding and removing functions requires one lock (drivers/pci/probe.c). */
const LOCKS: readonly Probe[] = [
  ...span({ symbol: 'pci_lock_rescan_remove', group: 'sriov', kind: 'lock' }, null),
  ...point({ symbol: 'pci_unlock_rescan_remove', group: 'sriov', kind: 'lock' }),
];

const slot = {
  group: 'hotplug',
  kind: 'hotplug',
  fetch: { dev: member(1, 'string', 'controller.pcie.port.dev.kobj.name') },
  columns: { device: 'dev' },
} as const;

/** Slots of PCI Express; the device is the port (drivers/pci/hotplug/pciehp_pci.c). */
const SLOTS: readonly Probe[] = [
  ...span({ ...slot, symbol: 'pciehp_configure_device' }),
  ...span(
    {
      ...slot,
      symbol: 'pciehp_unconfigure_device',
      fetch: { ...slot.fetch, presence: arg(2, 'u8') },
      columns: { device: 'dev', value: 'presence' },
    },
    null,
  ),
];

export const REGISTRATION: readonly Probe[] = [...DRIVERS, ...LATER, ...LOCKS, ...SLOTS];
