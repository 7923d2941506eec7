/**
 * What programs read in sysfs and remember (kernel drivers/base/core.c, drivers/pci/iov.c 6.1). An
 * open read keeps its attribute from being removed, as a write does. A recorder sees only those of
 * `sriov_numvfs`.
 */
import { ERRNO } from '../../../traces/index.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, DRIVER, FAULT, LIVE } from '../layout.js';
import type { Action } from '../machine-spec.js';
import { gives, joined, procedure, takes } from '../steps.js';
import { deviceLock } from './attach.js';
import { findFunction } from './files.js';
import { shownPower } from './power/attributes.js';

type Read = Extract<Action, { type: 'read' }>;

const readOf = (k: Kernel): Read => k.operation.spec.action as Read;

function remember(k: Kernel, text: string | null): void {
  const { variable } = readOf(k);
  if (variable !== null) k.setVariable(variable, text);
}

/** What an attribute shows now. */
function shown(k: Kernel): string | null {
  switch (readOf(k).attribute) {
    case 'driver':
    case 'uevent':
      return k.driverOf(k.dev);
    case 'driver_override':
      return k.overrideOf(k.dev);
    case 'sriov_numvfs':
      return String(k.get(k.dev + DEVICE.numVfs));
    case 'available_instances':
      return null;
    default:
      return shownPower(k, readOf(k).attribute);
  }
}

/** Ends the read of an attribute. `driver` is a link, which is only there with a driver. */
function finish(k: Kernel, text: string | null): undefined {
  remember(k, text);
  k.add(k.dev + DEVICE.stores, -1);
  k.put(k.dev);
  if (readOf(k).attribute === 'sriov_numvfs') k.end(`${text}\n`.length);
  const isMissing = text === null && readOf(k).attribute === 'driver';
  return k.done(isMissing ? -ERRNO.ENOENT : 0);
}

export const READS = [
  procedure('read', {
    enter: (k) => {
      if (readOf(k).attribute === 'available_instances') return 'instances';
      if (!findFunction(k)) {
        remember(k, null);
        return k.done(-ERRNO.ENOENT);
      }
      k.add(k.dev + DEVICE.stores, 1);
      const { attribute } = readOf(k);
      if (attribute === 'sriov_numvfs') k.beginRead(attribute, k.dev);
      if (attribute === 'sriov_numvfs' && k.hasBug('numvfsReadTakesDeviceLock')) return 'lock';
      if (attribute === 'uevent' && k.hasBug('ueventReadsDriverTwice')) return 'test';
      return 'show';
    },
    show: (k) => finish(k, shown(k)),
    /** How many devices of a type its parent still has room for. */
    instances: (k) => {
      const [parent, type] = readOf(k).address.split('/');
      const driver = k.world.driver(parent);
      const drv = driver === null ? 0 : k.driverRecord(driver);
      const share = driver?.mdev?.types[type];
      const isThere = share !== undefined && k.get(drv + DRIVER.module) === LIVE;
      const left = isThere ? driver!.mdev!.capacity - k.get(drv + DRIVER.taken) : 0;
      remember(k, isThere ? String(Math.floor(left / share)) : null);
      return k.done(isThere ? 0 : -ERRNO.ENOENT);
    },
    lock: takes(deviceLock),
    unlock: gives(deviceLock, (k) => finish(k, shown(k))),
    test: (k) => {
      k.i = k.get(k.dev + DEVICE.driver);
      return k.i === 0 ? 'show' : undefined;
    },
    name: (k) => {
      if (k.get(k.dev + DEVICE.driver) === 0) k.fault(FAULT.nullDriver);
      return finish(k, shown(k));
    },
  }),

  /** An actor remembers something for itself and others. */
  procedure('set', {
    set: (k) => {
      const { action } = k.operation.spec;
      if (action.type === 'set') k.setVariable(action.variable, action.text);
    },
    exit: joined((k) => k.done(0)),
  }),
];
