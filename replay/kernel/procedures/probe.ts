/** From a match to a driver's own probe function (kernel drivers/base/dd.c, pci-driver.c 6.1). */

import { ERRNO } from '../../../traces/index.js';
import { gateIsOpen } from '../../model/binding/autoprobe-gate.js';
import type { Kernel } from '../kernel.js';
import { DEVICE, FAULT, GLOBAL, REMOVED } from '../layout.js';
import type { Driver, Place } from '../place.js';
import { joined, procedure } from '../steps.js';
import { VDEV } from '../vfio-cells.js';
import { deferProbe, triggerDeferred, undeferProbe } from './deferral.js';
import { matches } from './matching.js';
import { isPowered } from './power/counts.js';
import { leaveIdle } from './power/driver-core.js';
import { sendUevent } from './send-uevent.js';
import { claimForKernel, leaveToOthers, registerDevice } from './vfio/register.js';
import { probeVariant } from './vfio/variant-hooks.js';

export const PROBE = [
  /** What walks call: a probe that is put off is noted, and tried again when a driver was bound. */
  procedure('driver_probe_device', {
    count: (k) => {
      if (k.canDefer) {
        k.was = k.get(GLOBAL.triggers);
        k.add(GLOBAL.probing, 1);
      }
      k.call('__driver_probe_device', k.dev, k.drv);
    },
    defer: (k) => {
      const { ret } = k;
      if (!k.canDefer) return k.done(ret);
      if (Math.abs(ret) === ERRNO.EPROBE_DEFER) {
        deferProbe(k, k.dev);
        // Another function was bound between the probe and here, when the list did not have this
        // one yet.
        const isLate = k.get(GLOBAL.triggers) !== k.was;
        if (isLate && !k.hasBug('deferralMissesTrigger')) triggerDeferred(k);
      }
      k.add(GLOBAL.probing, -1);
      if (k.get(GLOBAL.probing) === 0) k.set(GLOBAL.triggers, 0);
      k.done(ret);
    },
  }),

  /** Returns 0 for bound, a positive errno of the driver's, or a negative one of the core's. */
  procedure('__driver_probe_device', {
    check: (k) => {
      const { dev, drv } = k;
      k.begin('__driver_probe_device', dev, drv);
      const ret =
        k.get(dev + DEVICE.dead) !== 0 && !k.hasBug('probesRemoved')
          ? -ERRNO.ENODEV
          : k.get(dev + DEVICE.driver) !== 0
            ? -ERRNO.EBUSY
            : 0;
      const probes = isPowered(k, dev) ? 'probe_with_power' : 'really_probe';
      if (ret === 0) return k.call(probes, dev, drv);
      k.end(ret);
      k.done(ret);
    },
    exit: joined((k) => {
      k.end(k.ret);
      k.done(k.ret);
    }),
  }),

  procedure('really_probe', {
    take: (k) => {
      const { dev, drv } = k;
      k.begin('really_probe', dev, drv);
      k.set(dev + DEVICE.driver, drv);
      if (k.placeOf(dev).mediated) return k.call('mdev_probe', dev, drv);
      k.i = k.natives?.claim(k.thread) ?? 0;
      if (k.i === 0) k.i = claimForKernel(k, dev, k.driverAt(drv));
      if (k.i === 0) k.call('pci_device_probe', dev, drv);
    },
    probed: (k) => {
      const { dev, drv } = k;
      const ret = k.i === 0 ? k.ret : k.i;
      if (k.i === 0 && ret !== 0) leaveToOthers(k, dev);
      // A negative result ends the walk; an error of a driver lets the next one try.
      k.n = k.i === 0 ? -ret : ret;
      k.point(ret === 0 ? 'driver_bound' : 'device_unbind_cleanup', dev, drv);
      return ret === 0 ? 'bound' : 'cleanup';
    },
    bound: (k) => {
      const { dev } = k;
      if (k.get(dev + DEVICE.removal) === REMOVED) k.fault(FAULT.boundAfterRemoval);
      k.set(dev + DEVICE.bound, 1);
      k.noteBinding(dev);
      undeferProbe(k, dev);
      triggerDeferred(k);
      if (k.udev !== null) return 'announce';
      sendUevent(k, dev, 'bind');
      return 'exit';
    },
    // Where udev may act on it, the uevent has a step of its own.
    announce: (k) => {
      sendUevent(k, k.dev, 'bind');
      return 'exit';
    },
    // The driver's resources are freed first: others still see the driver.
    cleanup: (k) => {
      k.set(k.dev + DEVICE.driver, 0);
    },
    exit: joined((k) => {
      k.end(k.n);
      k.done(k.n);
    }),
  }),

  procedure('pci_device_probe', {
    gate: (k) => {
      const { dev, drv } = k;
      k.begin('pci_device_probe', dev, drv);
      if (mayProbe(k, dev)) return undefined;
      k.end(-ERRNO.ENODEV);
      k.done(-ERRNO.ENODEV);
    },
    match: (k) => {
      const { dev, drv } = k;
      if (matches(k, dev, drv)) {
        return k.call(isPowered(k, dev) ? 'local_pci_probe' : 'probe', dev, drv);
      }
      // A dynamic id was removed since the first match.
      k.end(-ERRNO.ENODEV);
      k.done(-ERRNO.ENODEV);
    },
    exit: joined((k) => {
      // A positive result counts as success.
      const ret = Math.min(k.ret, 0);
      k.end(ret);
      k.done(ret);
    }),
  }),

  /** The driver's own function: `vfio_pci_probe`, `nvme_probe` and the like. */
  procedure('probe', {
    enter: (k) => {
      const { dev, drv } = k;
      const { name, model } = k.driverAt(drv);
      const own = OWN_PROBE[name];
      if (own !== undefined) k.begin(own, dev, drv);
      const refused =
        model.variant === null
          ? 0
          : (k.natives?.failure(k.thread) ?? probeVariant(k, dev, model.variant));
      if (typeof refused === 'number' && refused < 0) {
        if (own !== undefined) k.end(refused);
        return k.done(refused);
      }
      if (model.vfioPci) k.begin('vfio_pci_core_register_device', dev);
      const vfs = k.natives?.vfsInProbe(k.thread) ?? 0;
      if (vfs > 0) k.call('pci_enable_sriov', dev, 0, vfs);
    },
    modules: joined((k) => {
      const { loads } = k.driverAt(k.drv).spec;
      const loaded = loads === undefined ? null : k.world.driver(loads);
      if (loaded !== null) k.call('load', 0, k.driverRecord(loaded));
    }),
    answer: (k) => {
      const { dev, drv } = k;
      const driver = k.driverAt(drv);
      const isUsed = k.get(k.vdev(dev) + VDEV.used) !== 0;
      if (isUsed && !driver.model.vfioPci) k.fault(FAULT.probedUnreset);
      const ret = driver.model.vfioPci ? register(k, dev) : answerOf(k, driver, k.placeOf(dev));
      if (driver.model.vfioPci) {
        if (ret === 0 && isPowered(k, dev)) leaveIdle(k, dev);
        if (ret === 0) registerDevice(k, dev);
        k.end(ret);
      }
      if (OWN_PROBE[driver.name] !== undefined) k.end(ret);
      k.done(ret);
    },
  }),
];

/** Own probe functions that the catalogue has. */
const OWN_PROBE: Readonly<Record<string, 'vfio_pci_probe' | 'nvme_probe' | undefined>> = {
  'vfio-pci': 'vfio_pci_probe',
  nvme: 'nvme_probe',
};

/** `pci_device_can_probe`: the flag of the PF is read without a lock. */
function mayProbe(k: Kernel, dev: number): boolean {
  const { physfn } = k.placeOf(dev);
  const pf = k.findDevice(physfn);
  const autoprobe = pf === 0 || k.get(pf + DEVICE.autoprobeOff) === 0;
  const override = k.hasBug('overrideIgnoredByGate') ? null : k.overrideOf(dev);
  return gateIsOpen(physfn !== null, autoprobe, override);
}

/** `vfio_pci_core_register_device`: a PF with VFs is left to the driver that created them. */
const register = (k: Kernel, dev: number): number =>
  k.get(dev + DEVICE.numVfs) > 0 ? -ERRNO.EBUSY : 0;

/** The result of a native driver: from the caller of the kernel, or from the specification. */
function answerOf(k: Kernel, driver: Driver, place: Place): number {
  if (k.natives !== null) return k.natives.probe(k.thread);
  const { answers, defersUntil } = driver.spec;
  const { properties = {} } = place.hardware;
  const refused = driver.model.refuses?.({ isVf: place.physfn !== null, properties }) ?? 0;
  if (refused < 0) return refused;
  if (defersUntil !== null) {
    const supplier = k.findDevice(k.world.place(defersUntil));
    if (supplier === 0 || k.get(supplier + DEVICE.bound) === 0) return -ERRNO.EPROBE_DEFER;
  }
  const kind = place.physfn === null ? 'pf' : 'vf';
  const answer = answers.find(({ to }) => to === kind || to === place.address);
  if (answer === undefined) return 0;
  const { results } = answer;
  const asked = k.get(k.asked(driver, place));
  if (asked + 1 < results.length) k.set(k.asked(driver, place), asked + 1);
  return results[asked];
}
