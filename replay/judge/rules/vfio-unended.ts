/** Calls whose end was not recorded, and revoked groups. */
import { driverModel } from '../../model/drivers/index.js';
import { forgetUse } from '../../model/mdev/index.js';
import { isCdevCall } from '../../model/vfio/cdev.js';
import type { ContainerKey } from '../../model/vfio/file-descriptors.js';
import { doubt, groupInUnseenIommufd } from '../../model/vfio/iommufd-contexts.js';
import type { Call, IoctlCall } from '../../model/vfio/vfio-calls.js';
import { functionAt, groupAt, lostContainer } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import type { PciDevice } from '../machine/pci-device.js';
import { containerAt } from './container-files.js';
import { containerOfGroup, groupNumber, isGroupOfProcess } from './group-keys.js';
import { openOf } from './vfio-effects.js';

/**
 * A thread makes one call at a time: when the next one begins, an open earlier one has ended
 * unseen, and what it may have changed is not known.
 */
export function endUnseenCalls(engine: Engine, e: EventCursor): void {
  const { tid } = e;
  const open = engine.vfio.calls.get(tid);
  if (open === undefined || open.length === 0 || tid < 0) return;
  engine.vfio.calls.delete(tid);
  for (const call of open) forgetCall(engine, call, e.pid);
}

function forgetCall(engine: Engine, call: Call, process: number): void {
  if (call.type === 'ioctl') forgetIoctl(engine, call, process);
  else if (call.type === 'irqs') forgetIrqs(engine, call.device);
  else if (call.type === 'region' && call.write && call.config !== null) {
    functionAt(engine.vfio, call.device).open = 'unknown';
  }
}

/** What the iommufds of a process hold is not known any more. */
function forgetIommufds(engine: Engine, process: number): void {
  for (const use of engine.vfio.iommufds.uses.values()) {
    if (use.processes.has(process)) doubt(use);
  }
}

/** What a call of a device may have changed of it, when one half of the call is missing. */
function forgetDevice(engine: Engine, device: string, name: string, process: number): void {
  const mdev = engine.mdevs.devices.get(device);
  if (mdev !== undefined) forgetUse(mdev);
  if (name === 'VFIO_DEVICE_SET_IRQS') forgetIrqs(engine, device);
  if (name === 'VFIO_DEVICE_FEATURE') functionAt(engine.vfio, device).open = 'unknown';
  if (!isCdevCall(name)) return;
  functionAt(engine.vfio, device).bound = 'unknown';
  forgetIommufds(engine, process);
}

/** Calls that change a container, or a group. */
const CHANGES = /SET_IOMMU|MAP_DMA|SET_CONTAINER/;

function forgetIoctl(engine: Engine, call: IoctlCall, process: number): void {
  if (call.file === 'iommufd') {
    forgetIommufds(engine, process);
    return;
  }
  if (call.device !== null) {
    forgetDevice(engine, call.device, call.name, process);
    return;
  }
  if (call.name === 'VFIO_GROUP_GET_DEVICE_FD') forgetIommufds(engine, process);
  if (!CHANGES.test(call.name)) return;
  engine.vfio.containers.set(call.container ?? (process as ContainerKey), lostContainer());
  if (call.name === 'VFIO_GROUP_SET_CONTAINER') groupInUnseenIommufd(engine.vfio.iommufds);
  if (call.group !== null) groupAt(engine.vfio, call.group).attached = null;
}

/** A call has ended without a recorded begin: its request is not known. */
export function forgetUnbegun(engine: Engine, e: EventCursor): void {
  const { device, name, pid } = e;
  if (device !== null) {
    forgetDevice(engine, device, name, pid);
    return;
  }
  if (name.startsWith('IOMMU_')) {
    forgetIommufds(engine, pid);
    return;
  }
  if (!CHANGES.test(name)) return;
  engine.vfio.containers.set(containerAt(engine.vfio, e), lostContainer());
  if (name === 'VFIO_GROUP_SET_CONTAINER') groupInUnseenIommufd(engine.vfio.iommufds);
  for (const [key, group] of engine.vfio.groups) {
    if (isGroupOfProcess(key, pid)) group.attached = null;
  }
}

/** Interrupts were set, and nothing shows which. */
export function forgetIrqs(engine: Engine, address: string): void {
  const device = openOf(engine, address);
  if (device === null) return;
  device.irqType = null;
  device.signals = { err: null, req: null };
}

/**
 * When VFIO loses the last device of a group, the group is removed from its container, while its
 * users may still have both open (`vfio_device_remove_group`, kernel drivers/vfio/group.c 6.1).
 */
export function revokeGroup(engine: Engine, device: PciDevice, driver: string): void {
  if (!driverModel(driver).vfioPci) return;
  const others = [...engine.machine.devices].some(
    (d) => d !== device && d.group === device.group && d.bound && ownedByVfio(d),
  );
  if (others && device.group !== null) return;
  for (const [key, group] of engine.vfio.groups) {
    if (device.group !== null && groupNumber(key) !== device.group) continue;
    group.mayBeLost = true;
    if (group.attached === false) continue;
    group.attached = null;
    const container = engine.vfio.containers.get(containerOfGroup(key, group));
    if (container !== undefined) container.groups = null;
  }
}

const ownedByVfio = ({ driver }: PciDevice): boolean =>
  driver !== 'unknown' && driver.every((name) => name !== null && driverModel(name).vfioPci);
