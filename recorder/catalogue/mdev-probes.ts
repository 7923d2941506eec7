/** Mediated devices (Linux drivers/vfio/mdev). */
import { arg, deref, device, member, span, text } from './probe-builders.js';
import type { Probe } from './probe-definition.js';

const mdev = { module: 'mdev', group: 'mdev' } as const;

export const MDEV: readonly Probe[] = [
  ...span({
    ...mdev,
    symbol: 'mdev_register_parent',
    kind: 'mdev.parent',
    fetch: { dev: device(2) },
    columns: { device: 'dev' },
  }),
  ...span(
    {
      ...mdev,
      symbol: 'mdev_unregister_parent',
      kind: 'mdev.parent',
      fetch: { dev: member(1, 'string', 'mdev_parent.dev.kobj.name') },
      columns: { device: 'dev' },
    },
    null,
  ),
  // `create` of a type: the device is the parent, the driver the type, the text the new UUID.
  ...span(
    {
      ...mdev,
      symbol: 'create_store',
      event: 'mdev_create_store',
      name: 'create',
      kind: 'sysfs.write',
      path: 'sysfs',
      fetch: {
        dev: member(1, 'string', 'mdev_type.parent.dev.kobj.name'),
        type: member(1, 'string', 'mdev_type.sysfs_name'),
        buf: text(3),
        count: arg(4, 'u64'),
      },
      columns: { device: 'dev', text: 'buf', length: 'count' },
    },
    's64',
  ),
  ...span(
    {
      ...mdev,
      symbol: 'remove_store',
      event: 'mdev_remove_store',
      name: 'remove',
      kind: 'sysfs.write',
      path: 'sysfs',
      fetch: { dev: device(1), buf: text(3), count: arg(4, 'u64') },
      columns: { device: 'dev', text: 'buf', length: 'count' },
    },
    's64',
  ),
  ...span({
    ...mdev,
    symbol: 'mdev_device_create',
    kind: 'mdev.create',
    fetch: {
      type: member(1, 'string', 'mdev_type.sysfs_name'),
      uuid_lo: deref(2, 'x64'),
      uuid_hi: { arg: 2, deref: 8, type: 'x64' },
    },
    columns: { device: { guid: 'uuid_lo', rest: 'uuid_hi' }, text: 'type' },
  }),
  ...span({
    ...mdev,
    symbol: 'mdev_device_remove',
    kind: 'mdev.remove',
    fetch: { dev: member(1, 'string', 'mdev_device.dev.kobj.name') },
    columns: { device: 'dev' },
  }),
];
