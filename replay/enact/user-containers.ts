/**
 * Which of a process's containers a call is on, when no system call shows it: the one whose groups
 * and mappings explain what came of the call.
 */
import { ERRNO } from '../../traces/index.js';
import {
  addMapping,
  checkMap,
  checkUnmap,
  type DmaMapping,
  type DmaSpace,
  newDmaSpace,
  removeMapping,
} from '../model/iommu/type1.js';
import type { RecordedEvent } from './recording.js';
import type { Shown } from './thread-order.js';
import type { UserCall } from './user-call.js';
import type { UserFile } from './user-file.js';

interface Container {
  readonly groups: Set<UserFile>;
  /** Its mappings; null before SET_IOMMU. */
  space: DmaSpace | null;
  /** Number of the event by which its groups get an IOMMU; null when that is not recorded. */
  setBy: number | null;
  /** When it was used last: higher is later. */
  used: number;
}

const TYPE1 = 1;
/** Answers that depend on the memory of the process, and on the addresses that an IOMMU reaches. */
export const OF_MEMORY: ReadonlySet<number> = new Set([0, -ERRNO.EFAULT, -ERRNO.ENOMEM]);

/** The struct of a call that the IOMMU driver served; null when that is not recorded. */
function servedStruct({ inner }: UserCall): DataView | null {
  const data = inner.find(({ kind }) => kind === 'ioctl')?.data ?? null;
  if (data === null || data.length < 32) return null;
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

const mapRequest = (view: DataView) => ({
  argsz: view.getUint32(0, true),
  flags: view.getUint32(4, true),
  vaddr: view.getBigUint64(8, true),
  iova: view.getBigUint64(16, true),
  size: view.getBigUint64(24, true),
});

const unmapRequest = (view: DataView) => ({
  argsz: view.getUint32(0, true),
  flags: view.getUint32(4, true),
  iova: view.getBigUint64(8, true),
  size: view.getBigUint64(16, true),
});

export class UserContainers {
  readonly #containers = new Map<UserFile, Container>();
  #clock = 0;

  #of(file: UserFile): Container {
    let container = this.#containers.get(file);
    if (container === undefined) {
      container = { groups: new Set(), space: null, setBy: null, used: 0 };
      this.#containers.set(file, container);
    }
    return container;
  }

  /** Those that were used last are first. */
  #lastFirst(files: readonly UserFile[]): UserFile[] {
    return files.toReversed().sort((a, b) => this.#of(b).used - this.#of(a).used);
  }

  /**
   * Containers that a call may be on, the one that was used last first; empty if none explains it.
   * @param files containers that the process has open
   */
  ofCall(files: readonly UserFile[], call: UserCall, shows: Shown): UserFile[] {
    const all = this.#lastFirst(files);
    return all.filter((file) => explains(this.#of(file), call, shows));
  }

  /**
   * Whether a group can have left its container as recorded: with the last one, all mappings go.
   * @param inner events of the call by which it leaves
   */
  explainsLeaving(group: UserFile, inner: readonly RecordedEvent[]): boolean {
    const left = [...this.#containers.values()].find(({ groups }) => groups.has(group));
    if (left === undefined || left.space === null) return true;
    const gone = left.groups.size > 1 ? 0n : bytesOf(left.space.mappings);
    return bytesUnmapped(inner) === gone;
  }

  /**
   * Containers that a group may have joined.
   * @param hasIommu whether the container has an IOMMU driver; null when that is not recorded
   */
  toJoin(files: readonly UserFile[], hasIommu: boolean | null, setBy: number | null): UserFile[] {
    const all = this.#lastFirst(files);
    if (hasIommu === null) return all.slice(0, 1);
    return all.filter((file) => {
      const { space, groups, setBy: own } = this.#of(file);
      if (hasIommu) return space !== null;
      // Groups of one container get their IOMMU by one call.
      return space === null && (groups.size === 0 || own === setBy);
    });
  }

  join(file: UserFile, group: UserFile, setBy: number | null): void {
    this.leave(group);
    const container = this.#of(file);
    container.groups.add(group);
    container.setBy = setBy;
    container.used = ++this.#clock;
  }

  /** Without groups a container has no IOMMU driver. */
  leave(group: UserFile): void {
    for (const container of this.#containers.values()) {
      if (container.groups.delete(group) && container.groups.size === 0) container.space = null;
    }
  }

  /** Notes what a call changed. */
  done(file: UserFile, call: UserCall): void {
    const container = this.#of(file);
    container.used = ++this.#clock;
    const { begin, ret } = call;
    if (ret !== 0) return;
    const view = servedStruct(call);
    const { space } = container;
    if (begin.name === 'VFIO_SET_IOMMU') {
      container.space = newDmaSpace(begin.access?.offset !== TYPE1);
    } else if (space === null || view === null) return;
    else if (begin.name === 'VFIO_IOMMU_MAP_DMA') {
      if (checkMap(space, mapRequest(view), ERRNO.EINVAL) === 0) {
        addMapping(space, mapRequest(view));
      }
    } else if (begin.name === 'VFIO_IOMMU_UNMAP_DMA') {
      const found = checkUnmap(space, unmapRequest(view), ERRNO.EINVAL);
      if (Array.isArray(found)) for (const mapping of found) removeMapping(space, mapping);
    }
  }
}

/** Calls that change a container. */
export const CHANGING: ReadonlySet<string> = new Set([
  ...['VFIO_SET_IOMMU', 'VFIO_IOMMU_MAP_DMA', 'VFIO_IOMMU_UNMAP_DMA'],
]);

/** Whether a call on a container can have ended as recorded. */
function explains(container: Container, call: UserCall, shows: Shown): boolean {
  const { groups, space, setBy } = container;
  const { begin, at, inner, ret } = call;
  switch (begin.name) {
    case 'VFIO_GET_API_VERSION':
    case 'VFIO_CHECK_EXTENSION':
      return true;
    case 'VFIO_SET_IOMMU': {
      const may = groups.size > 0 && space === null;
      return ret === 0 ? may && (setBy === null || setBy === at) : ret !== -ERRNO.EINVAL || !may;
    }
  }
  const isServed = inner.some(({ kind }) => kind === 'ioctl');
  if (shows.served && isServed !== (space !== null)) return false;
  if (space === null) return ret === -ERRNO.EINVAL;
  const view = servedStruct(call);
  if (view === null) return true;
  if (begin.name === 'VFIO_IOMMU_MAP_DMA') {
    const result = checkMap(space, mapRequest(view), ERRNO.EINVAL);
    return result === null || (result === 0 ? OF_MEMORY.has(ret) : result === ret);
  }
  if (begin.name !== 'VFIO_IOMMU_UNMAP_DMA') return true;
  const found = checkUnmap(space, unmapRequest(view), ERRNO.EINVAL);
  if (!Array.isArray(found)) return found === null || found === ret;
  return ret === 0 && (!shows.unmaps || bytesOf(found) === bytesUnmapped(inner));
}

const bytesOf = (mappings: readonly DmaMapping[]): bigint =>
  mappings.reduce((sum, { size }) => sum + size, 0n);

/** Bytes that events of the IOMMU unmap. */
const bytesUnmapped = (events: readonly RecordedEvent[]): bigint =>
  events.reduce((sum, e) => sum + BigInt(e.kind === 'dma.unmap' ? (e.access?.length ?? 0) : 0), 0n);
