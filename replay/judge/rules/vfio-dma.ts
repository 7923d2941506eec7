/**
 * DMA mappings of containers: the requests, and the results of the ioctls (kernel
 * drivers/vfio/vfio_iommu_type1.c 6.1).
 */

import { ERRNO } from '../../../traces/index.js';
import {
  addMapping,
  checkMap,
  checkUnmap,
  DMA_MAP,
  type DmaMapping,
  type MapRequest,
  mapResults,
  refuseUnmap,
  removeMapping,
  type UnmapRequest,
} from '../../model/iommu/type1.js';
import { wrapErrno } from '../../model/kernel-rules.js';
import { anyOf, because, type Results } from '../../model/reason.js';
import type { IoctlCall } from '../../model/vfio/vfio-calls.js';
import { type Container, containerOf } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { DEFAULT, diverge, inHindsight, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { containerOfIoctl } from './container-files.js';
import { type1Causes } from './hindsight.js';
import { hexIova } from './vfio-dma-runs.js';
import { judge, judgeByKernel } from './vfio-results.js';

const MAP_DMA = 'VFIO_IOMMU_MAP_DMA';
const UNMAP_DMA = 'VFIO_IOMMU_UNMAP_DMA';

/** Begins to follow what an ioctl maps or unmaps. */
export function beginDma(
  engine: Engine,
  call: IoctlCall,
  e: EventCursor,
  outer: IoctlCall | null,
): void {
  const container = containerOf(engine.vfio, containerOfIoctl(engine.vfio, call, e));
  const attaches = call.name === 'VFIO_SET_IOMMU' || call.name === 'VFIO_GROUP_SET_CONTAINER';
  if (attaches) call.dma = { type: 'test', at: null, done: 0n };
  const { version } = engine.machine.kernel;
  if (call.layer !== 'type1' || outer === null || container.dma === null) return;
  if (call.name === MAP_DMA) {
    const request = mapRequest(e.data);
    if (request !== null && checkMap(container.dma, request, ERRNO.EINVAL) === 0) {
      call.dma = { type: 'map', request, done: 0n, last: -1n, times: 0 };
    }
  } else if (call.name === UNMAP_DMA) {
    const found = unmapped(version, container, e.data);
    if (Array.isArray(found)) call.dma = { type: 'unmap', mappings: found, done: 0n, last: -1n };
  }
}

/** Argument of MAP_DMA: argsz, flags, vaddr, iova, size. */
function mapRequest(data: Buffer | null): MapRequest | null {
  if (data === null || data.byteLength < 32) return null;
  return {
    argsz: data.readUInt32LE(0),
    flags: data.readUInt32LE(4),
    vaddr: data.readBigUInt64LE(8),
    iova: data.readBigUInt64LE(16),
    size: data.readBigUInt64LE(24),
  };
}

/** Argument of UNMAP_DMA: argsz, flags, iova, size. */
function unmapRequest(data: Buffer | null): UnmapRequest | null {
  if (data === null || data.byteLength < 24) return null;
  return {
    argsz: data.readUInt32LE(0),
    flags: data.readUInt32LE(4),
    iova: data.readBigUInt64LE(8),
    size: data.readBigUInt64LE(16),
  };
}

/** What a call of UNMAP_DMA removes, or the errno that it gets; null when that is not known. */
function unmapped(
  version: number,
  container: Container,
  data: Buffer | null,
): DmaMapping[] | number | null {
  const request = unmapRequest(data);
  if (container.dma === null || request === null) return null;
  return checkUnmap(container.dma, request, wrapErrno(version));
}

/**
 * The IOMMU driver's answer to MAP_DMA and UNMAP_DMA.
 * @returns undefined when the ioctl is another
 */
export function finishDma(
  engine: Engine,
  call: IoctlCall,
  container: Container,
  e: EventCursor,
): Verdict | undefined {
  const { ret } = e;
  if (call.name !== MAP_DMA && call.name !== UNMAP_DMA) return undefined;
  const path = `container/${call.name}`;
  const data = wordsToBytes(call.words);
  if (container.dma === null) {
    return inHindsight(UNKNOWN, type1Causes(call, unmapRequest(data)), ret);
  }
  if (call.name === UNMAP_DMA) return finishUnmap(engine, call, container, data, ret);
  const request = mapRequest(data);
  if (request === null) return UNKNOWN;
  const { dma } = container;
  const check = (version: number) => mapResults(dma, request, wrapErrno(version));
  const allowed = check(engine.machine.kernel.version);
  if (allowed === null) {
    if (ret === 0) addMapping(dma, request, e.ts);
    return UNKNOWN;
  }
  if (allowed[0] < 0) {
    const verdict = judgeByKernel(path, allowed, check, ret);
    const inTheWay = allowed.includes(-ERRNO.EEXIST) && ret === 0;
    if (verdict.type !== 'diverge' || !inTheWay || engine.records(UNMAP_DMA)) return verdict;
    // A call that was not recorded may have removed what was in the way.
    container.dma = null;
    return UNKNOWN;
  }
  if ((request.flags & DMA_MAP.VADDR) !== 0) return judge(path, [0], ret);
  if (ret === 0) addMapping(container.dma, request, e.ts);
  return container.showsRuns
    ? mapResult(engine, call, request, path, ret)
    : withoutRuns(engine, call, request, path, ret);
}

/**
 * Whether an IOMMU has a part in it is not known. A mapping that succeeds without a run of pages
 * shows that none has: the container has mediated devices alone.
 */
function withoutRuns(
  engine: Engine,
  call: IoctlCall,
  request: MapRequest,
  path: string,
  ret: number,
): Verdict {
  const verdict = mapResult(engine, call, request, path, ret);
  if (verdict.type !== 'diverge') return verdict;
  return ret === 0 ? DEFAULT : UNKNOWN;
}

/** Pinning gives up when its task has a fatal signal (__get_user_pages, kernel mm/gup.c 6.1). */
const KILLED = because(ERRNO.EINTR, 'the task was killed while its memory was pinned');

/** Pages of the user that cannot be pinned are the user's doing; all the rest is foreseen. */
function mapResult(
  engine: Engine,
  call: IoctlCall,
  request: MapRequest,
  path: string,
  ret: number,
): Verdict {
  if (!engine.records('map')) return ret === 0 ? DEFAULT : UNKNOWN;
  const done = call.dma?.type === 'map' ? call.dma.done : 0n;
  if (done === request.size) return judge(path, [0], ret);
  const from = hexIova(request.vaddr + done);
  const unpinned = because(ERRNO.EFAULT, `the memory at ${from} could not be pinned`);
  return judge(path, anyOf(unpinned, [-ERRNO.ENOMEM], KILLED), ret);
}

function finishUnmap(
  engine: Engine,
  call: IoctlCall,
  container: Container,
  data: Buffer | null,
  ret: number,
): Verdict {
  const path = `container/${call.name}`;
  const { dma } = container;
  if (dma === null) return UNKNOWN;
  // Mappings with an event of their unmapping were removed at that event; the others are removed
  // now.
  const { version } = engine.machine.kernel;
  const found = call.dma?.type === 'unmap' ? call.dma.mappings : unmapped(version, container, data);
  if (found === null) {
    container.dma = null;
    return UNKNOWN;
  }
  if (typeof found === 'number') {
    const request = unmapRequest(data)!;
    const refused = (release: number) => {
      const results = refuseUnmap(dma, request, wrapErrno(release));
      return typeof results === 'string' ? [0] : results;
    };
    return judgeByKernel(path, refused(version), refused, ret);
  }
  const left = [...found];
  if (ret === 0) for (const mapping of left) removeMapping(dma, mapping);
  const shown = engine.records('unmap') && container.showsRuns;
  if (left.length > 0 && ret === 0 && call.dma !== null && shown) {
    return diverge(path, `unmapping of ${hexIova(left[0].iova)}`, 'nothing more is unmapped');
  }
  return judge(path, [0], ret);
}

function wordsToBytes(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, 4 * i);
  return bytes;
}

/** What type1 returns for its other ioctls. */
export function driverResult(call: IoctlCall): Results | null {
  const [argsz] = call.words;
  switch (call.name) {
    case 'VFIO_IOMMU_GET_INFO':
      if (argsz === undefined) return null;
      return argsz < 16 ? because(ERRNO.EINVAL, `argsz is ${argsz}, less than 16`) : [0];
    case 'VFIO_IOMMU_DIRTY_PAGES':
      return null;
    default:
      return because(ERRNO.ENOTTY, `type1 has no call ${call.name}`);
  }
}
