/** DMA mappings of containers: what is asked for, and what the IOMMU then gets (vfio-ioctls §7). */
import type { EventCursor } from '../engine/cursor.js';
import type { Engine } from '../engine/engine.js';
import { diverge, type Verdict } from '../engine/verdict.js';
import {
  addMapping,
  checkMap,
  checkUnmap,
  DMA_MAP,
  type DmaMapping,
  type MapRequest,
  removeMapping,
} from '../iommu/type1.js';
import { ERRNO } from '../machine/errno.js';
import type { DmaProgress, IoctlCall } from '../vfio/calls.js';
import { type Container, containerOf } from '../vfio/state.js';
import { judge } from './vfio-results.js';

const MAP_DMA = 'VFIO_IOMMU_MAP_DMA';
const UNMAP_DMA = 'VFIO_IOMMU_UNMAP_DMA';

const PAGE = 4096n;
/** The pages with which a new domain is tried out (`vfio_test_domain_fgsp`). */
const TEST_BYTES = 8192n;

/**
 * Addresses that the kernel's own DMA API gives out first: from 4 GiB downwards. Its mappings are
 * made in interrupts, too, on the thread of whoever is interrupted.
 */
const isForeign = (iova: bigint): boolean => iova >= 0xf0000000n && iova < 0x100000000n;

/** Begins to follow what an ioctl maps or unmaps. */
export function beginDma(
  engine: Engine,
  call: IoctlCall,
  e: EventCursor,
  outer: IoctlCall | null,
): void {
  const container = containerOf(engine.vfio, e.pid);
  const attaches = call.name === 'VFIO_SET_IOMMU' || call.name === 'VFIO_GROUP_SET_CONTAINER';
  if (attaches) call.dma = { type: 'test', at: null };
  if (call.layer !== 'type1' || outer === null || container.dma === null) return;
  if (call.name === MAP_DMA) {
    const request = mapRequest(e.data);
    if (request !== null && checkMap(container.dma, request, wrapErrno(engine)) === 0) {
      call.dma = { type: 'map', request, done: 0n, last: -1n };
    }
  } else if (call.name === UNMAP_DMA) {
    const found = unmapped(engine, container, e.data);
    if (Array.isArray(found)) call.dma = { type: 'unmap', mappings: found, done: 0n, last: -1n };
  }
}

const wrapErrno = (engine: Engine) =>
  engine.machine.kernel.wrapIsOverflow ? ERRNO.EOVERFLOW : ERRNO.EINVAL;

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
function unmapped(
  engine: Engine,
  container: Container,
  data: Buffer | null,
): DmaMapping[] | number | null {
  if (container.dma === null || data === null || data.byteLength < 24) return null;
  const request = {
    argsz: data.readUInt32LE(0),
    flags: data.readUInt32LE(4),
    iova: data.readBigUInt64LE(8),
    size: data.readBigUInt64LE(16),
  };
  return checkUnmap(container.dma, request, wrapErrno(engine));
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
  if (container.dma === null) return 'unknown';
  if (call.name === UNMAP_DMA) return finishUnmap(engine, call, container, data, ret);
  const request = mapRequest(data);
  if (request === null) return 'unknown';
  const refused = checkMap(container.dma, request, wrapErrno(engine));
  if (refused === null || refused < 0) {
    if (ret === 0 && refused === null) addMapping(container.dma, request, e.ts);
    return judge(path, refused === null ? null : [refused], ret);
  }
  if ((request.flags & DMA_MAP.VADDR) !== 0) return judge(path, [0], ret);
  if (ret === 0) addMapping(container.dma, request, e.ts);
  return mapResult(engine, call, request, path, ret);
}

/** Pages of the user that cannot be pinned are the user's doing; all the rest is foreseen. */
function mapResult(
  engine: Engine,
  call: IoctlCall,
  request: MapRequest,
  path: string,
  ret: number,
): Verdict {
  if (!engine.records('map')) return ret === 0 ? 'match' : 'unknown';
  const done = call.dma?.type === 'map' ? call.dma.done : 0n;
  if (done === request.size) return judge(path, [0], ret);
  return judge(path, [-ERRNO.EFAULT, -ERRNO.ENOMEM], ret);
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
  if (dma === null) return 'unknown';
  // What is unmapped was taken out as it went; what no event told goes now.
  const found = call.dma?.type === 'unmap' ? call.dma.mappings : unmapped(engine, container, data);
  if (found === null) {
    container.dma = null;
    return 'unknown';
  }
  if (typeof found === 'number') return judge(path, [found], ret);
  const left = [...found];
  if (ret === 0) for (const mapping of left) removeMapping(dma, mapping);
  if (left.length > 0 && ret === 0 && call.dma !== null && engine.records('unmap')) {
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
export function driverResult(call: IoctlCall): readonly number[] | null {
  const [argsz] = call.words;
  switch (call.name) {
    case 'VFIO_IOMMU_GET_INFO':
      return argsz === undefined ? null : [argsz < 16 ? -ERRNO.EINVAL : 0];
    case 'VFIO_IOMMU_DIRTY_PAGES':
      return null;
    default:
      return [-ERRNO.ENOTTY];
  }
}

const hexIova = (iova: bigint) => `0x${iova.toString(16)}`;

/** The ioctl on a thread that maps, unmaps or attaches. */
function progressOf(engine: Engine, tid: number): IoctlCall | null {
  const stack = engine.vfio.calls.get(tid);
  const found = stack?.findLast((call) => call.type === 'ioctl' && call.dma !== null);
  return (found as IoctlCall | undefined) ?? null;
}

/** `iommu:map`: a run of pages was mapped. */
export function dmaMap(engine: Engine, e: EventCursor): Verdict {
  if (e.name !== 'map') return null;
  const call = progressOf(engine, e.tid);
  const dma = call?.dma ?? null;
  if (dma === null) return null;
  const iova = e.offsetBig;
  const size = BigInt(e.length);
  if (dma.type === 'test') return judgeTest(dma, iova, size);
  const path = 'container/dma';
  if (dma.type === 'unmap') {
    return isForeign(iova) ? null : diverge(path, 'unmapping', `map of ${hexIova(iova)}`);
  }
  const expected = dma.request.iova + dma.done;
  const left = dma.request.size - dma.done;
  if (iova === expected && size <= left) {
    dma.last = dma.done;
    dma.done += size;
    return 'match';
  }
  // Every further domain of the container gets the same run.
  if (dma.last >= 0n && iova === dma.request.iova + dma.last) return 'match';
  if (isForeign(iova)) return null;
  const wanted = left === 0n ? 'no further map' : `map at ${hexIova(expected)} of at most ${left}`;
  return diverge(path, wanted, `map at ${hexIova(iova)} of ${size}`);
}

type Progress<T extends DmaProgress['type']> = Extract<DmaProgress, { type: T }>;

/** Two pages, aligned to their size, at the start of a usable range. */
function judgeTest(test: Progress<'test'>, iova: bigint, size: bigint): Verdict {
  if (size === TEST_BYTES && iova % TEST_BYTES === 0n) {
    test.at = iova;
    return 'match';
  }
  if (isForeign(iova) || size !== TEST_BYTES) return isForeign(iova) ? null : 'unknown';
  return diverge('container/dma', 'two pages aligned to their size', `map at ${hexIova(iova)}`);
}

/** The two pages go one by one, or at once when they could not be told apart. */
function judgeTestEnd({ at }: Progress<'test'>, iova: bigint, size: bigint): Verdict {
  if (at === null) return size <= TEST_BYTES ? 'unknown' : null;
  if (iova === at || iova === at + PAGE) return size <= TEST_BYTES ? 'match' : 'unknown';
  return isForeign(iova)
    ? null
    : diverge('container/dma', `unmap at ${hexIova(at)}`, `unmap at ${hexIova(iova)}`);
}

/** `iommu:unmap`: a run of pages was unmapped. */
export function dmaUnmap(engine: Engine, e: EventCursor): Verdict {
  if (e.name !== 'unmap') return null;
  const iova = e.offsetBig;
  const size = BigInt(e.hasValue ? e.value : e.length);
  const verdict = judgeUnmap(engine, e, iova, size);
  if (verdict !== 'match' || size === BigInt(e.length)) return verdict;
  // A large page goes as a whole, however little of it was asked for; never less goes, nor a part.
  const whole = size > BigInt(e.length) && size % PAGE === 0n;
  return whole ? 'match' : diverge('container/dma', `${e.length} bytes`, `${size} bytes`);
}

function judgeUnmap(engine: Engine, e: EventCursor, iova: bigint, size: bigint): Verdict {
  const container = containerOf(engine.vfio, e.pid);
  const call = progressOf(engine, e.tid);
  if (call?.dma == null) return teardown(engine, container, iova, size);
  if (call.dma.type === 'test') return judgeTestEnd(call.dma, iova, size);
  if (call.dma.type === 'map') {
    // What could not be mapped wholly is unmapped again.
    const { request, done } = call.dma;
    const back: DmaMapping = { ...request, size: done, vaddrInvalid: false, since: 0n };
    call.dma = { type: 'unmap', mappings: [back], done: 0n, last: -1n };
  }
  return proceed(call.dma, container, iova, size) ?? foreign(call.dma, iova);
}

/** Outside of an ioctl a container that is closed unmaps everything, in order. */
function teardown(engine: Engine, container: Container, iova: bigint, size: bigint): Verdict {
  if (container.dma === null) return null;
  const { mappings } = container.dma;
  if (container.teardown === null) {
    if (mappings[0]?.iova !== iova) return null;
    container.teardown = { type: 'unmap', mappings: [...mappings], done: 0n, last: -1n };
  }
  const verdict = proceed(container.teardown, container, iova, size);
  if (verdict === null && !engine.records(UNMAP_DMA)) {
    // What is unmapped may have been asked for by a call that was not recorded.
    container.dma = null;
    container.teardown = null;
    return 'unknown';
  }
  if (verdict === null) return foreign(container.teardown, iova);
  if (container.teardown.mappings.length === 0) container.teardown = null;
  return verdict;
}

/** The next run of the mappings that go; null when it is another. */
function proceed(
  progress: Extract<DmaProgress, { type: 'unmap' }>,
  container: Container,
  iova: bigint,
  size: bigint,
): Verdict {
  const [mapping] = progress.mappings;
  if (mapping !== undefined && iova === mapping.iova + progress.done) {
    if (progress.done + size > mapping.size) return null;
    progress.last = iova;
    progress.done += size;
    if (progress.done === mapping.size) {
      progress.mappings.shift();
      progress.done = 0n;
      if (container.dma !== null) removeMapping(container.dma, mapping);
    }
    return 'match';
  }
  return progress.last === iova ? 'match' : null;
}

function foreign(progress: Extract<DmaProgress, { type: 'unmap' }>, iova: bigint): Verdict {
  if (isForeign(iova)) return null;
  const [mapping] = progress.mappings;
  const wanted =
    mapping === undefined ? 'nothing more' : `unmap at ${hexIova(mapping.iova + progress.done)}`;
  return diverge('container/dma', wanted, `unmap at ${hexIova(iova)}`);
}
