/**
 * Runs of pages as the IOMMU gets them: `iommu:map` and `iommu:unmap` (vfio_iommu_map, kernel
 * drivers/vfio/vfio_iommu_type1.c 6.1).
 */

import { type DmaMapping, removeMapping } from '../../model/iommu/type1.js';
import type { DmaProgress, IoctlCall } from '../../model/vfio/vfio-calls.js';
import { type Container, containerOf } from '../../model/vfio/vfio-state.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { diverge, IN_ORDER, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { containerAt } from './container-files.js';

const UNMAP_DMA = 'VFIO_IOMMU_UNMAP_DMA';

const PAGE = 4096n;
/** The pages with which a new domain is tried out (`vfio_test_domain_fgsp`). */
const TEST_BYTES = 8192n;

/**
 * Addresses that the kernel's own DMA API gives out first: from 4 GiB downwards. Its mappings are
 * made in interrupts, too, on the thread of whoever is interrupted.
 */
const isForeign = (iova: bigint): boolean => iova >= 0xf0000000n && iova < 0x100000000n;

export const hexIova = (iova: bigint) => `0x${iova.toString(16)}`;

/** The ioctl on a thread that maps, unmaps or attaches. */
function progressOf(engine: Engine, tid: number): IoctlCall | null {
  const stack = engine.vfio.calls.get(tid);
  const found = stack?.findLast((call) => call.type === 'ioctl' && call.dma !== null);
  return (found as IoctlCall | undefined) ?? null;
}

/** `iommu:map`: a run of pages was mapped. */
export function dmaMap(engine: Engine, e: EventCursor): Verdict {
  if (e.name !== 'map') return STIMULUS;
  const call = progressOf(engine, e.tid);
  const dma = call?.dma ?? null;
  if (dma === null) return STIMULUS;
  const iova = e.offsetBig;
  const size = BigInt(e.length);
  if (dma.type === 'test') return judgeTest(dma, iova, size);
  const path = 'container/dma';
  if (dma.type === 'unmap') {
    return isForeign(iova) ? STIMULUS : diverge(path, 'unmapping', `map of ${hexIova(iova)}`);
  }
  const expected = dma.request.iova + dma.done;
  const left = dma.request.size - dma.done;
  const container = containerOf(engine.vfio, containerAt(engine.vfio, e));
  if (iova === expected && size <= left) {
    // The run before came once for each domain.
    if (dma.last >= 0n) container.domains ??= dma.times;
    dma.last = dma.done;
    dma.done += size;
    dma.times = 1;
    container.showsRuns = true;
    return IN_ORDER;
  }
  // Every further domain of the container gets the same run.
  if (dma.last >= 0n && iova === dma.request.iova + dma.last) {
    dma.times++;
    if (container.domains === null || dma.times <= container.domains) return IN_ORDER;
  }
  if (isForeign(iova)) return STIMULUS;
  const wanted = left === 0n ? 'no further map' : `map at ${hexIova(expected)} of at most ${left}`;
  return diverge(path, wanted, `map at ${hexIova(iova)} of ${size}`);
}

type Progress<T extends DmaProgress['type']> = Extract<DmaProgress, { type: T }>;

/** Two pages, aligned to their size, at the start of a usable range. */
function judgeTest(test: Progress<'test'>, iova: bigint, size: bigint): Verdict {
  if (size === TEST_BYTES && iova % TEST_BYTES === 0n) {
    const left = test.at !== null && test.done < TEST_BYTES ? test.at + test.done : null;
    test.at = iova;
    test.done = 0n;
    return left === null
      ? IN_ORDER
      : diverge('container/dma', `unmap at ${hexIova(left)}`, `map at ${hexIova(iova)}`);
  }
  if (isForeign(iova) || size !== TEST_BYTES) return isForeign(iova) ? STIMULUS : UNKNOWN;
  return diverge('container/dma', 'two pages aligned to their size', `map at ${hexIova(iova)}`);
}

/** The two pages go one by one, or at once when they could not be told apart. */
function judgeTestEnd(test: Progress<'test'>, iova: bigint, size: bigint): Verdict {
  const { at, done } = test;
  if (at === null) return size <= TEST_BYTES ? UNKNOWN : STIMULUS;
  if (done < TEST_BYTES && iova === at + done) {
    if (size > TEST_BYTES - done) return UNKNOWN;
    test.done += size;
    return IN_ORDER;
  }
  if (isForeign(iova)) return STIMULUS;
  const wanted = done < TEST_BYTES ? `unmap at ${hexIova(at + done)}` : 'nothing more';
  return diverge('container/dma', wanted, `unmap at ${hexIova(iova)}`);
}

/** `iommu:unmap`: a run of pages was unmapped. */
export function dmaUnmap(engine: Engine, e: EventCursor): Verdict {
  if (e.name !== 'unmap') return STIMULUS;
  const iova = e.offsetBig;
  const size = BigInt(e.hasValue ? e.value : e.length);
  const verdict = judgeUnmap(engine, e, iova, size);
  if (verdict.type !== 'match' || size === BigInt(e.length)) return verdict;
  // A large page goes as a whole, however little of it was asked for; never less goes, nor a part.
  const whole = size > BigInt(e.length) && size % PAGE === 0n;
  return whole ? IN_ORDER : diverge('container/dma', `${e.length} bytes`, `${size} bytes`);
}

function judgeUnmap(engine: Engine, e: EventCursor, iova: bigint, size: bigint): Verdict {
  const container = containerOf(engine.vfio, containerAt(engine.vfio, e));
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
  if (container.dma === null) return STIMULUS;
  const { mappings } = container.dma;
  if (container.teardown === null) {
    if (mappings[0]?.iova !== iova) return STIMULUS;
    container.teardown = { type: 'unmap', mappings: [...mappings], done: 0n, last: -1n };
  }
  const verdict = proceed(container.teardown, container, iova, size);
  if (verdict === null && !engine.records(UNMAP_DMA)) {
    // What is unmapped may have been asked for by a call that was not recorded.
    container.dma = null;
    container.teardown = null;
    return UNKNOWN;
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
): Verdict | null {
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
    return IN_ORDER;
  }
  // The other domains of the container are unmapped in the same way.
  return progress.last === iova && container.domains !== 1 ? IN_ORDER : null;
}

function foreign(progress: Extract<DmaProgress, { type: 'unmap' }>, iova: bigint): Verdict {
  if (isForeign(iova)) return STIMULUS;
  const [mapping] = progress.mappings;
  const wanted =
    mapping === undefined ? 'nothing more' : `unmap at ${hexIova(mapping.iova + progress.done)}`;
  return diverge('container/dma', wanted, `unmap at ${hexIova(iova)}`);
}
