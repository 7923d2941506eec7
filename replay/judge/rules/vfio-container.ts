/** The results of ioctls on groups and containers, and their effects. */

import { ERRNO } from '../../../traces/index.js';
import { newDmaSpace } from '../../model/iommu/type1.js';
import { IOMMUFD_SINCE } from '../../model/kernel-rules.js';
import { isMdevOpen, mdevAt } from '../../model/mdev/index.js';
import {
  containerIoctl,
  groupIoctl,
  isType1,
  type1Extension,
} from '../../model/vfio/container-ioctl.js';
import { type ContainerKey, noteOpened, openFile } from '../../model/vfio/file-descriptors.js';
import { usesIommufd } from '../../model/vfio/iommufd-contexts.js';
import { type IoctlCall, innerCall } from '../../model/vfio/vfio-calls.js';
import {
  type Container,
  containerOf,
  type Group,
  groupAt,
  lostContainer,
} from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  handedOn,
  inHindsight,
  placing,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import { containerAt, containerOfIoctl, forgetAliases, learnGroupFile } from './container-files.js';
import { isCoveredGroup, isGroupOfMdev } from './covered-devices.js';
import { groupKey, groupNumber } from './group-keys.js';
import { containerCauses, DF_OPEN, groupCauses } from './hindsight.js';
import { CLOSE } from './mdev-rules.js';
import { tokenRefusalsOfGroup } from './unseen-tokens.js';
import { learnGroupDevice, learnGroupInIommufd } from './vfio-cdev.js';
import { driverResult, finishDma } from './vfio-dma.js';
import { rulesOf } from './vfio-iommufd.js';
import { judge, judgeByKernel } from './vfio-results.js';
import { blockersOf, mayBeLost, viable } from './vfio-viable.js';

export const SET_IOMMU = 'VFIO_SET_IOMMU';
export const CHECK_EXTENSION = 'VFIO_CHECK_EXTENSION';
const SET_CONTAINER = 'VFIO_GROUP_SET_CONTAINER';
const GET_DEVICE_FD = 'VFIO_GROUP_GET_DEVICE_FD';
const CLOSES = ['vfio_pci_core_disable', 'vfio_pci_core_close_device'];
const MAP_DMA = 'VFIO_IOMMU_MAP_DMA';

export function endGroup(engine: Engine, call: IoctlCall, e: EventCursor): Verdict {
  const key = call.group ?? '';
  const group = groupAt(engine.vfio, key);
  const at = containerOfIoctl(engine.vfio, call, e);
  const container = containerOf(engine.vfio, at);
  const { ret } = e;
  const number = groupNumber(key);
  const { version } = rulesOf(engine);
  const ofMdev = isGroupOfMdev(engine, number);
  const expected = groupIoctl(call.name, group, {
    container,
    viable: viable(engine, number),
    blockers: blockersOf(engine, number),
    inferred: !Number.isInteger(number),
    attached: call.attached,
    opened: call.opened,
    iommufd: version === null || version >= IOMMUFD_SINCE,
    showsAttach: engine.records('attach_device_to_domain') && !ofMdev,
    showsOpen:
      engine.records(ofMdev ? DF_OPEN : 'vfio_pci_core_enable') &&
      engine.records(GET_DEVICE_FD) &&
      !isOpenElsewhere(engine, key),
    openError: call.openError,
    byToken: tokenRefusalsOfGroup(engine, number),
    mayBeLost: !ofMdev && (group.mayBeLost || mayBeLost(engine, number) !== false),
    showsClose: ofMdev ? showsMdevsClose(engine, group) : engine.recordsAny(CLOSES),
  });
  const doubted = call.name === SET_CONTAINER && !engine.vfio.showsAttaching;
  if (ret === 0 && call.name === SET_CONTAINER) engine.vfio.showsAttaching ||= call.attached;
  const causes = groupCauses(call, group.attached, engine.records(DF_OPEN));
  if (ret === 0) applyGroup(engine, call, e, at);
  // The thread that unbinds the last device removes the group from the container that it was just
  // added to.
  if (ret === 0 && call.name === SET_CONTAINER && mayBeLost(engine, number) === true) {
    group.attached = null;
    containerOf(engine.vfio, at).groups = null;
  }
  if (call.name === GET_DEVICE_FD && ret >= 0) learnDevice(engine, call, group, e);
  const judged = judge(`group ${key}/${call.name}`, expected, ret);
  const verdict = inHindsight(judged, causes, ret);
  // The absence of a call in it proves nothing about a group whose functions have other drivers.
  const unsure = verdict.type === 'diverge' && (doubted || !isCoveredGroup(engine, number));
  return unsure ? UNKNOWN : placing(verdict, { group: `group ${key}`, container: cellOf(at) });
}

/**
 * Whether another process has a device of the group open: a group is opened once, so they share its
 * file, and a device that is open gets a further descriptor without being opened.
 */
const isOpenElsewhere = ({ vfio }: Engine, key: string): boolean =>
  [...vfio.groups].some(
    ([other, { devices }]) =>
      other !== key && devices.size > 0 && groupNumber(other) === groupNumber(key),
  );

/** How often a mediated device was open before the recording is only known if its begin is. */
const showsMdevsClose = (engine: Engine, { devices }: Group): boolean =>
  engine.records(CLOSE) &&
  [...devices].every((uuid) => isMdevOpen(mdevAt(engine.mdevs, uuid)) !== null);

/** The name of a container among the cells of the state. */
const cellOf = (at: ContainerKey): string => `container ${at}`;

/** The file that a group returned. */
function learnDevice(engine: Engine, call: IoctlCall, group: Group, e: EventCursor): void {
  const { descriptors, groupFiles } = engine.vfio;
  if (descriptors.calls.has(e.tid)) groupFiles.add(openFile(descriptors, e.pid, e.ret));
  if (group.ofIommufd && call.opening !== null) learnGroupDevice(engine, call.opening, e);
}

/**
 * Whether a group was put into an iommufd, or may have been. A container attaches the group, if
 * only to be its owner, but not one of a mediated device, which has no IOMMU.
 */
function mayBeIommufd(engine: Engine, call: IoctlCall, e: EventCursor): boolean {
  if (call.attached || !engine.records('attach_device_to_domain')) return false;
  const ofMdev = isGroupOfMdev(engine, groupNumber(call.group ?? ''));
  return !ofMdev || usesIommufd(engine.vfio.iommufds, e.pid);
}

/** Whether the group consists of PCI functions, if its number is recorded. */
function isOfPci({ machine }: Engine, call: IoctlCall): boolean {
  const number = groupNumber(call.group ?? '');
  return Number.isNaN(number) || [...machine.devices].some(({ group }) => group === number);
}

function applyGroup(engine: Engine, call: IoctlCall, e: EventCursor, at: ContainerKey): void {
  const group = groupAt(engine.vfio, call.group ?? '');
  const container = containerOf(engine.vfio, at);
  if (call.name === SET_CONTAINER) {
    group.ofIommufd = mayBeIommufd(engine, call, e);
    if (group.ofIommufd) {
      group.attached = true;
      learnGroupInIommufd(engine, e.pid);
      if (!isOfPci(engine, call) && container.iommu !== true) container.groups = null;
      return;
    }
  }
  const shared = call.group?.startsWith('process') === true;
  container.domains = null;
  container.showsRuns = false;
  if (call.name === SET_CONTAINER) {
    // Groups without recorded numbers cannot be distinguished: another one may not be in a
    // container.
    group.attached = shared && group.attached !== null ? null : true;
    group.container = at;
    learnGroupFile(engine.vfio, e, at);
    if (container.iommu === null) forgetAliases(engine.vfio, at);
    if (shared && container.groups !== null && container.groups > 0) group.attached = null;
    if (container.groups !== null) container.groups++;
    else if (container.iommu === null) Object.assign(container, { groups: 1 });
  } else if (call.name === 'VFIO_GROUP_UNSET_CONTAINER') {
    const unsure = (shared && (container.groups ?? 2) > 1) || !engine.records(SET_CONTAINER);
    group.attached = unsure ? null : false;
    if (container.groups !== null && --container.groups === 0) closeContainer(engine, at);
  }
}

/** Without a group a container has no IOMMU driver, and no mappings. */
function closeContainer(engine: Engine, at: ContainerKey): void {
  engine.vfio.containers.set(at, freshContainer(engine));
}

/** Properties of a new container that the recording does not show are not known. */
const freshContainer = (engine: Engine): Container => ({
  groups: engine.records(SET_CONTAINER) ? 0 : null,
  iommu: engine.records(SET_IOMMU) ? false : null,
  dma: null,
  domains: null,
  showsRuns: false,
  teardown: null,
});

export function endContainer(engine: Engine, call: IoctlCall, e: EventCursor): Verdict {
  const at = containerOfIoctl(engine.vfio, call, e);
  const container = containerOf(engine.vfio, at);
  const { version } = engine.machine.kernel;
  const { ret } = e;
  if (call.layer === 'type1') return endType1(engine, call, at, e);
  // If the opening of containers is not recorded, the first call on one shows it.
  const isFirst = call.name === 'VFIO_GET_API_VERSION' && !engine.records('vfio_fops_open');
  if (isFirst) learnContainer(engine, at, container);
  const before = { ...container };
  const expected = containerIoctl(call.name, before, call.argument, version);
  if (call.name === SET_IOMMU && ret === 0) {
    if (container.iommu === true) {
      // It succeeds once in the life of a container: the process has another.
      forgetOne(engine, at);
      return UNKNOWN;
    }
    if (before.iommu === null) forgetAliases(engine.vfio, at);
    container.iommu = true;
    container.dma = engine.records(MAP_DMA)
      ? newDmaSpace(call.argument !== 1, engine.machine.interrupts)
      : null;
    container.groups ??= 1;
  }
  const path = `container/${call.name}`;
  const excused = (verdict: Verdict): Verdict =>
    verdict.type === 'diverge' && lacksType1(before, call, ret) ? UNKNOWN : verdict;
  if (expected !== 'driver') {
    const ofRelease = (release: number) => {
      const results = containerIoctl(call.name, before, call.argument, release);
      return results === 'driver' ? null : results;
    };
    const verdict = excused(judgeByKernel(path, expected, ofRelease, ret));
    const causes = containerCauses(call, engine.vfio.showsType1);
    return placing(inHindsight(verdict, causes, ret), { container: cellOf(at) });
  }
  if (call.inner !== null) return handedOn(path, call.inner, ret);
  if (call.name !== CHECK_EXTENSION) {
    // Without the driver's own function the mappings are not known.
    if (call.name.endsWith('MAP_DMA')) container.dma = null;
    return UNKNOWN;
  }
  const extension = (release: number) => type1Extension(call.argument, container.iommu, release);
  return excused(judgeByKernel(path, extension(version), extension, ret));
}

/**
 * Whether a call returned what it does without a driver of IOMMUs. No event shows when type1 has
 * gone or come: `module_free` is later, and a container that uses it keeps it.
 */
const lacksType1 = ({ iommu }: Container, { name }: IoctlCall, ret: number): boolean =>
  iommu !== true && ret === (name === SET_IOMMU ? -ERRNO.ENODEV : 0);

/** `vfio_fops_open`: a process has opened a new container. */
export function containerOpened(engine: Engine, e: EventCursor): Verdict {
  const opened = e.name === 'vfio_fops_open' && e.phase === 'end' && e.hasRet && e.ret === 0;
  // The end of the system call shows its file.
  if (!opened || noteOpened(engine.vfio.descriptors, e.tid, { opens: true })) return STIMULUS;
  const at = containerAt(engine.vfio, e);
  learnContainer(engine, at, containerOf(engine.vfio, at));
  return STIMULUS;
}

/** `vfio_group_fops_open`: a newly opened group is in no container. */
export function groupOpened(engine: Engine, e: EventCursor): Verdict {
  const opened = e.name === 'vfio_group_fops_open' && e.phase === 'end' && e.hasRet && e.ret === 0;
  if (!opened || !e.hasValue) return STIMULUS;
  noteOpened(engine.vfio.descriptors, e.tid, { group: e.value });
  const group = groupAt(engine.vfio, groupKey(e.value, e.pid));
  group.attached = false;
  group.ofIommufd = false;
  group.container = null;
  group.mayBeLost = false;
  group.devices.clear();
  return STIMULUS;
}

/** The first call on a new container; a process that opens a second one is not followed further. */
function learnContainer(engine: Engine, at: ContainerKey, container: Container): void {
  // One that is known by its file was noted when it was opened.
  if (at <= 0) return;
  const isNew = container.groups === null && container.iommu === null;
  const fresh = freshContainer(engine);
  if (isNew || container.groups === 0) engine.vfio.containers.set(at, fresh);
  else engine.vfio.several.add(at);
}

/** Something contradicts what is known of a container: a process has several, or it is another. */
function forgetOne({ vfio }: Engine, at: ContainerKey): void {
  if (at > 0) vfio.several.add(at);
  else vfio.containers.set(at, lostContainer());
}

function endType1(engine: Engine, call: IoctlCall, at: ContainerKey, e: EventCursor): Verdict {
  engine.vfio.showsType1 = true;
  const container = containerOf(engine.vfio, at);
  const path = `container/${call.name}`;
  if (call.name === CHECK_EXTENSION) {
    const outer = innerCall(engine.vfio.calls, e.tid, 'ioctl');
    if (outer === null) return UNKNOWN;
    const { argument } = outer;
    const asked = outer.name === SET_IOMMU;
    const ofRelease = (release: number) =>
      asked
        ? [isType1(argument, release) ? 1 : 0]
        : type1Extension(argument, container.iommu, release);
    const { version } = engine.machine.kernel;
    return judgeByKernel(path, ofRelease(version), ofRelease, e.ret);
  }
  if (e.ret === 0 && call.name.endsWith('MAP_DMA') && container.iommu === null) {
    forgetShared(engine, at);
  }
  const verdict = finishDma(engine, call, container, e);
  if (verdict !== undefined) return placing(verdict, { container: cellOf(at) });
  return judge(path, driverResult(call), e.ret);
}

/**
 * A process maps in a container that it was not seen to set up: it may have inherited it from its
 * parent, or received the descriptor.
 */
function forgetShared(engine: Engine, at: ContainerKey): void {
  for (const [owner, container] of engine.vfio.containers) {
    if (owner !== at) container.dma = null;
  }
}
