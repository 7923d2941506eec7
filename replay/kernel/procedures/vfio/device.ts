/**
 * Devices of vfio-pci as they are opened and closed (kernel drivers/vfio/vfio_main.c,
 * drivers/vfio/pci/vfio_pci_core.c 6.12). The reads and writes of configuration space that the
 * kernel makes for itself are no steps and no events.
 */
import { ERRNO } from '../../../../traces/index.js';
import { addTo, parametersFor } from '../../../model/drivers/index.js';
import { PCI_POWER } from '../../../model/power/power-state.js';
import { RPM_FLAG } from '../../../model/power/runtime-pm.js';
import { configRules, rulesShownBy } from '../../../model/vfio-pci-core/capabilities.js';
import { openSpace } from '../../../model/vfio-pci-core/config-space-model.js';
import { openDevice } from '../../../model/vfio-pci-core/open-device.js';
import type { Kernel } from '../../kernel.js';
import { gives, joined, procedure, takes } from '../../steps.js';
import { FILE, GROUP, VDEV } from '../../vfio-cells.js';
import { deviceLock } from '../attach.js';
import { slotLock } from '../devices.js';
import { isPowered, put, setState } from '../power/counts.js';
import { idlesInD0 } from '../power/idle-parameter.js';
import { addressOf, groupOfDev, isMediated, lockOfDevGroup, vdevOf } from './common.js';
import { resetSet } from './device-set.js';
import { countVfUser } from './held-tokens.js';
import { attachToCompat, bindDevice, unbindDevice } from './iommufd-devices.js';
import { clearInterrupts } from './irqs.js';
import { beginMigration, closeMigration, resetDone } from './migration.js';
import { probeVariant, refusesEnable, refusesOpen } from './variant-hooks.js';

export const setLock = (k: Kernel): number => k.vfio.setLock(k.placeOf(k.dev));

/** Configuration space of the hardware of a function. */
export const configOf = (k: Kernel, dev: number): Uint8Array =>
  k.vfio.config(k.vdev(dev), k.placeOf(dev).config);

/** `pci_set_power_state`, of a function that is open or not. */
export function setPower(k: Kernel, dev: number, state: number): void {
  k.pointCall({ call: 'pci_set_power_state', device: k.placeOf(dev).address, value: state });
  setState(k, dev, state);
}

/**
 * @param works whether the reset succeeded
 * @returns 0, or why the driver does not open the device after all
 */
function enable(k: Kernel, works: boolean): number {
  const vdev = vdevOf(k);
  const { pci } = k.placeOf(k.dev);
  const { version, pcieEndpointBytes } = k.rules;
  const read = k.hardware?.opened(k.thread, addressOf(k)) ?? null;
  if (read !== null) k.vfio.put(vdev + VDEV.config, read.bytes);
  const known = configRules(version, pcieEndpointBytes);
  const rules =
    read === null || read.dwords.length === 0 ? known : rulesShownBy(read.dwords, known);
  const space = openSpace(configOf(k, k.dev), pci, rules);
  const device = openDevice(pci, space, works);
  const { model } = k.driverOn(k.dev);
  const { variant } = model;
  if (parametersFor(model, version, k.world.parameters).disable_vga === true) device.vga = false;
  const own = variant === null ? 0 : probeVariant(k, k.dev, variant);
  if (typeof own === 'object') device.own = variant?.open?.(own) ?? own;
  const added = typeof own === 'object' ? variant?.adds?.(own) : undefined;
  if (added !== undefined) addTo(device, added);
  k.vfio.put(vdev + VDEV.open, device);
  beginMigration(k, k.dev);
  k.set(vdev + VDEV.saved, k.get(vdev + VDEV.config));
  return added?.ret ?? 0;
}

/** @returns whether the set of the device is reset, too */
function restore(k: Kernel): boolean {
  const vdev = vdevOf(k);
  closeMigration(k, k.dev);
  k.set(vdev + VDEV.config, k.get(vdev + VDEV.saved));
  for (const member of ['saved', 'open', 'triggers', 'pages'] as const) {
    k.set(vdev + VDEV[member], 0);
  }
  return resetSet(k);
}

/** `vfio_pci_core_disable`, which ends the procedure and returns `i`. */
const DISABLE = {
  disable: (k: Kernel) => {
    k.pointCall({ call: 'vfio_pci_core_disable', device: addressOf(k) });
    if (isPowered(k, k.dev)) k.call('vfio_pci_core_wake', k.dev);
  },
  // Then another thread may see the device.
  awake: joined((k) => {
    setPower(k, k.dev, PCI_POWER.D0);
    clearInterrupts(k, k.dev);
  }),
  restore: (k: Kernel) => {
    const isReset = restore(k);
    if (!isPowered(k, k.dev)) return k.done(k.i);
    return isReset ? k.call('vfio_pci_dev_set_try_reset', k.dev) : 'idle';
  },
  idle: (k: Kernel) => {
    leaveUse(k);
    k.done(k.i);
  },
};

/** The use of an open device ends. */
function leaveUse(k: Kernel): void {
  if (isPowered(k, k.dev) && !idlesInD0(k, k.dev)) put(k, k.dev);
}

/** The device of a file that a group handed out. */
const devOfFile = (k: Kernel): number => k.get(k.vfio.file(k.arg) + FILE.dev);

/** The functions by which its driver opens and closes a device. */
export const openOf = (k: Kernel): string =>
  isMediated(k, k.dev) ? 'mdev_open_device' : 'vfio_pci_core_enable';
export const closeOf = (k: Kernel): string =>
  isMediated(k, k.dev) ? 'mdev_close_device' : 'vfio_pci_core_close_device';

/** `vfio_group_use_container`: -EINVAL before the container of the group has an IOMMU driver. */
function containerIsReady(k: Kernel): number {
  const container = k.vfio.file(k.get(groupOfDev(k) + GROUP.container));
  return k.get(container + FILE.iommu) === 0 ? -ERRNO.EINVAL : 0;
}

/** A device that could not be opened leaves its iommufd, if it is in one. */
function giveUp(k: Kernel): void {
  if (k.n !== 0) unbindDevice(k);
  k.n = 0;
  k.add(vdevOf(k) + VDEV.opens, -1);
}

export const DEVICE_FILES = [
  /**
   * The first user opens the device; the caller holds `group_lock`. `arg` is the iommufd that the
   * group is in, 0 for a container. Up to Linux 6.5 the device is attached before it is enabled.
   */
  procedure('vfio_df_open', {
    lock: takes(setLock, (k) => {
      const opens = vdevOf(k) + VDEV.opens;
      if (k.rules.opensDeviceFiles) k.beginCall({ call: 'vfio_df_open', device: addressOf(k) });
      k.add(opens, 1);
      if (k.get(opens) > 1) return 'end';
      k.i = refusesOpen(k, k.dev);
      if (k.i === 0) k.i = k.arg === 0 ? containerIsReady(k) : bindDevice(k, k.arg);
      if (k.i === 0 && k.arg !== 0) {
        k.n = 1;
        if (!k.rules.opensDeviceFiles) k.i = attachToCompat(k, k.arg);
      }
      if (k.i < 0) return 'undo';
      return k.call(openOf(k), k.dev, 0, 0, 'enabled');
    }),
    enabled: joined((k) => {
      k.i = k.ret;
      return k.i < 0 ? undefined : 'end';
    }),
    undo: joined(giveUp),
    end: joined((k) => {
      if (k.rules.opensDeviceFiles) k.endCall(k.i);
      if (k.n === 0 || !k.rules.opensDeviceFiles) return 'unlock';
      k.i = attachToCompat(k, k.arg);
      return k.i < 0 ? k.call(closeOf(k), k.dev) : 'unlock';
    }),
    closed: joined(giveUp),
    unlock: gives(setLock, (k) => {
      // The device that is bound has a reference to the iommufd.
      if (k.n !== 0) k.add(k.vfio.file(k.arg) + FILE.refs, 1);
      k.done(k.i);
    }),
  }),

  /** -EAGAIN when another thread has the device lock; no other result of the reset matters. */
  procedure('vfio_pci_core_enable', {
    enter: (k) => {
      k.beginCall({ call: 'vfio_pci_core_enable', device: addressOf(k) });
      if (!isPowered(k, k.dev) || idlesInD0(k, k.dev)) return undefined;
      return k.call('rpm_resume', k.dev, 0, RPM_FLAG.GET_PUT);
    },
    reset: joined((k) => {
      k.call('pci_try_reset_function', k.dev);
    }),
    exit: (k) => {
      const ret = k.ret === -ERRNO.EAGAIN ? k.ret : refusesEnable(k, k.dev);
      k.i = ret === 0 ? enable(k, k.ret === 0) : 0;
      if (ret < 0) leaveUse(k);
      if (ret === 0 && k.i === 0) countVfUser(k, k.dev, 1);
      k.endCall(ret);
      return k.i === 0 ? k.done(ret) : undefined;
    },
    ...DISABLE,
  }),

  /** The device lock is tried, and not waited for. */
  procedure('pci_try_reset_function', {
    enter: (k) => {
      k.beginCall({ call: 'pci_try_reset_function', device: addressOf(k) });
    },
    try: (k) => {
      const lock = deviceLock(k);
      if (k.get(lock) !== 0) {
        k.endCall(-ERRNO.EAGAIN);
        return k.done(-ERRNO.EAGAIN);
      }
      k.set(lock, k.thread + 1);
      return k.hasBug('slotLockHeldByRemoval') ? 'slot' : 'reset';
    },
    slot: takes(slotLock),
    unlockSlot: gives(slotLock),
    reset: gives(deviceLock, (k) => {
      const reset = k.hardware?.reset(k.thread) ?? k.placeOf(k.dev).hardware.reset;
      // It is in D0 while it is reset, and after that.
      setState(k, k.dev, PCI_POWER.D0);
      if (reset === 0) resetDone(k, k.dev);
      k.endCall(reset);
      k.done(reset);
    }),
  }),

  /** Returns the file that the device held: that of its group, or the iommufd. */
  procedure('vfio_device_fops_release', {
    enter: (k) => {
      k.dev = devOfFile(k);
      k.pointCall({ call: 'vfio_device_fops_release', device: addressOf(k) });
    },
    lockGroup: takes(lockOfDevGroup),
    lock: takes(setLock, (k) => {
      const vdev = vdevOf(k);
      if (k.rules.opensDeviceFiles) k.pointCall({ call: 'vfio_df_close', device: addressOf(k) });
      k.n = k.get(vdev + VDEV.iommufd);
      if (k.get(vdev + VDEV.opens) > 1) return 'closed';
      return k.call(closeOf(k), k.dev);
    }),
    closed: joined((k) => {
      const opens = vdevOf(k) + VDEV.opens;
      // Each file of a device in a container holds its group; in an iommufd the device holds that.
      k.i = k.n === 0 ? k.get(groupOfDev(k) + GROUP.opened) : 0;
      if (k.n !== 0 && k.get(opens) === 1) {
        unbindDevice(k);
        k.i = k.n;
      }
      k.add(opens, -1);
    }),
    unlock: gives(setLock),
    unlockGroup: gives(lockOfDevGroup, (k) => {
      if (k.n === 0) k.add(groupOfDev(k) + GROUP.users, -1);
      // A group keeps the file by which it is open as long as it has users.
      k.set(k.vfio.file(k.arg) + FILE.dev, 0);
    }),
    put: (k) => {
      k.add(vdevOf(k) + VDEV.refs, -1);
      k.done(k.i);
    },
  }),

  procedure('vfio_pci_core_close_device', {
    enter: (k) => {
      k.pointCall({ call: 'vfio_pci_core_close_device', device: addressOf(k) });
      countVfUser(k, k.dev, -1);
    },
    ...DISABLE,
  }),
];
