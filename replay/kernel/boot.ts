/** A kernel at the moment at which a run begins. */
import type { Recorder } from './functions.js';
import { Kernel, type Watch } from './kernel.js';
import { DEVICE, DRIVER, LIVE } from './layout.js';
import type { Place } from './place.js';
import { PROGRAM } from './procedures/index.js';
import { loadIdleParameter } from './procedures/power/idle-parameter.js';
import { startPower } from './procedures/power/initial-power.js';
import { claimForKernel, noteDevice } from './procedures/vfio/register.js';
import type { World } from './world.js';

export function boot(
  world: World,
  recorder: Recorder | null = null,
  watches: readonly Watch[] = [],
): Kernel {
  const k = new Kernel(world, PROGRAM, recorder, watches);
  for (const driver of world.drivers) {
    const drv = k.driverRecord(driver);
    if (!driver.spec.loaded) continue;
    loadDriver(k, drv);
    k.set(drv + DRIVER.async, Number(driver.spec.isAsync));
  }
  for (const place of world.places) {
    const { start, sriov } = place;
    if (start === null || !start.present) continue;
    const dev = k.deviceRecord(place, 0);
    k.show(dev);
    for (const member of ['present', 'bindable', 'added'] as const) {
      k.set(dev + DEVICE[member], 1);
    }
    k.deviceList.push(dev);
    if (place.physfn === null) k.set(k.pluggedAt(place), 1);
    k.set(dev + DEVICE.override, world.overrideNumber(start.override));
    if (sriov !== null) {
      k.set(dev + DEVICE.autoprobeOff, Number(!sriov.autoprobe));
      k.set(dev + DEVICE.numVfs, sriov.vfs?.length ?? 0);
    }
    const driver = start.driver === null ? null : world.driver(start.driver);
    if (world.hasPower) startPower(k, dev, driver);
    if (driver === null) continue;
    k.set(dev + DEVICE.driver, k.driverRecord(driver));
    k.set(dev + DEVICE.bound, 1);
    k.noteBinding(dev);
    claimForKernel(k, dev, driver);
    if (!driver.model.vfioPci) continue;
    addSettledNodes(k, place);
    noteDevice(k, dev, start.vfioRank);
  }
  for (let actor = 0; actor < world.actors.length; actor++) k.start(actor, 'user', 0, 0, 0);
  k.look();
  k.cells.forgetUndo();
  return k;
}

/** udev has handled what came before the run. */
function addSettledNodes(k: Kernel, place: Place): void {
  const { udev } = k;
  udev?.setNode('group', place, udev.rules.settledNode('group', place));
  if (k.rules.opensDeviceFiles) {
    udev?.setNode('cdev', place, udev.rules.settledNode('cdev', place));
  }
}

function loadDriver(k: Kernel, drv: number): void {
  k.driverList.push(drv);
  for (const member of ['listed', 'files'] as const) k.set(drv + DRIVER[member], 1);
  k.set(drv + DRIVER.module, LIVE);
  const driver = k.driverAt(drv);
  loadIdleParameter(k, driver);
  for (const id of driver.givenIds) k.add(k.dynamicId(driver, id), 1);
}
