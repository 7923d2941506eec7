/** DMA that an IOMMU refused, and bus errors that reached a user. */

import { driverModel } from '../../model/drivers/index.js';
import { DMA_MAP, type DmaMapping, type DmaSpace } from '../../model/iommu/type1.js';
import { MAP, type Reach } from '../../model/iommufd/index.js';
import { only } from '../../model/possible.js';
import { mappingAt } from '../../model/vfio-pci-core/mmap-faults.js';
import { memoryEnabled, type OpenDevice } from '../../model/vfio-pci-core/open-device.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { COMPUTED, diverge, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { containerOfGroup, groupNumber } from './group-keys.js';
import { reachOf } from './vfio-cdev.js';
import { showsMemory } from './vfio-memory.js';

/**
 * A fault is reported after it happened: younger mappings than this may have been made in between.
 */
const REPORTED_WITHIN_NS = 1_000_000_000n;

/**
 * A DMA that was refused, of a device that a user has: nothing is mapped there, or not for that.
 * Events that name no device or address, such as the interrupt of the fault, are stimuli.
 */
export function dmaFault(engine: Engine, e: EventCursor): Verdict {
  const device = engine.deviceOf(e);
  if (device === null || !e.hasOffset || e.name.includes('INTR-REMAP')) return STIMULUS;
  const driver = only(device.driver);
  // Native drivers map with the DMA API, whose events have no device.
  if (typeof driver !== 'string' || !driverModel(driver).vfioPci) return UNKNOWN;
  const iova = e.offsetBig;
  const reached = reachOf(engine, device.address);
  if (reached !== null) return iommufdFault(e, device.address, iova, reached);
  const space = spaceOf(engine, device.group);
  if (space === null) return UNKNOWN;
  const mapping = space.mappings.find((m) => m.iova <= iova && iova < m.iova + m.size);
  if (mapping === undefined) return COMPUTED;
  const need = permissionOf(e);
  if (need === null || mapping.since > e.ts - REPORTED_WITHIN_NS) return UNKNOWN;
  if ((mapping.flags & need) === 0) return COMPUTED;
  return diverge(`${device.address}/dma`, describe(mapping), `a fault at 0x${iova.toString(16)}`);
}

/** The same, of a device that is bound to an iommufd, where all is blocked until it is attached. */
function iommufdFault(
  e: EventCursor,
  address: string,
  iova: bigint,
  { space, since }: Reach,
): Verdict {
  const area = space?.areas.find((a) => a.iova <= iova && iova <= a.last);
  if (area === undefined) return space?.complete === false ? UNKNOWN : COMPUTED;
  const need = permissionOf(e);
  const before = e.ts - REPORTED_WITHIN_NS;
  if (need === null || area.since > before || since > before) return UNKNOWN;
  const flag = need === DMA_MAP.READ ? MAP.READ : MAP.WRITE;
  if ((area.flags & flag) === 0) return COMPUTED;
  const mapped = describe({ ...area, size: area.last - area.iova + 1n });
  return diverge(`${address}/dma`, mapped, `a fault at 0x${iova.toString(16)}`);
}

const describe = ({ iova, size }: Pick<DmaMapping, 'iova' | 'size'>): string =>
  `0x${iova.toString(16)} to 0x${(iova + size - 1n).toString(16)} is mapped for it`;

/** The reason of VT-d, or the flag of the tracepoint, distinguishes reading from writing. */
function permissionOf(e: EventCursor): number | null {
  const { name } = e;
  if (name.startsWith('DMAR')) {
    // Other reasons are about tables above the mapping (VT-d: 5 no write, 6 no read permission).
    if (e.hasValue && e.value !== 5 && e.value !== 6) return null;
    return name.includes('Write') ? DMA_MAP.WRITE : DMA_MAP.READ;
  }
  if (name !== 'io_page_fault' || !e.hasValue) return null;
  return (e.value & 1) === 1 ? DMA_MAP.WRITE : DMA_MAP.READ;
}

/** Mappings of the container that a group is in; null when they are not known. */
function spaceOf(engine: Engine, group: number | null): DmaSpace | null {
  if (group === null) return null;
  for (const [key, open] of engine.vfio.groups) {
    if (groupNumber(key) !== group || open.attached !== true) continue;
    return engine.vfio.containers.get(containerOfGroup(key, open))?.dma ?? null;
  }
  return null;
}

/** A SIGBUS, which a user gets who accesses a mapping of a BAR while memory decoding is off. */
export function busError(engine: Engine, e: EventCursor): Verdict {
  if (!e.hasOffset) return STIMULUS;
  let doubtful = false;
  for (const { address, open } of engine.vfio.functions.values()) {
    if (open === 'unknown') doubtful = true;
    if (typeof open === 'string') continue;
    const mapping = mappingAt(open, e.offset);
    if (mapping === undefined || mapping.process !== e.pid) continue;
    if (faults(open)) return COMPUTED;
    if (!showsMemory(engine, true)) return UNKNOWN;
    return diverge(`${address}/memory`, 'memory is enabled', 'a bus error');
  }
  // Not in a mapping of a device, if all are known: it belongs to another file.
  return doubtful ? UNKNOWN : STIMULUS;
}

const faults = (device: OpenDevice): boolean => device.lowPower || !memoryEnabled(device);
