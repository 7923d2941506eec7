/**
 * Writes of sysfs attributes. An open write keeps its attribute from being removed; a write after
 * the removal finds no file (kernel fs/kernfs/file.c 6.1).
 */
import { ERRNO } from '../../../traces/index.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, DRIVER } from '../layout.js';

function enter(k: Kernel, store = k.operation.store): void {
  if (store !== null) k.recorder?.beginStore(k.thread, store);
}

/**
 * Opens an attribute of a function, which becomes `dev`.
 * @returns false when it does not exist
 */
export function enterDeviceFile(k: Kernel): boolean {
  if (!findFunction(k)) {
    k.done(-ERRNO.ENOENT);
    return false;
  }
  k.add(k.dev + DEVICE.stores, 1);
  enter(k);
  return true;
}

/** Ends the write of an attribute of a function, or of a driver. */
export function leave(k: Kernel, ret: number): undefined {
  const { dev, drv } = k;
  k.end(ret);
  if (drv !== 0) k.add(drv + DRIVER.stores, -1);
  else if (dev !== 0) k.add(dev + DEVICE.stores, -1);
  if (dev !== 0) k.put(dev);
  k.done(ret);
}

/**
 * Opens an attribute of a driver, which becomes `drv`: a link has led to it, or the path names it.
 * @returns false when it does not exist
 */
export function enterDriverFile(k: Kernel): boolean {
  const { driver, store } = k.operation;
  const drv = driver === null ? k.drv : k.driverRecord(driver);
  if (drv === 0 || k.get(drv + DRIVER.files) === 0) {
    k.done(-ERRNO.ENOENT);
    return false;
  }
  k.drv = drv;
  k.add(drv + DRIVER.stores, 1);
  enter(k, store === null ? null : { ...store, driver: k.driverAt(drv).name });
  return true;
}

/** Opens an attribute of the bus, which is always there. */
export const enterBusFile = (k: Kernel): void => enter(k);

/** Ends the write of an attribute of the bus. */
export function leaveBusFile(k: Kernel, ret: number): undefined {
  const { dev } = k;
  k.end(ret);
  if (dev !== 0) k.put(dev);
  k.done(ret);
}

/**
 * The function of the operation becomes `dev`.
 * @returns false when it does not exist
 */
export function findFunction(k: Kernel): boolean {
  const dev = k.findDevice(k.operation.place);
  if (dev === 0) return false;
  k.dev = dev;
  k.hold(dev);
  return true;
}
