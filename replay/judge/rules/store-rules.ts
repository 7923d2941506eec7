/**
 * Writes to sysfs attributes of drivers, the bus and devices (kernel drivers/base/bus.c and
 * drivers/pci/pci-sysfs.c 6.1).
 */

import { either } from '../../model/possible.js';
import type { StoreFrame } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { STIMULUS, UNKNOWN, UNMODELLED, type Verdict } from '../engine/verdict.js';
import { endBind, endDriversProbe, endUnbind, matchesNow } from './binding-stores.js';
import { addDynamicId, endNewId, endRemoveId, forgetId } from './dynamic-id-rules.js';
import { endCreate, endMdevProbe, endMdevUnbind, endRemove, namedMdev } from './mdev-stores.js';
import { beginOverride, endOverride, endOverrideWrite } from './override.js';
import { endPciStore } from './pci-stores.js';
import { endAutoprobe, endNumVfs, setAutoprobe } from './sriov-rules.js';

/** Attributes of the device itself: they are there as long as it is. */
const DEVICE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'driver_override',
  'sriov_numvfs',
  'sriov_drivers_autoprobe',
]);

export function sysfsWrite(engine: Engine, e: EventCursor): Verdict {
  if (e.phase !== 'end') return begin(engine, e);
  const frame = engine.frames.pop(e.span);
  if (frame === null || frame.type !== 'store') return UNKNOWN;
  settle(engine, frame, e.seq);
  return endOfMdev(engine, frame, e) ?? end(engine, frame, e);
}

function begin(engine: Engine, e: EventCursor): Verdict {
  endUnseen(engine, e);
  const attribute = e.name;
  const driver = e.driver;
  const text = e.text ?? '';
  const device = mayName(attribute, text, e.device) ? engine.deviceOf(e) : null;
  // The attribute of a driver exists only while the driver does.
  if (driver !== null) engine.machine.claims.register(driver);
  if (device !== null && DEVICE_ATTRIBUTES.has(attribute)) engine.assumePresent(device);
  const frame: StoreFrame = {
    type: 'store',
    seq: e.seq,
    tid: e.tid,
    device,
    overlapped: false,
    attribute,
    driver,
    text,
    count: e.length,
    matches: attribute === 'bind' ? matchesNow(engine, device, driver) : null,
    driverBefore: device?.driver ?? 'unknown',
    found: device?.visible ?? 'unknown',
    attach: null,
    released: false,
    enable: null,
    removed: 0,
    pass: null,
    rival: false,
    attempts: 0,
  };
  if (device !== null && attribute === 'drivers_probe') {
    frame.pass = { device, isFirst: false, tried: [], scope: frame };
  }
  if (attribute === 'new_id') addDynamicId(engine, frame);
  if (attribute === 'driver_override' && device !== null) beginOverride(device, frame);
  if (attribute === 'sriov_drivers_autoprobe' && device !== null) {
    setAutoprobe(engine, device, text);
  }
  if (e.phase === 'begin') engine.frames.push(frame);
  return STIMULUS;
}

/** Attributes of a driver or the bus, to which the name of a device is written. */
const NAMING: ReadonlySet<string> = new Set(['bind', 'unbind', 'drivers_probe']);

/** Whether a text is the name of its device: it may end with a newline, but not with a blank. */
const mayName = (attribute: string, text: string, address: string | null): boolean =>
  !NAMING.has(attribute) || text === '' || text.replace(/\n$/, '') === address;

/** A thread makes one write at a time: an open earlier one has ended unseen. */
function endUnseen(engine: Engine, { tid, seq }: EventCursor): void {
  for (const frame of engine.frames.forget(tid)) {
    if (frame.type !== 'store') continue;
    if (frame.attribute === 'new_id' || frame.attribute === 'remove_id') forgetId(engine, frame);
    settle(engine, frame, seq);
    if (frame.attribute === 'sriov_numvfs' && frame.device?.sriov)
      frame.device.sriov.numVfs = 'unknown';
  }
}

/** Brings the machine to what holds when the write has returned. */
function settle(engine: Engine, frame: StoreFrame, seq: number): void {
  const { device } = frame;
  if (device === null) return;
  frame.found = either(frame.found, device.visible);
  if (frame.attribute === 'driver_override') endOverrideWrite(engine, device, frame, seq);
}

/** What a write to make, remove, bind or probe a mediated device returns. */
function endOfMdev(engine: Engine, frame: StoreFrame, e: EventCursor): Verdict | null {
  if (frame.attribute === 'create') return endCreate(engine, frame, e.ret);
  if (frame.attribute === 'remove') return endRemove(engine, frame, e);
  const mdev = frame.device === null ? namedMdev(engine, frame) : null;
  if (mdev === null) return null;
  if (frame.attribute === 'unbind') return endMdevUnbind(frame, mdev, e.ret);
  return frame.attribute === 'drivers_probe' ? endMdevProbe(frame, mdev, e.ret) : null;
}

function end(engine: Engine, frame: StoreFrame, { ret, seq }: EventCursor): Verdict {
  switch (frame.attribute) {
    case 'bind':
      return endBind(engine, frame, ret);
    case 'unbind':
      return endUnbind(engine, frame, ret);
    case 'drivers_probe':
      return endDriversProbe(engine, frame, ret);
    case 'driver_override':
      return endOverride(frame, ret);
    case 'new_id':
      return endNewId(engine, frame, ret);
    case 'remove_id':
      return endRemoveId(engine, frame, ret);
    case 'sriov_numvfs':
      return endNumVfs(engine, frame, ret, seq);
    case 'sriov_drivers_autoprobe':
      return endAutoprobe(frame, ret);
    default:
      return endPciStore(frame, ret) ?? UNMODELLED;
  }
}
