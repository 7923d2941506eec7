/** Mediated devices as their users open them, call them and close them. */

import { ERRNO } from '../../../traces/index.js';
import {
  deviceCall,
  forgetUse,
  isMdevOpen,
  type Mdev,
  mdevDriver,
} from '../../model/mdev/index.js';
import { only } from '../../model/possible.js';
import { because } from '../../model/reason.js';
import { CDEV_CALL, type Door, doorOf } from '../../model/vfio/cdev.js';
import { fileOfCall } from '../../model/vfio/file-descriptors.js';
import { type IoctlCall, innerCall } from '../../model/vfio/vfio-calls.js';
import { functionAt } from '../../model/vfio/vfio-state.js';
import type { Engine, Rule } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { inHindsight, STIMULUS, UNKNOWN, UNMODELLED, type Verdict } from '../engine/verdict.js';
import { DF_OPEN } from './hindsight.js';
import { CLOSE, mdevOf } from './mdev-rules.js';
import { cdevBinding, endCdev, releaseFile, UNBOUND } from './vfio-cdev.js';
import { rulesOf } from './vfio-iommufd.js';
import { judge, judgeByKernel } from './vfio-results.js';

/** The model of a device's driver, on the recorded kernel; null if there is none. */
function modelOf(engine: Engine, mdev: Mdev | null) {
  const driver = mdev === null ? null : (only(mdev.driver) ?? null);
  const model = driver === null ? null : mdevDriver(driver);
  const { version } = rulesOf(engine);
  return model !== null && version !== null && version < model.since ? null : model;
}

/** A rule of its own for events of mediated devices. */
export const orAnyMdev =
  (ofMdev: Rule, rule: Rule): Rule =>
  (engine, e) => {
    if (engine.mdevs.devices.size === 0 || engine.pciFunction(e) !== null) return rule(engine, e);
    return mdevOf(engine, e) === null ? rule(engine, e) : ofMdev(engine, e);
  };

/** The same, for those whose driver has a model. */
export const orMdev = (ofMdev: Rule, rule: Rule): Rule =>
  orAnyMdev(
    (engine, e) => (modelOf(engine, mdevOf(engine, e)) === null ? rule : ofMdev)(engine, e),
    rule,
  );

/** `vfio_df_open`: of a group's file each, of a character device's file when it is bound. */
export function openMdev(engine: Engine, e: EventCursor): Verdict {
  const mdev = mdevOf(engine, e);
  if (mdev === null) return STIMULUS;
  const ioctl = innerCall(engine.vfio.calls, e.tid, 'ioctl');
  if (e.name !== DF_OPEN) {
    // The driver opens it in its own way: the result for the group's call is not known.
    if (ioctl !== null) ioctl.opened = null;
    return STIMULUS;
  }
  if (e.phase === 'begin') {
    mdev.opening++;
    if (ioctl === null) return STIMULUS;
    Object.assign(ioctl, { opened: null, opening: mdev.uuid });
    if (ioctl.group !== null) engine.vfio.groups.get(ioctl.group)?.devices.add(mdev.uuid);
    return STIMULUS;
  }
  mdev.opening = Math.max(0, mdev.opening - 1);
  if (ioctl !== null) {
    ioctl.opened = e.ret === 0;
    if (e.ret < 0) ioctl.openError = e.ret;
  }
  if (e.ret !== 0) {
    if (mdev.opens === 0) leaveGroups(engine, mdev);
    return STIMULUS;
  }
  const fn = functionAt(engine.vfio, mdev.uuid);
  fn.open = 'unknown';
  if (ioctl?.file === 'group') fn.bound = 'unbound';
  if (!engine.records(CLOSE)) mdev.irq = 'unknown';
  if (mdev.opens !== null) mdev.opens++;
  return STIMULUS;
}

/** `vfio_df_close`: the driver of the last file that is closed turns interrupts off. */
export function closeMdev(engine: Engine, e: EventCursor): Verdict {
  const mdev = mdevOf(engine, e);
  if (mdev === null || e.name !== CLOSE) return STIMULUS;
  // What closes was open, though the end of opening it may not be recorded.
  if (mdev.opens === 0) mdev.opening = Math.max(0, mdev.opening - 1);
  else if (mdev.opens !== null) mdev.opens--;
  if (isMdevOpen(mdev) !== false) return STIMULUS;
  leaveGroups(engine, mdev);
  mdev.irq = ['none'];
  // What a driver saves and resumes ends with it, but not the state that it is in.
  if (mdev.migration !== null) mdev.migration = { ...mdev.migration, file: null };
  const fn = functionAt(engine.vfio, mdev.uuid);
  releaseFile(engine, fn);
  fn.open = 'closed';
  return STIMULUS;
}

function leaveGroups({ vfio }: Engine, { uuid }: Mdev): void {
  for (const group of vfio.groups.values()) group.devices.delete(uuid);
}

/** What the file of a call is: one that its device is open through, or not. */
function doorOfMdev(engine: Engine, mdev: Mdev, e: EventCursor): Door {
  const file = fileOfCall(engine.vfio.descriptors, e.pid, e.tid);
  const { bound, cdevOpened = false } = functionAt(engine.vfio, mdev.uuid);
  const ofGroup = file !== null && engine.vfio.groupFiles.has(file);
  const shown = engine.records(DF_OPEN) && engine.records(CLOSE);
  const open = shown ? isMdevOpen(mdev) : null;
  const showsBind = engine.records(CDEV_CALL.BIND);
  return doorOf({ bound: cdevBinding(bound), file, ofGroup, open, cdevOpened, showsBind });
}

const FEATURE = 'VFIO_DEVICE_FEATURE';
const NO_BUFFER = because(ERRNO.ENOENT, 'the device has no DMA buffer of that number');

/** The end of an ioctl of a mediated device; undefined when its driver has no model. */
export function endMdev(engine: Engine, call: IoctlCall, e: EventCursor): Verdict | undefined {
  const mdev = mdevOf(engine, e);
  const driver = modelOf(engine, mdev);
  if (mdev === null || driver === null) return undefined;
  const door = call.name === CDEV_CALL.BIND ? 'open' : doorOfMdev(engine, mdev, e);
  const path = `${mdev.uuid}/${call.name}`;
  const { ret } = e;
  if (door === 'unbound') return unsure(engine, judge(path, UNBOUND, ret));
  const ofCdev = endCdev(engine, call, e, door);
  if (ofCdev !== undefined) return call.unseen ? UNKNOWN : ofCdev;
  const { version } = rulesOf(engine);
  const { results, done } = deviceCall(mdev, driver, call, version);
  if (call.unseen || isShared(engine, call, e.tid)) {
    if (done !== undefined) forgetUse(mdev);
    return UNKNOWN;
  }
  const ofRelease = (release: number) => deviceCall(mdev, driver, call, release).results;
  const judged = judgeByKernel(path, results, ofRelease, ret);
  const verdict =
    call.name === 'VFIO_DEVICE_GET_GFX_DMABUF' ? inHindsight(judged, NO_BUFFER, ret) : judged;
  // A file that is not bound does nothing.
  if (door === 'open' || ret !== -ERRNO.EINVAL || results?.includes(ret)) done?.(ret);
  if (verdict.type !== 'diverge') return verdict;
  // Where calls that it depends on are not recorded it has causes that are not seen.
  const cause = call.name === FEATURE ? 'VFIO_DEVICE_RESET' : 'VFIO_DEVICE_GET_INFO';
  if (!engine.records(cause)) {
    forgetUse(mdev);
    return UNKNOWN;
  }
  return door === 'unknown' && ret === -ERRNO.EINVAL ? UNKNOWN : unsure(engine, verdict);
}

/** On a kernel that is not known nothing is held against it. */
function unsure(engine: Engine, verdict: Verdict): Verdict {
  const { version } = rulesOf(engine);
  return version === null && verdict.type === 'diverge' ? UNKNOWN : verdict;
}

/** Whether another thread is in a call of the same device: their order is not known. */
function isShared({ vfio }: Engine, call: IoctlCall, tid: number): boolean {
  for (const [thread, calls] of vfio.calls) {
    if (thread === tid) continue;
    for (const other of calls) {
      if (other.type !== 'ioctl' || other.device !== call.device) continue;
      other.unseen = true;
      return true;
    }
  }
  return false;
}

/** A read or a write of a region. */
export function mdevRegion(engine: Engine, e: EventCursor): Verdict {
  const mdev = mdevOf(engine, e);
  const driver = modelOf(engine, mdev);
  if (e.phase === 'begin') return STIMULUS;
  if (mdev === null || driver === null) return UNMODELLED;
  if (isMdevOpen(mdev) === false && engine.records(DF_OPEN)) return UNKNOWN;
  return unsure(
    engine,
    judge(`${mdev.uuid}/region`, driver.access(e.region, e.length), e.ret, e.length),
  );
}
