/**
 * Sending uevents (kernel lib/kobject_uevent.c 6.1), and the files in /dev of VFIO's devices, which
 * come and go with them (`device_add` and `device_del` in drivers/base/core.c 6.1).
 */
import { newNode } from '../dev-nodes.js';
import type { Kernel } from '../kernel.js';
import type { NodeKind } from '../machine-spec.js';
import { matchesUevent } from '../udev-rules.js';
import type { Uevent, UeventAction, UeventSubsystem } from '../uevents.js';
import { GROUP } from '../vfio-cells.js';

/** First kernel whose devices of VFIO are devices of the driver core (3c28a76124b2). */
const VFIO_DEVICES_SINCE = 6001;

/** Puts a uevent into the queue of udev, which begins to handle it if it has nothing else to do. */
function queue(k: Kernel, dev: number, uevent: Uevent): void {
  const { udev } = k;
  if (udev === null) return;
  const served = udev.rules.servedBy(k.placeOf(dev), uevent.subsystem);
  if (served < 0) return;
  const { rules } = udev.rules.served[served];
  if (!rules.some(({ rule }) => matchesUevent(rule, uevent))) return;
  udev.setQueue(served, [...udev.queue(served), uevent]);
  const thread = udev.firstThread + served;
  if (k.frameOf(thread) === 0) k.start(thread, 'udev_worker', 0, 0, 0);
}

function send(k: Kernel, dev: number, action: UeventAction, subsystem: UeventSubsystem): void {
  if (!k.hearsUevents) return;
  const isOfBus = subsystem === 'pci' || subsystem === 'mdev';
  const uevent = { action, subsystem, driver: isOfBus ? k.driverOf(dev) : null };
  if (k.recorder?.hearsUevents) {
    const group = subsystem === 'vfio' ? k.vfio.numberOfGroup(k.groupOf(dev)) : null;
    const device = group === null ? k.placeOf(dev).address : null;
    k.recorder.uevent(k.thread, { ...uevent, device, group });
  }
  queue(k, dev, uevent);
}

/** A uevent of a function, or of a mediated device. */
export const sendUevent = (k: Kernel, dev: number, action: UeventAction): void =>
  send(k, dev, action, k.placeOf(dev).mediated ? 'mdev' : 'pci');

function setNode(k: Kernel, kind: NodeKind, dev: number, isThere: boolean): void {
  k.udev?.setNode(kind, k.placeOf(dev), isThere ? newNode(kind) : null);
}

/**
 * VFIO gets a device: its group comes first, if this is the group's first device
 * (`__vfio_register_dev` in drivers/vfio/vfio_main.c 6.12).
 */
export function addVfioNodes(k: Kernel, dev: number): void {
  if (!k.hearsUevents) return;
  if (k.get(k.groupOf(dev) + GROUP.devices) === 0) {
    setNode(k, 'group', dev, true);
    send(k, dev, 'add', 'vfio');
  }
  if (k.rules.version < VFIO_DEVICES_SINCE) return;
  if (k.rules.opensDeviceFiles) setNode(k, 'cdev', dev, true);
  send(k, dev, 'add', 'vfio-dev');
}

/** VFIO's device goes: up to Linux 6.5 after its users, from 6.6 on before the wait for them. */
export function removeVfioDevice(k: Kernel, dev: number): void {
  if (k.rules.version < VFIO_DEVICES_SINCE) return;
  setNode(k, 'cdev', dev, false);
  send(k, dev, 'remove', 'vfio-dev');
}

/** A group goes with its last device. */
export function removeVfioGroup(k: Kernel, dev: number): void {
  setNode(k, 'group', dev, false);
  send(k, dev, 'remove', 'vfio');
}
