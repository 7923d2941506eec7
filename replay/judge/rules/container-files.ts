/**
 * Which container an event is about. Where system calls are recorded, each file of /dev/vfio/vfio
 * is a container of its own, also of one process; else a process has one, or is not followed.
 */
import {
  ANY_CONTAINER,
  type ContainerKey,
  type FileNumber,
  fileAt,
  fileOfCall,
  openFile,
} from '../../model/vfio/file-descriptors.js';
import { type IoctlCall, innerCall } from '../../model/vfio/vfio-calls.js';
import { lostContainer, type VfioState } from '../../model/vfio/vfio-state.js';
import type { EventCursor } from '../engine/event-cursor.js';

const keyOf = (file: FileNumber): ContainerKey => -file as ContainerKey;

/** The container of a thread's call or file; else that of its process. */
export function containerAt(vfio: VfioState, { pid, tid }: EventCursor): ContainerKey {
  const call = innerCall(vfio.calls, tid, 'ioctl');
  if (call?.container != null) return call.container;
  const file = fileOfCall(vfio.descriptors, pid, tid);
  if (file !== null && vfio.containerFiles.has(file)) return keyOf(file);
  const ofGroup = file === null ? undefined : vfio.groupContainers.get(file);
  if (ofGroup !== undefined) return ofGroup;
  const ofProcess = containerOfProcess(vfio, pid);
  // A file that was inherited or duplicated is not the one that the process was seen to open.
  return file === null && isOnFile(vfio, tid) && ofProcess !== pid ? ANY_CONTAINER : ofProcess;
}

/** Whether a thread is in a system call that has a descriptor. */
const isOnFile = ({ descriptors }: VfioState, tid: number): boolean =>
  (descriptors.calls.get(tid)?.descriptor ?? -1) >= 0;

function containerOfProcess({ containerFiles }: VfioState, process: number): ContainerKey {
  const own = [...containerFiles].filter(([, owner]) => owner === process);
  if (own.length === 0) return process as ContainerKey;
  return own.length === 1 ? keyOf(own[0][0]) : ANY_CONTAINER;
}

/** The container of an ioctl that begins; null when it is on another file. */
export function containerOfCall(
  vfio: VfioState,
  e: EventCursor,
  { file, name, words, group }: Pick<IoctlCall, 'file' | 'name' | 'words' | 'group'>,
): ContainerKey | null {
  if (file === 'group') {
    const given = name === 'VFIO_GROUP_SET_CONTAINER' ? words[1] : undefined;
    const container = given === undefined ? null : fileAt(vfio.descriptors, e.pid, given | 0);
    if (container !== null && vfio.containerFiles.has(container)) return keyOf(container);
    if (given !== undefined && isOnFile(vfio, e.tid)) return ANY_CONTAINER;
    return vfio.groups.get(group ?? '')?.container ?? containerAt(vfio, e);
  }
  if (file !== 'container') return null;
  const own = e.path === 'vfio' ? fileOfContainerCall(vfio, e) : null;
  // The recording does not show that a container was opened there: it may be that of the process.
  if (own !== null && !vfio.containerFiles.has(own)) {
    learnContainerFile(vfio, own, e.pid);
    const ofProcess = e.pid as ContainerKey;
    if (vfio.containers.has(ofProcess)) vfio.containers.set(ofProcess, lostContainer());
  }
  return containerAt(vfio, e);
}

/** The file of a container's call; one that was not seen to be opened gets a number of its own. */
function fileOfContainerCall(vfio: VfioState, { pid, tid }: EventCursor): FileNumber | null {
  const { descriptors } = vfio;
  const { descriptor = -1 } = descriptors.calls.get(tid) ?? {};
  if (descriptor < 0) return null;
  return fileAt(descriptors, pid, descriptor) ?? openFile(descriptors, pid, descriptor);
}

/**
 * A container changed that was not seen to be opened: it may be any other one, by a descriptor that
 * was duplicated, inherited or received.
 */
export function forgetAliases(vfio: VfioState, at: ContainerKey): void {
  for (const [key, container] of vfio.containers) {
    if (key === at) continue;
    if (container.iommu === false) Object.assign(container, lostContainer());
    else container.groups = container.dma = container.domains = null;
  }
}

/** The container of an ioctl that has begun; that of its process if no event shows it. */
export const containerOfIoctl = (vfio: VfioState, call: IoctlCall, e: EventCursor): ContainerKey =>
  call.container ?? containerAt(vfio, e);

/** A file is one of a container with an unknown state. */
function learnContainerFile(vfio: VfioState, file: FileNumber, process: number): void {
  vfio.containerFiles.set(file, process);
  vfio.containers.set(keyOf(file), lostContainer());
}

/** A new container was opened, which has no group and no IOMMU. */
export function openContainer(vfio: VfioState, file: FileNumber, process: number): void {
  learnContainerFile(vfio, file, process);
  Object.assign(vfio.containers.get(keyOf(file)) ?? {}, { groups: 0, iommu: false });
}

/** A group is in a container, which closing the group's file may change. */
export function learnGroupFile(vfio: VfioState, e: EventCursor, container: ContainerKey): void {
  const file = fileOfCall(vfio.descriptors, e.pid, e.tid);
  if (file !== null) vfio.groupContainers.set(file, container);
}

/**
 * A process closed a file of a container, or of a group in one. A container stays as long as a
 * group is in it; a group may stay in it as long as somebody else has its file.
 */
export function closeContainerFile(vfio: VfioState, file: FileNumber): void {
  const key = keyOf(file);
  if (vfio.containerFiles.has(file) && vfio.containers.get(key)?.groups === 0) {
    vfio.containerFiles.delete(file);
    vfio.containers.delete(key);
  }
  const container = vfio.groupContainers.get(file);
  if (container === undefined) return;
  vfio.groupContainers.delete(file);
  vfio.containers.set(container, lostContainer());
  for (const group of vfio.groups.values())
    if (group.container === container) group.attached = null;
}
