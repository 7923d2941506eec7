/**
 * What the driver core and the PCI core do for runtime power management around a driver's probe and
 * remove functions (kernel drivers/base/dd.c, drivers/pci/pci-driver.c 6.1, 6.12).
 */
import { PCI_POWER } from '../../../model/power/power-state.js';
import { RPM_FLAG } from '../../../model/power/runtime-pm.js';
import type { Kernel } from '../../kernel.js';
import { POWER } from '../../layout.js';
import { joined, procedure, waits } from '../../steps.js';
import { setPower } from '../vfio/device.js';
import { allow, clearPower, drop, hold, isSettled, powerOf, put, requestIdle } from './counts.js';
import { idlesInD0, latchIdleParameter } from './idle-parameter.js';

/** The use that a driver of vfio-pci-core gives up while nobody has the function open. */
export function leaveIdle(k: Kernel, dev: number): void {
  setPower(k, dev, PCI_POWER.D0);
  allow(k, dev);
  latchIdleParameter(k, dev, k.driverOn(dev));
  if (!idlesInD0(k, dev)) put(k, dev);
}

const setDriver = (k: Kernel, is: number): void => k.set(powerOf(k) + POWER.driver, is);

export const DRIVER_CORE = [
  procedure('probe_with_power', {
    barrier: (k) => {
      k.call('pm_runtime_barrier', k.dev);
    },
    probe: joined((k) => {
      k.call('really_probe', k.dev, k.drv);
    }),
    idle: (k) => {
      requestIdle(k, k.dev);
      k.done(k.ret);
    },
  }),

  /** Every driver begins with a function that is active and in use. */
  procedure('local_pci_probe', {
    get: (k) => {
      k.call('rpm_resume', k.dev, 0, RPM_FLAG.GET_PUT);
    },
    probe: (k) => {
      setDriver(k, 1);
      k.call('probe', k.dev, k.drv);
    },
    probed: (k) => {
      k.n = k.ret;
      if (k.n >= 0) return k.done(k.n);
      setDriver(k, 0);
      return k.call('pm_runtime_put_sync', k.dev);
    },
    exit: joined((k) => k.done(k.n)),
  }),

  /**
   * The driver core's use ends before the driver is called: an idle function is woken, put to sleep
   * and woken again.
   */
  procedure('remove_with_power', {
    get: (k) => {
      k.call('rpm_resume', k.dev, 0, RPM_FLAG.GET_PUT);
    },
    put: joined((k) => {
      k.call('pm_runtime_put_sync', k.dev);
    }),
    enter: (k) => {
      k.point('pci_device_remove', k.dev);
      k.call('rpm_resume', k.dev, 0, RPM_FLAG.GET_PUT);
    },
    barrier: joined((k) => {
      k.call('pm_runtime_barrier', k.dev);
    }),
    remove: joined((k) => {
      k.call('remove_driver', k.dev, k.drv);
    }),
    forbid: (k) => {
      if (!k.driverAt(k.drv).model.vfioPci) return undefined;
      if (!idlesInD0(k, k.dev)) hold(k, k.dev);
      return k.call('pm_runtime_forbid', k.dev);
    },
    removed: (k) => {
      drop(k, k.dev);
      setDriver(k, 0);
      k.call('pm_runtime_put_sync', k.dev);
    },
    exit: (k) => {
      const state = powerOf(k) + POWER.state;
      if (k.get(state) === PCI_POWER.D0) k.set(state, PCI_POWER.UNKNOWN);
      k.done(0);
    },
  }),

  /** `pm_runtime_remove`, after the last driver has been released. */
  procedure('delete_with_power', {
    release: (k) => {
      k.call('device_release_driver_internal', k.dev);
    },
    settle: waits(
      (k) => isSettled(k, k.dev),
      (k) => `${k.placeOf(k.dev).address} to be suspended or resumed`,
      (k) => {
        clearPower(k, k.dev);
        k.done(0);
      },
    ),
  }),
];
