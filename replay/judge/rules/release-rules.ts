/**
 * Unbinding (device_release_driver_internal, kernel drivers/base/dd.c 6.1), and the clean-up after
 * a failed probe.
 */

import { certainly, describe, either, possibly } from '../../model/possible.js';
import type { ReleaseFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  type Difference,
  diverge,
  IN_ORDER,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import type { PciDevice } from '../machine/pci-device.js';
import { setFree } from './bind.js';
import { leave, releaseEnded, secondRelease } from './device-rules.js';
import { releaseVfs } from './vf-count.js';
import { revokeGroup } from './vfio-unended.js';

export function unbind(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return STIMULUS;
  const { name } = e;
  if (e.phase === 'begin') return beginRelease(engine, e, device);
  if (e.phase === 'end') return endRelease(engine, e, device);
  if (name === 'pci_device_remove') return busRemove(engine, e, device);
  if (name === 'device_unbind_cleanup') return cleanup(engine, e, device);
  return ownRemove(engine, e, device);
}

/** `device_release_driver_internal`: at its entry the lock is not yet held. */
function beginRelease(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const { driver, seq, tid } = e;
  engine.assumePresent(device);
  engine.machine.loosen(device, driver);
  const before = device.driver;
  const store = engine.frames.inner(tid, 'store');
  secondRelease(engine, device, tid);
  if (store?.attribute !== 'unbind') mayBeRemoval(engine, device, driver);
  if (driver !== null) revokeGroup(engine, device, driver);
  engine.frames.push<ReleaseFrame>({
    type: 'release',
    seq,
    tid,
    device,
    driver,
    overlapped: false,
    bound: device.bound && certainly(before, driver) && driver !== null,
    removed: false,
    last: seq,
  });
  const path = `${device.address}/driver`;
  if (store?.attribute === 'unbind' && store.device === device) {
    store.released = true;
    if (!possibly(store.driverBefore, store.driver) && !store.overlapped) {
      const expected = `-ENODEV: ${describe(store.driverBefore)} is bound`;
      const difference = diverge(path, expected, `${store.driver} is released`);
      return releasedAfterAll(engine, device, driver, difference);
    }
  }
  if (before === 'unknown') {
    device.driver = [driver];
    device.bound = driver !== null;
    return UNKNOWN;
  }
  if (before.includes(driver)) return COMPUTED;
  if (driver !== null && before.includes(null) && !engine.records('really_probe')) {
    // A device has its driver from the beginning of its probe on, which no event shows here.
    device.driver = [driver];
    return UNKNOWN;
  }
  const difference = diverge(path, describe(before), driver ?? 'none');
  return releasedAfterAll(engine, device, driver, difference);
}

/**
 * A release that no write requested may be part of a removal without an event of its own, such as
 * that by the attribute `remove`. For a device without a driver it cannot be anything else.
 */
function mayBeRemoval(engine: Engine, device: PciDevice, driver: string | null): void {
  if (device.removal !== null) return;
  // A driver that unregisters releases its functions.
  if (driver !== null && engine.machine.claims.isChanging(driver)) return;
  if (driver === null || !engine.records('pci_stop_and_remove_bus_device')) leave(device);
}

/** The device has another driver than the state says. */
function releasedAfterAll(
  engine: Engine,
  device: PciDevice,
  driver: string | null,
  difference: Difference,
): Verdict {
  const verdict = engine.weighAgainstSnapshot(device, 'driver', difference);
  if (verdict.type === 'unknown') {
    device.driver = [driver];
    device.bound = driver !== null;
  }
  return verdict;
}

/** `pci_device_remove`: the release has the device lock and calls the driver's remove. */
function busRemove(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const release = engine.frames.inner(e.tid, 'release');
  if (release?.device === device) {
    release.removed = true;
    release.last = e.seq;
  }
  engine.machine.loosen(device, release?.driver ?? null);
  releaseVfs(engine, device);
  const verdict = removing(engine, e, device, release);
  if (!engine.records('device_unbind_cleanup')) {
    // No other event shows when it loses the driver, which may be long before the release ends.
    device.driver = either([null], device.driver);
    device.bound = false;
  }
  return verdict;
}

function removing(
  engine: Engine,
  e: EventCursor,
  device: PciDevice,
  release: ReleaseFrame | null,
): Verdict {
  const path = `${device.address}/driver`;
  if (device.driver === 'unknown' || release === null) return UNKNOWN;
  const holder = engine.frames.onDevice(device, '__driver_probe_device');
  if (holder !== null && holder.tid !== e.tid && holder.really?.ret === null) {
    const expected = `thread ${holder.tid} holds the device lock`;
    return diverge(`${device.address}/lock`, expected, `thread ${e.tid} removes`);
  }
  if (certainly(device.driver, null)) {
    const difference = diverge(path, 'none is bound: nothing to remove', 'the driver is removed');
    return engine.weighAgainstSnapshot(device, 'driver', difference);
  }
  return IN_ORDER;
}

/** `vfio_pci_remove`, `nvme_remove`. */
function ownRemove(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const { driver } = e;
  if (driver === null || device.driver === 'unknown') return UNKNOWN;
  const release = engine.frames.inner(e.tid, 'release');
  if (release === null && !engine.records('device_release_driver_internal')) return UNKNOWN;
  if (possibly(device.driver, driver)) return IN_ORDER;
  const difference = diverge(`${device.address}/driver`, describe(device.driver), driver);
  return engine.weighAgainstSnapshot(device, 'driver', difference);
}

/** `device_unbind_cleanup`: from here on the device loses its driver. */
function cleanup(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const { driver } = e;
  const before = device.driver;
  const really = engine.frames.inner(e.tid, 'really_probe');
  const failing = really?.device === device;
  const release = engine.frames.inner(e.tid, 'release');
  if (release?.device === device) release.last = e.seq;
  engine.machine.loosen(device, driver);
  releaseVfs(engine, device);
  device.driver = either([null], before);
  device.bound = false;
  if (before === 'unknown') return UNKNOWN;
  const path = `${device.address}/driver`;
  if (failing && really.bus?.ret === 0 && really.bound) {
    return diverge(path, `${really.driver} stays bound`, 'clean-up of a failed probe');
  }
  if (!failing && release === null) return UNKNOWN;
  if (driver === null || before.includes(driver)) return IN_ORDER;
  return diverge(path, describe(before), driver);
}

function endRelease(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const frame = engine.frames.pop(e.span);
  if (frame?.type !== 'release') {
    device.driver = 'unknown';
    return UNKNOWN;
  }
  const verdict = releaseResult(engine, frame, device);
  if (frame.driver !== null) revokeGroup(engine, device, frame.driver);
  if (device.probed > frame.last) {
    // It dropped the lock before it returned, and another thread probes since.
    const mayHaveRemoved = frame.driver !== null && !engine.records('pci_device_remove');
    if (!frame.removed && mayHaveRemoved) device.driver = 'unknown';
  } else if (frame.removed) setFree(engine, device);
  else if (!engine.records('pci_device_remove')) {
    if (frame.bound) setFree(engine, device);
    else if (frame.driver !== null) device.driver = 'unknown';
  }
  releaseEnded(device, frame.tid);
  return verdict;
}

function releaseResult(engine: Engine, frame: ReleaseFrame, device: PciDevice): Verdict {
  if (frame.driver === null || frame.removed) return IN_ORDER;
  if (!engine.records('pci_device_remove')) return UNKNOWN;
  if (!frame.bound || frame.overlapped) return IN_ORDER;
  const path = `${device.address}/driver`;
  return diverge(path, `${frame.driver} is removed`, 'it was not removed');
}
