/** System calls that show which file a call of VFIO or iommufd is on. */

import {
  closeFile,
  descriptorIn,
  type FileNumber,
  fileAt,
  OPENS,
  openFile,
  sameFile,
  type UserCall,
} from '../../model/vfio/file-descriptors.js';
import { contextName, isHeld } from '../../model/vfio/iommufd-contexts.js';
import { openDeviceOf } from '../../model/vfio/vfio-state.js';
import type { OpenDevice } from '../../model/vfio-pci-core/open-device.js';
import { beginUnmap, endUnmap, unmapIn } from '../../model/vfio-pci-core/user-mappings.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { STIMULUS, type Verdict } from '../engine/verdict.js';
import { closeContainerFile, openContainer } from './container-files.js';

const DUPLICATES: ReadonlySet<string> = new Set(['dup', 'dup2', 'dup3']);
/** Name of the file of all containers; those of groups are below the same folder. */
const CONTAINER = /: \/dev\/vfio\/vfio$/;
const GROUP = /: \/dev\/vfio\/(?:noiommu-)?(\d+)$/;

/** The `syscall` events of the kernel. */
export function systemCall(engine: Engine, e: EventCursor): Verdict {
  const { descriptors } = engine.vfio;
  if (e.phase === 'begin') {
    const descriptor = descriptorIn(e.text);
    const argument = e.hasOffset ? e.offset : null;
    const opens = CONTAINER.test(e.text ?? '');
    const number = GROUP.exec(e.text ?? '')?.[1];
    const group = number === undefined ? null : Number(number);
    const unmap = unmapIn(e.name, e.text);
    if (unmap !== null) for (const device of openDevices(engine)) beginUnmap(device, e.pid, unmap);
    descriptors.calls.set(e.tid, { descriptor, argument, name: e.name, opens, group, unmap });
  } else if (e.phase === 'end') {
    const call = descriptors.calls.get(e.tid);
    descriptors.calls.delete(e.tid);
    if (call === undefined || call.name !== e.name || !e.hasRet) return STIMULUS;
    if (call.unmap !== null)
      for (const device of openDevices(engine)) endUnmap(device, e.pid, call.unmap, e.ret);
    else if (e.ret >= 0) ended(engine, e, call);
  }
  return STIMULUS;
}

function* openDevices(engine: Engine): Generator<OpenDevice> {
  for (const fn of engine.vfio.functions.values()) {
    const device = openDeviceOf(fn);
    if (device !== null) yield device;
  }
}

function ended(engine: Engine, e: EventCursor, { descriptor, opens, group }: UserCall): void {
  const { descriptors } = engine.vfio;
  const { name, pid, ret } = e;
  if (OPENS.has(name)) {
    const file = openFile(descriptors, pid, ret);
    if (opens) openContainer(engine.vfio, file, pid);
    if (group !== null) engine.vfio.openGroups.set(file, group);
  } else if (DUPLICATES.has(name))
    sameFile(descriptors, pid, fileAt(descriptors, pid, descriptor), ret);
  else if (name === 'close') {
    const file = closeFile(descriptors, pid, descriptor);
    if (file !== null) closed(engine, file);
  }
}

/** A container or group may be destroyed with its file; an iommufd, unless a device is bound. */
function closed(engine: Engine, file: FileNumber): void {
  const { iommufds, groupFiles, openGroups } = engine.vfio;
  groupFiles.delete(file);
  openGroups.delete(file);
  closeContainerFile(engine.vfio, file);
  const key = contextName(iommufds, file);
  const use = iommufds.uses.get(key);
  if (use === undefined) return;
  use.closed = true;
  iommufds.names.delete(file);
  if (!isHeld(use)) iommufds.uses.delete(key);
}

/**
 * `iommufd_fops_release`: an iommufd is destroyed, which closing its file may have shown already.
 */
export function iommufdClosed(engine: Engine, e: EventCursor): Verdict {
  if (e.name !== 'iommufd_fops_release') return STIMULUS;
  const { iommufds, descriptors } = engine.vfio;
  if (e.hasLength) iommufds.uses.delete(`object ${e.length}`);
  else if (descriptors.calls.get(e.tid)?.name !== 'close') {
    const key = `process ${e.pid}`;
    const use = iommufds.uses.get(key);
    // A bound device keeps it alive: another one was destroyed.
    if (use !== undefined && !isHeld(use)) iommufds.uses.delete(key);
  }
  return STIMULUS;
}
