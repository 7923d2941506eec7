/** Mediated devices as they come, get a driver, and go (kernel drivers/vfio/mdev 6.12). */

import { ERRNO } from '../../../traces/index.js';
import {
  boundMdev,
  isUuid,
  type Mdev,
  mdevAt,
  mdevDriver,
  unboundMdev,
} from '../../model/mdev/index.js';
import { certainly, only } from '../../model/possible.js';
import { anyOf, because, type Results } from '../../model/reason.js';
import type { Engine, Rule } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { judge } from './vfio-results.js';

/** Function by which the core closes a device of a file; the one that opens it is `DF_OPEN`. */
export const CLOSE = 'vfio_df_close';

const TAKEN = because(ERRNO.EEXIST, 'a mediated device has this UUID already');
const NO_INSTANCE = because(ERRNO.EUSERS, 'the parent has no instance left');

/** The mediated device of an event; null if it names another one, or none. */
export function mdevOf(engine: Engine, e: EventCursor): Mdev | null {
  const name = e.device;
  return name !== null && isUuid(name) ? mdevAt(engine.mdevs, name) : null;
}

/** Learns what an event shows about a mediated device before its own rule judges it. */
export const learning =
  (note: (engine: Engine, e: EventCursor) => void, rule: Rule): Rule =>
  (engine, e) => {
    note(engine, e);
    return rule(engine, e);
  };

/** `probe` and `bind`: a driver begins to probe it, and has bound it, or has not. */
export function learnProbe(engine: Engine, e: EventCursor): void {
  const mdev = mdevOf(engine, e);
  if (mdev === null) return;
  const { name, driver, phase } = e;
  if (name === 'really_probe' && driver !== null) {
    if (phase === 'begin' || (phase === 'end' && e.ret === 0 && !certainly(mdev.driver, driver))) {
      boundMdev(mdev, driver, mdevDriver(driver));
    } else if (phase === 'end' && e.ret !== 0) unboundMdev(mdev, e.seq);
  } else if (name === 'device_driver_attach') {
    const creation = engine.mdevs.creations.get(e.tid);
    if (creation?.uuid !== mdev.uuid) return;
    creation.attaching = true;
    if (phase === 'end') creation.attached = e.ret;
  }
}

/** `unbind`: its driver is released. */
export function learnUnbind(engine: Engine, e: EventCursor): void {
  const mdev = mdevOf(engine, e);
  if (mdev === null) return;
  // A device without a driver is also released when it is removed.
  const releases = e.phase === 'end' && e.driver !== null;
  if (e.name === 'device_release_driver_internal' && !releases) return;
  unboundMdev(mdev, e.seq);
}

/** It joins a group of its own, which has no IOMMU. */
export function learnGroup(engine: Engine, e: EventCursor): void {
  const mdev = mdevOf(engine, e);
  if (mdev !== null && e.name === 'add_device_to_group' && e.hasValue) mdev.group = e.value;
}

/** `mdev_device_create`. */
export function created(engine: Engine, e: EventCursor): Verdict {
  const mdev = mdevOf(engine, e);
  const { creations } = engine.mdevs;
  if (mdev === null || e.name !== 'mdev_device_create') return STIMULUS;
  if (e.phase === 'begin') {
    const taken = [...creations.values()].some(
      ({ uuid, result }) => uuid === mdev.uuid && result === null,
    );
    // Without a driver it may or may not have been removed already: its removal may not be
    // recorded.
    const certain = mdev.exists === false || typeof only(mdev.driver) === 'string';
    const existed = taken || !certain ? null : mdev.exists;
    const begun = { attaching: false, attached: null, result: null };
    creations.set(e.tid, { uuid: mdev.uuid, existed, ...begun });
    // Another thread that requests it now may or may not find the name in use.
    if (existed !== true) mdev.exists = null;
    return STIMULUS;
  }
  const creation = creations.get(e.tid);
  if (creation === undefined || creation.uuid !== mdev.uuid) return UNKNOWN;
  creation.result = e.ret;
  if (e.ret === 0 || e.ret === -ERRNO.EEXIST)
    mdev.exists = creation.existed !== false || e.ret === 0;
  else mdev.exists = creation.existed === false ? false : null;
  const { existed, attaching, attached } = creation;
  const path = `${mdev.uuid}/create`;
  if (existed === true) return judge(path, TAKEN, e.ret);
  if (attached !== null) return judge(path, [attached], e.ret);
  if (attaching) return UNKNOWN;
  const early: Results[] = [NO_INSTANCE, [-ERRNO.ENODEV, -ERRNO.ENOMEM]];
  if (!engine.records('device_driver_attach')) early.push([0, -ERRNO.ENOSPC]);
  if (existed === null) early.push(TAKEN);
  const verdict = judge(path, anyOf(...early), e.ret);
  // A thread that reads the device may still hold a released name.
  return verdict.type === 'diverge' && e.ret === -ERRNO.EEXIST ? UNKNOWN : verdict;
}

/** `mdev_device_remove`: its parent may be leaving, and then removes it itself. */
export function removed(engine: Engine, e: EventCursor): Verdict {
  const mdev = mdevOf(engine, e);
  if (mdev === null || e.name !== 'mdev_device_remove') return STIMULUS;
  const { mdevs } = engine;
  if (e.phase === 'begin') {
    mdevs.removals.delete(e.tid);
    return STIMULUS;
  }
  mdevs.removals.set(e.tid, e.ret);
  const existed = mdev.exists;
  if (e.ret === 0) {
    unboundMdev(mdev, e.seq);
    mdev.exists = false;
  }
  const leaving = mdevs.leaving > 0 || existed !== true;
  const refused = [-ERRNO.ENODEV, -ERRNO.EAGAIN];
  return judge(`${mdev.uuid}/remove`, leaving ? [0, ...refused] : [0], e.ret);
}

/** A parent that unregisters removes its devices. */
export function parent(engine: Engine, e: EventCursor): Verdict {
  const { mdevs } = engine;
  if (e.name !== 'mdev_unregister_parent') return STIMULUS;
  if (e.phase === 'begin') mdevs.leaving++;
  else if (e.phase === 'end') {
    mdevs.leaving = Math.max(0, mdevs.leaving - 1);
    for (const mdev of mdevs.devices.values()) mdev.exists = null;
  }
  return STIMULUS;
}
