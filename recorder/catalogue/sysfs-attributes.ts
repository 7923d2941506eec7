/** sysfs attributes of PCI functions and buses (Linux drivers/pci/pci-sysfs.c, pci.c, iov.c). */
import { arg, device, member, span, text } from './probe-builders.js';
import type { Probe } from './probe-definition.js';

interface Attribute {
  readonly symbol: string;
  /** Event name; other subsystems have functions of the same name, which mean something else. */
  readonly event?: string;
  readonly name: string;
  /** A function of the same source file, when several functions have the name. */
  readonly near?: string;
}

/** A store of a device attribute: (dev, attr, buf, count). */
const store = ({ symbol, event = symbol, name, near }: Attribute) =>
  span(
    {
      symbol,
      event,
      name,
      group: 'binding',
      kind: 'sysfs.write',
      path: 'sysfs',
      ...(near === undefined ? {} : { near }),
      fetch: { dev: device(1), buf: text(3), count: arg(4, 'u64') },
      columns: { device: 'dev', text: 'buf', length: 'count' },
    },
    's64',
  );

const pci = 'dev_rescan_store';

export const ATTRIBUTES: readonly Probe[] = [
  ...store({ symbol: 'reset_store', event: 'pci_reset_store', name: 'reset', near: pci }),
  ...store({ symbol: 'reset_method_store', name: 'reset_method' }),
  ...store({ symbol: 'remove_store', event: 'pci_remove_store', name: 'remove', near: pci }),
  ...store({ symbol: 'dev_rescan_store', name: 'rescan' }),
  // The device is the bus, such as 0000:01.
  ...store({ symbol: 'bus_rescan_store', name: 'rescan' }),
  ...span(
    {
      symbol: 'rescan_store',
      event: 'pci_rescan_store',
      name: 'rescan',
      group: 'binding',
      kind: 'sysfs.write',
      path: 'sysfs',
      near: pci,
      fetch: { buf: text(2), count: arg(3, 'u64') },
      columns: { text: 'buf', length: 'count' },
    },
    's64',
  ),
  ...store({ symbol: 'd3cold_allowed_store', name: 'd3cold_allowed' }),
  // Of every device with runtime power management (drivers/base/power/sysfs.c).
  ...store({
    symbol: 'control_store',
    event: 'power_control_store',
    name: 'power/control',
    near: 'runtime_status_show',
  }),
  // Some kernels take the device lock for it, which a thread that removes the device holds.
  ...span(
    {
      symbol: 'sriov_numvfs_show',
      name: 'sriov_numvfs',
      group: 'binding',
      kind: 'sysfs.read',
      path: 'sysfs',
      fetch: { dev: member(1, 'string', 'device.kobj.name') },
      columns: { device: 'dev' },
    },
    's64',
  ),
];
