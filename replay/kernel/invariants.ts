/** Invariants after every step of a kernel, whatever its threads do. */

import { brokenPower, leftAwake } from './invariants-power.js';
import { brokenInUdev } from './invariants-udev.js';
import { brokenInVfio, leftInVfio } from './invariants-vfio.js';
import type { Kernel } from './kernel.js';
import { DEVICE, DRIVER, FRAME, GLOBAL, THREAD } from './layout.js';

/** Every lock of the kernel. */
function* locks(k: Kernel): Generator<number> {
  yield GLOBAL.rescanRemove;
  yield* k.vfio.locks();
  for (const dev of devices(k)) yield dev + DEVICE.lock;
}

/** Every record of a function that is in use. */
function* devices(k: Kernel): Generator<number> {
  for (const place of k.world.places) {
    for (const dev of k.recordsOf(place)) if (k.get(dev + DEVICE.present) !== 0) yield dev;
  }
}

/** @returns what is wrong, for people; empty if nothing is */
export function brokenInvariants(k: Kernel): string[] {
  const broken: string[] = [];
  for (const dev of devices(k)) checkDevice(k, dev, broken);
  for (const lock of locks(k)) {
    const owner = k.get(lock);
    if (owner < 0 || owner > k.threads) broken.push(`${k.nameOfLock(lock)} has no such owner`);
    else if (owner > 0 && k.nextStep(owner - 1) === null) {
      broken.push(`${k.nameOfLock(lock)} is held by a thread that has ended`);
    }
  }
  broken.push(...brokenInVfio(k), ...brokenInUdev(k));
  if (k.world.hasPower) broken.push(...brokenPower(k));
  if (k.cells.hash !== k.cells.hashFromScratch()) broken.push('the hash is not that of the state');
  return broken;
}

function checkDevice(k: Kernel, dev: number, broken: string[]): void {
  const place = k.placeOf(dev);
  const { address, physfn } = place;
  const driver = k.get(dev + DEVICE.driver);
  const bound = k.get(dev + DEVICE.bound);
  const say = (what: string) => broken.push(`${address} ${what}`);
  if (bound !== 0 && driver === 0) say('is bound to no driver');
  const isListed = k.bindings.indexOf(dev) >= 0;
  if (k.world.canUnload && bound !== Number(isListed)) say('is bound, and on no list of bindings');
  if (driver !== 0 && bound === 0 && k.get(dev + DEVICE.lock) === 0)
    say('is probed without its lock');
  for (const member of ['refs', 'stores', 'numVfs'] as const) {
    if (k.get(dev + DEVICE[member]) < 0) say(`has ${member} below 0`);
  }
  if (k.get(dev + DEVICE.numVfs) > 0 && physfn !== null) say('is a VF with VFs');
  const lives = k.recordsOf(place);
  const visible = lives.filter((record) => k.get(record + DEVICE.visible) !== 0);
  if (visible.length > 1) say('is there twice');
}

/** What must hold, too, when no thread has anything to do any more. */
export function leftOver(k: Kernel): string[] {
  const left: string[] = [];
  for (const lock of locks(k)) if (k.get(lock) !== 0) left.push(`${k.nameOfLock(lock)} is held`);
  for (const dev of devices(k)) {
    const { address } = k.placeOf(dev);
    for (const member of ['refs', 'stores', 'asyncDriver', 'dead'] as const) {
      if (k.get(dev + DEVICE[member]) !== 0) left.push(`${address} still has ${member}`);
    }
    if (k.get(dev + DEVICE.driver) !== 0 && k.get(dev + DEVICE.bound) === 0) {
      left.push(`${address} has a driver that is not bound`);
    }
  }
  for (const driver of k.world.drivers) {
    const drv = k.driverRecord(driver);
    for (const member of ['walkers', 'stores'] as const) {
      if (k.get(drv + DRIVER[member]) !== 0) left.push(`${driver.name} still has ${member}`);
    }
  }
  for (const member of ['triggers', 'probing'] as const) {
    if (k.get(GLOBAL[member]) !== 0) left.push(`${member} is not 0`);
  }
  left.push(...leftInVfio(k));
  if (k.world.hasPower) left.push(...leftAwake(k));
  for (let thread = 0; thread < k.threads; thread++) {
    const registers = k.threadRecord(thread);
    const frame = k.get(registers + THREAD.frame);
    const isUser = frame !== 0 && k.program.steps[k.get(frame + FRAME.step)].procedure === 'user';
    if (frame !== 0 && !isUser) left.push(`thread ${thread} has not ended`);
    for (const place of k.world.places) {
      if (k.get(k.readerAt(place, thread)) !== 0) left.push(`thread ${thread} still reads`);
    }
  }
  return left;
}
