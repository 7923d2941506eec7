/**
 * From really_probe to the driver's own probe function (kernel drivers/base/dd.c and
 * drivers/pci/pci-driver.c 6.1).
 */

import { ERRNO, errnoName } from '../../../traces/index.js';
import { driverModel } from '../../model/drivers/index.js';
import { certainly, describe, either, type Possible, possibly } from '../../model/possible.js';
import { anyOf, because, inferring, type Results } from '../../model/reason.js';
import type { ReallyProbeFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  compare,
  diverge,
  explained,
  handedOn,
  IN_ORDER,
  oneOf,
  PASSED,
  STIMULUS,
  UNKNOWN,
  UNMODELLED,
  type Verdict,
} from '../engine/verdict.js';
import type { PciDevice } from '../machine/pci-device.js';
import { setBound, setFree } from './bind.js';
import { learnGate, mayBeClosed, probeGate, unaskedGate } from './sriov-rules.js';
import { numVfsOf } from './vf-count.js';
import { refusedByVariant } from './vfio-variant.js';
import { isOwned } from './vfio-viable.js';

/** `really_probe`, `pci_device_probe`, and drivers' own probe functions. */
export function probe(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null) return STIMULUS;
  const { name } = e;
  if (e.phase === 'end') return endProbe(engine, e, device);
  if (e.isLogMessage) return STIMULUS;
  switch (name) {
    case 'really_probe':
      return beginReally(engine, e, device);
    case 'pci_device_probe':
      return beginBus(engine, e, device);
    case 'vfio_pci_core_register_device':
      return beginRegister(engine, e, device);
    default:
      return beginOwn(engine, e, device);
  }
}

function beginReally(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const driver = e.driver ?? '';
  const { seq, tid } = e;
  const attempt = engine.frames.inner(tid, '__driver_probe_device');
  const base = { seq, tid, device, overlapped: false } as const;
  engine.frames.push({ type: 'really_probe', ...base, driver, bus: null, bound: false });
  const before = device.driver;
  // Between the entry and the bus's probe, others may still see the device without a driver.
  device.driver = either(before === 'unknown' ? 'unknown' : [null], [driver]);
  device.bindable = [true];
  device.dead = [false];
  device.probed = seq;
  const path = `${device.address}/driver`;
  if (attempt === null || attempt.device !== device) return UNKNOWN;
  attempt.really = { ret: null };
  if (attempt.driver !== driver) return compare(path, attempt.driver, driver);
  if (before !== 'unknown' && !before.includes(null)) {
    const difference = diverge(path, `-EBUSY: ${describe(before)} is bound`, `${driver} probes`);
    return engine.weighAgainstSnapshot(device, 'driver', difference);
  }
  return PASSED;
}

function beginBus(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const driver = e.driver ?? '';
  const { seq, tid } = e;
  const really = engine.frames.onDevice(device, 'really_probe');
  const gate = probeGate(engine, device, seq);
  const base = { seq, tid, device, overlapped: false } as const;
  device.probed = seq;
  engine.frames.push({
    type: 'pci_device_probe',
    ...base,
    driver: really?.driver ?? driver,
    gate,
    own: null,
  });
  if (really === null) {
    device.driver = [driver];
    return UNKNOWN;
  }
  really.bus = { ret: null };
  device.driver = [really.driver];
  return compare(`${device.address}/driver`, really.driver, driver, PASSED);
}

/** `vfio_pci_probe`, `nvme_probe`: it may run on another thread than pci_device_probe. */
function beginOwn(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const driver = e.driver ?? '';
  const { seq, tid } = e;
  engine.learnOwnProbe(e.name);
  const bus = engine.frames.onDevice(device, 'pci_device_probe');
  const base = { seq, tid, device, overlapped: false } as const;
  engine.frames.push({ type: 'driver_probe', ...base, driver, register: null });
  if (bus === null) return UNKNOWN;
  bus.own = { ret: null };
  if (bus.gate === 'unknown' && certainly(engine.override(device), null)) {
    learnGate(engine, device, true);
  }
  const path = `${device.address}/sriov/autoprobe`;
  if (certainly(bus.gate, false)) {
    const unasked = unaskedGate(engine, device, true);
    if (unasked !== null) return unasked;
    const difference = diverge(path, '-ENODEV: the gate is closed', `${driver} probes`);
    return engine.weighAgainstSnapshot(device, 'override', difference);
  }
  // Of a VF the gate decides, too.
  const match = device.physfn === null ? PASSED : COMPUTED;
  return compare(`${device.address}/driver`, bus.driver, driver, match);
}

function beginRegister(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const { seq, tid } = e;
  const own = engine.frames.onDevice(device, 'driver_probe');
  engine.frames.push({ type: 'register', seq, tid, device, overlapped: false });
  if (own !== null) own.register = { ret: null };
  // The driver's own function, which calls this one, need not be recorded.
  const caller = own ?? engine.frames.onDevice(device, 'pci_device_probe');
  if (caller === null || (own === null && engine.recordsOwnProbe(caller.driver))) return UNKNOWN;
  const { vfioPci, known } = driverModel(caller.driver);
  if (vfioPci) return IN_ORDER;
  return known ? UNKNOWN : UNMODELLED;
}

function endProbe(engine: Engine, e: EventCursor, device: PciDevice): Verdict {
  const frame = engine.frames.pop(e.span);
  const { ret } = e;
  switch (frame?.type) {
    case 'really_probe':
      return endReally(engine, frame, device, ret);
    case 'pci_device_probe': {
      const really = engine.frames.onDevice(device, 'really_probe');
      if (really?.bus) really.bus.ret = ret;
      return busResult(engine, frame, device, ret);
    }
    case 'driver_probe': {
      const bus = engine.frames.onDevice(device, 'pci_device_probe');
      // A positive result counts as success (pci_call_probe, kernel drivers/pci/pci-driver.c).
      if (bus?.own) bus.own.ret = Math.min(ret, 0);
      return ownResult(engine, frame, device, ret);
    }
    case 'register': {
      const own = engine.frames.onDevice(device, 'driver_probe');
      if (own?.register) own.register.ret = ret;
      return registerResult(engine, device, ret);
    }
    default:
      return UNKNOWN;
  }
}

function endReally(
  engine: Engine,
  frame: ReallyProbeFrame,
  device: PciDevice,
  ret: number,
): Verdict {
  const attempt = engine.frames.onDevice(device, '__driver_probe_device');
  if (attempt?.really) attempt.really.ret = ret;
  if (ret === 0) setBound(device, frame.driver);
  else setFree(engine, device);
  const path = `${device.address}/driver`;
  if (frame.bus === null) {
    if (ret === -ERRNO.EBUSY && isOwned(engine, device.group)) return COMPUTED;
    if (!engine.records('pci_device_probe')) return UNKNOWN;
    // Stopped before the bus's probe: suppliers are missing, or VFIO owns the IOMMU group.
    const expected = [-ERRNO.EPROBE_DEFER];
    if (driverModel(frame.driver).managesDma !== true) expected.push(-ERRNO.EBUSY);
    if (expected.includes(ret)) return UNKNOWN;
    return diverge(path, 'pci_device_probe runs', errnoName(ret));
  }
  const { ret: bus } = frame.bus;
  if (bus === null) return UNKNOWN;
  const failed = engine.machine.kernel.probeErrorTurned ? -bus : 0;
  return handedOn(path, bus === 0 ? 0 : failed, ret);
}

const gateClosed = ({ address, physfn }: PciDevice): Results =>
  because(
    ERRNO.ENODEV,
    'sriov_drivers_autoprobe of the PF is off, and the VF has no override',
    `${physfn}/autoprobe`,
    `${address}/override`,
  );
const MAY_HAVE_VFS = inferring(
  ERRNO.EBUSY,
  'probably it is a PF that still has VFs: its last driver may have left them',
);
const hasVfs = ({ address }: PciDevice, n: number): Results =>
  because(ERRNO.EBUSY, `it is a PF with ${n} VFs`, `${address}/numVfs`);

function busResult(
  engine: Engine,
  frame: { gate: Possible<boolean>; own: { ret: number | null } | null; driver: string },
  device: PciDevice,
  ret: number,
): Verdict {
  const path = `${device.address}/probe`;
  if (frame.own !== null) {
    if (frame.own.ret === null) return UNKNOWN;
    return handedOn(path, frame.own.ret, ret);
  }
  if (certainly(frame.gate, false)) {
    const verdict = compare(`${device.address}/sriov/autoprobe`, '-ENODEV', errnoName(ret));
    if (verdict.type === 'match') return explained(gateClosed(device), ret);
    return engine.weighAgainstSnapshot(device, 'override', verdict);
  }
  const recorded = engine.recordsOwnProbe(frame.driver);
  if (possibly(frame.gate, false) && ret === -ERRNO.ENODEV) {
    if (frame.gate !== 'unknown') return explained(gateClosed(device), ret);
    if (recorded) learnGate(engine, device, false);
    return UNKNOWN;
  }
  if (ret === -ERRNO.ENODEV && certainly(frame.gate, true)) {
    // A driver that was not called did not refuse: the flag was off, whatever the snapshot says.
    const unasked = recorded ? unaskedGate(engine, device, false) : null;
    if (unasked !== null) return unasked;
    if (!recorded) mayBeClosed(engine, device);
  }
  if (recorded && certainly(frame.gate, true)) {
    // Interrupts are set up before the driver's own function is called, and may fail.
    return ret === 0 ? diverge(path, `${frame.driver} probes`, '0') : UNKNOWN;
  }
  // The result of an unmodelled driver whose function was not recorded: a stimulus.
  return STIMULUS;
}

function ownResult(
  engine: Engine,
  frame: { driver: string; register: { ret: number | null } | null },
  device: PciDevice,
  ret: number,
): Verdict {
  // Native drivers answer as they like: what they return is a stimulus.
  if (!driverModel(frame.driver).vfioPci) return STIMULUS;
  const path = `${device.address}/probe`;
  if (frame.register !== null) {
    if (frame.register.ret === null) return UNKNOWN;
    return handedOn(path, frame.register.ret, ret);
  }
  const refused = refusedByVariant(engine, device.address, frame.driver);
  if (refused !== null && refused === ret) return COMPUTED;
  if (!engine.records('vfio_pci_core_register_device')) {
    return refused === null ? registerResult(engine, device, ret) : UNKNOWN;
  }
  // Refused before it registers, for a reason that was not recorded.
  return ret < 0 ? UNKNOWN : diverge(path, 'the device is registered', '0');
}

/**
 * The result of vfio-pci-core for a function that is bound to it (vfio_pci_core_register_device,
 * kernel drivers/vfio/pci/vfio_pci_core.c 6.1).
 */
function registerResult(engine: Engine, device: PciDevice, ret: number): Verdict {
  const path = `${device.address}/probe`;
  if (device.endpoint === false) return oneOf(path, because(ERRNO.EINVAL, 'it is a bridge'), ret);
  const vfs = device.sriov === null ? [0] : numVfsOf(engine, device.sriov);
  if (vfs === 'unknown') return oneOf(path, anyOf([0], MAY_HAVE_VFS), ret);
  return oneOf(path, anyOf(...vfs.map((n) => (n > 0 ? hasVfs(device, n) : [0]))), ret);
}
