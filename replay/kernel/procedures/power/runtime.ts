/**
 * Suspending and resuming a function (kernel drivers/base/power/runtime.c,
 * drivers/pci/pci-driver.c, drivers/vfio/pci/vfio_pci_core.c 6.1, 6.12). A bridge above it is
 * always on. The kernel saves and restores configuration space around sleep, which therefore stays
 * as it is.
 */
import { ERRNO } from '../../../../traces/index.js';
import { PCI_POWER, sleepState } from '../../../model/power/power-state.js';
import {
  idleResult,
  isChanging,
  RPM,
  RPM_FLAG,
  suspendResult,
} from '../../../model/power/runtime-pm.js';
import { CAP } from '../../../model/vfio-pci-core/capabilities.js';
import { hasCapability } from '../../hardware.js';
import type { Kernel } from '../../kernel.js';
import { POWER } from '../../layout.js';
import { gives, joined, procedure, takes, waits } from '../../steps.js';
import { FILE } from '../../vfio-cells.js';
import { setPower } from '../vfio/device.js';
import { memoryLock } from '../vfio/memory.js';
import {
  callsVfio,
  drop,
  event,
  hasDriver,
  hold,
  isSettled,
  powerOf,
  requestIdle,
  returned,
  runtimeState,
  setState,
} from './counts.js';
import { leaveLowPower } from './low-power.js';

const statusOf = (k: Kernel): number => k.get(powerOf(k) + POWER.status);
const setStatus = (k: Kernel, status: number): void => k.set(powerOf(k) + POWER.status, status);
const isNamed = (k: Kernel, what: string): string => `${k.placeOf(k.dev).address} to ${what}`;

/** @returns the label to go on at; nothing when the procedure has ended */
function beginResume(k: Kernel): string | undefined {
  const status = statusOf(k);
  if (isChanging(status)) return 'wait';
  // A request that the function is idle is not fulfilled any more.
  k.set(powerOf(k) + POWER.request, 0);
  if (status === RPM.ACTIVE) {
    returned(k, k.dev, 'rpm_resume', 1);
    return k.done(1);
  }
  setStatus(k, RPM.RESUMING);
  return 'called';
}

/** @returns the label to go on at; nothing when the procedure has ended */
function beginSuspend(k: Kernel): string | undefined {
  const ret = suspendResult(runtimeState(k, k.dev), k.arg);
  if (ret === null) return 'wait';
  if (ret !== 0) {
    returned(k, k.dev, 'rpm_suspend', ret);
    return k.done(ret);
  }
  k.set(powerOf(k) + POWER.request, 0);
  setStatus(k, RPM.SUSPENDING);
  return 'called';
}

/** The power state in which a function sleeps. */
export function sleepOf(k: Kernel, dev: number): number {
  const { config, hardware } = k.placeOf(dev);
  return sleepState({
    hasCapability: hasCapability(config, CAP.PM),
    canBeCold: hardware.d3cold === true,
    mayBeCold: k.get(k.power(dev) + POWER.coldForbidden) === 0,
  });
}

/** `pci_pm_runtime_idle`: a native driver has no runtime PM, and never becomes idle. */
const idleCallback = (k: Kernel): number =>
  hasDriver(k, k.dev) && !callsVfio(k, k.dev) ? -ERRNO.ENOSYS : 0;

/** The function whose work item is queued at the worker's place; 0 for none. */
function queuedAt(k: Kernel): number {
  const place = k.world.places[k.thread - k.powerWorkers];
  return k.recordsOf(place).find((dev) => k.get(k.power(dev) + POWER.pending) !== 0) ?? 0;
}

export const RUNTIME = [
  /** `arg` are the flags; with GET_PUT the usage count rises first. Returns 1 if it is active. */
  procedure('rpm_resume', {
    enter: (k) => {
      if ((k.arg & RPM_FLAG.GET_PUT) !== 0) hold(k, k.dev);
      event(k, k.dev, 'rpm_resume', k.arg);
      return beginResume(k);
    },
    wait: waits(
      (k) => !isChanging(statusOf(k)),
      (k) => isNamed(k, 'be suspended or resumed'),
      beginResume,
    ),
    // The PCI core gives it power without the function that a probe is on.
    called: (k) => {
      setState(k, k.dev, PCI_POWER.D0);
      return callsVfio(k, k.dev) ? undefined : 'resumed';
    },
    lock: takes(memoryLock, (k) => {
      const wake = k.get(powerOf(k) + POWER.wake);
      if (wake === 0) return;
      k.add(k.vfio.file(wake) + FILE.signals, 1);
      leaveLowPower(k);
    }),
    unlock: gives(memoryLock),
    resumed: (k) => {
      setStatus(k, RPM.ACTIVE);
      requestIdle(k, k.dev);
      returned(k, k.dev, 'rpm_resume', 0);
      k.done(0);
    },
  }),

  /**
   * A function of VFIO that its user put into D3hot is put into D0 first. Without a driver it stays
   * in the power state that it is in.
   */
  procedure('rpm_suspend', {
    enter: (k) => {
      event(k, k.dev, 'rpm_suspend', k.arg);
      return beginSuspend(k);
    },
    wait: waits(
      (k) => statusOf(k) !== RPM.SUSPENDING,
      (k) => isNamed(k, 'be suspended'),
      beginSuspend,
    ),
    called: (k) => {
      if (!hasDriver(k, k.dev)) return 'suspended';
      return callsVfio(k, k.dev) ? undefined : 'sleep';
    },
    lock: takes(memoryLock, (k) => setPower(k, k.dev, PCI_POWER.D0)),
    unlock: gives(memoryLock),
    sleep: (k) => setState(k, k.dev, sleepOf(k, k.dev)),
    suspended: (k) => {
      setStatus(k, RPM.SUSPENDED);
      returned(k, k.dev, 'rpm_suspend', 0);
      k.done(0);
    },
  }),

  /** Notifies the bus that the function is idle, which suspends it. */
  procedure('rpm_idle', {
    enter: (k) => {
      event(k, k.dev, 'rpm_idle', k.arg);
      const ret = idleResult(runtimeState(k, k.dev));
      if (ret !== 0) {
        returned(k, k.dev, 'rpm_idle', ret);
        return k.done(ret);
      }
      k.set(powerOf(k) + POWER.request, 0);
      k.set(powerOf(k) + POWER.notifying, 1);
    },
    notified: (k) => {
      k.set(powerOf(k) + POWER.notifying, 0);
      const ret = idleCallback(k);
      returned(k, k.dev, 'rpm_idle', ret);
      if (ret !== 0) return k.done(ret);
      return k.call('rpm_suspend', k.dev, 0, k.arg | RPM_FLAG.AUTO);
    },
    exit: joined((k) => k.done(k.ret)),
  }),

  /** `pm_runtime_put_sync`: the thread itself suspends what it was the last to use. */
  procedure('pm_runtime_put_sync', {
    drop: (k) => {
      drop(k, k.dev);
      if (k.get(powerOf(k) + POWER.usage) === 0) {
        return k.call('rpm_idle', k.dev, 0, RPM_FLAG.GET_PUT);
      }
      event(k, k.dev, 'rpm_usage', RPM_FLAG.GET_PUT);
      return k.done(0);
    },
    exit: joined((k) => k.done(0)),
  }),

  /** `power/control` becomes `on`. */
  procedure('pm_runtime_forbid', {
    forbid: (k) => {
      const forbidden = powerOf(k) + POWER.forbidden;
      if (k.get(forbidden) !== 0) return k.done(0);
      k.set(forbidden, 1);
      hold(k, k.dev);
      return k.call('rpm_resume', k.dev);
    },
    exit: joined((k) => k.done(0)),
  }),

  /** Withdraws what was requested, and waits for what is under way. */
  procedure('pm_runtime_barrier', {
    cancel: (k) => {
      hold(k, k.dev);
      k.set(powerOf(k) + POWER.request, 0);
      k.set(powerOf(k) + POWER.pending, 0);
    },
    settle: waits(
      (k) => isSettled(k, k.dev),
      (k) => isNamed(k, 'be suspended or resumed'),
      (k) => {
        drop(k, k.dev);
        k.done(0);
      },
    ),
  }),

  /** The work item of a function; each place has a worker of its own. */
  procedure('pm_runtime_work', {
    take: (k) => {
      const dev = queuedAt(k);
      if (dev === 0) return k.done(0);
      k.dev = dev;
      const request = k.get(powerOf(k) + POWER.request);
      k.set(powerOf(k) + POWER.request, 0);
      k.set(powerOf(k) + POWER.pending, 0);
      if (request === 0) return 'take';
      return k.call('rpm_idle', dev, 0, RPM_FLAG.NOWAIT, 'take');
    },
  }),
];
