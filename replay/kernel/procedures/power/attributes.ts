/**
 * Attributes of power management (kernel drivers/base/power/sysfs.c, drivers/pci/pci-sysfs.c 6.1).
 * A write of `power/control` takes the device lock.
 */
import { ERRNO } from '../../../../traces/index.js';
import { POWER_NAMES } from '../../../model/power/power-state.js';
import { STATUS_NAMES } from '../../../model/power/runtime-pm.js';
import type { Kernel } from '../../kernel.js';
import { POWER } from '../../layout.js';
import type { ReadAttribute } from '../../machine-spec.js';
import { gives, procedure, takes } from '../../steps.js';
import { deviceLock } from '../attach.js';
import { enterDeviceFile, leave } from '../files.js';
import { allow, isPowered } from './counts.js';

/** What an attribute of a function shows; null where power management is not followed. */
export function shownPower(k: Kernel, attribute: ReadAttribute): string | null {
  if (!isPowered(k, k.dev)) return null;
  const of = (member: keyof typeof POWER) => k.get(k.power(k.dev) + POWER[member]);
  switch (attribute) {
    case 'power/control':
      return of('forbidden') === 0 ? 'auto' : 'on';
    case 'power/runtime_status':
      return STATUS_NAMES[of('status')];
    case 'power_state':
      return POWER_NAMES[of('state')];
    case 'd3cold_allowed':
      return of('coldForbidden') === 0 ? '1' : '0';
    default:
      return null;
  }
}

export const POWER_ATTRIBUTES = [
  procedure('power/control', {
    enter: (k) => void enterDeviceFile(k),
    lock: takes(deviceLock, (k) => {
      const { meaning } = k.operation;
      if (meaning < 0 || !isPowered(k, k.dev)) return undefined;
      if (meaning === 1) return k.call('pm_runtime_forbid', k.dev);
      allow(k, k.dev);
      return undefined;
    }),
    unlock: gives(deviceLock),
    exit: (k) => leave(k, k.operation.meaning < 0 ? -ERRNO.EINVAL : k.operation.count),
  }),

  /** The function is woken, so that it goes to sleep again as the attribute says. */
  procedure('d3cold_allowed', {
    enter: (k) => {
      if (!enterDeviceFile(k)) return undefined;
      if (k.operation.meaning < 0) return leave(k, -ERRNO.EINVAL);
    },
    set: (k) => {
      if (!isPowered(k, k.dev)) return undefined;
      k.set(k.power(k.dev) + POWER.coldForbidden, 1 - k.operation.meaning);
      return k.call('rpm_resume', k.dev);
    },
    exit: (k) => leave(k, k.operation.count),
  }),
];
