/** Invariants of udev and of /dev; a machine without udev has none. */
import type { Kernel } from './kernel.js';
import { DEVICE } from './layout.js';
import type { Place } from './place.js';
import { GROUP, VDEV } from './vfio-cells.js';

/** Whether VFIO has a device of the function at a place, which calls can find. */
function hasDevice(k: Kernel, place: Place): boolean {
  return k.recordsOf(place).some((dev) => {
    if (k.get(dev + DEVICE.present) === 0) return false;
    const vdev = k.vdev(dev);
    return k.get(vdev + VDEV.registered) !== 0 && k.get(vdev + VDEV.leaving) === 0;
  });
}

/** @returns what is wrong, for people; empty if nothing is */
export function brokenInUdev(k: Kernel): string[] {
  const { udev } = k;
  if (udev === null) return [];
  const broken: string[] = [];
  const check = (name: string, isThere: boolean, hasNode: boolean) => {
    if (isThere !== hasNode) broken.push(`/dev ${hasNode ? 'has' : 'lacks'} ${name}`);
  };
  for (const place of k.world.places) {
    const { address } = place;
    const hasGroup = k.get(k.vfio.group(place) + GROUP.devices) > 0;
    check(`the group of ${address}`, hasGroup, udev.node('group', place) !== null);
    const hasFile = k.rules.opensDeviceFiles && hasDevice(k, place);
    check(`the device of ${address}`, hasFile, udev.node('cdev', place) !== null);
  }
  for (const [i, { name }] of udev.rules.served.entries()) {
    const isBusy = k.frameOf(udev.firstThread + i) !== 0;
    const isWaited = udev.queue(i).length > 0;
    if (isWaited && !isBusy) broken.push(`nobody handles the uevents of ${name}`);
    if (isBusy && !isWaited) broken.push(`udev of ${name} handles no uevent`);
  }
  return broken;
}
