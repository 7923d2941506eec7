/** DMA that an IOMMU refused, and bus errors that reached a user. */

import { ERRNO } from '../../../traces/index.js';
import { driverModel } from '../../model/drivers/index.js';
import { hex } from '../../model/hex.js';
import { DMA_MAP, type DmaMapping, type DmaSpace } from '../../model/iommu/type1.js';
import { MAP, type Reach } from '../../model/iommufd/index.js';
import { only } from '../../model/possible.js';
import { because } from '../../model/reason.js';
import type { ContainerKey } from '../../model/vfio/file-descriptors.js';
import { mappingAt, VM_FAULT } from '../../model/vfio-pci-core/mmap-faults.js';
import { memoryEnabled, type OpenDevice } from '../../model/vfio-pci-core/open-device.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { diverge, explained, placing, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { containerOfGroup, groupNumber } from './group-keys.js';
import { reachOf } from './vfio-cdev.js';
import { showsMemory, whyRefused } from './vfio-memory.js';

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
  const cell = cellOf(engine, device.group, iova);
  if (mapping === undefined) return unmapped(iova, cell);
  const need = permissionOf(e);
  if (need === null || mapping.since > e.ts - REPORTED_WITHIN_NS) return UNKNOWN;
  if ((mapping.flags & need) === 0) return readOnly(mapping, need === DMA_MAP.WRITE, cell);
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
  if (area === undefined) {
    if (space?.complete === false) return UNKNOWN;
    return space === null ? explained(NOT_ATTACHED, FAULT) : unmapped(iova, null);
  }
  const need = permissionOf(e);
  const before = e.ts - REPORTED_WITHIN_NS;
  if (need === null || area.since > before || since > before) return UNKNOWN;
  const flag = need === DMA_MAP.READ ? MAP.READ : MAP.WRITE;
  const range = { ...area, size: area.last - area.iova + 1n };
  if ((area.flags & flag) === 0) return readOnly(range, need === DMA_MAP.WRITE, null);
  const mapped = describe(range);
  return diverge(`${address}/dma`, mapped, `a fault at 0x${iova.toString(16)}`);
}

/** What a refused DMA returns. */
const FAULT = -ERRNO.EFAULT;
const NOT_ATTACHED = because(ERRNO.EFAULT, 'the device is attached to no page table');

function unmapped(iova: bigint, cell: string | null): Verdict {
  const cells = cell === null ? [] : [cell];
  return explained(because(ERRNO.EFAULT, `nothing is mapped at ${hex(iova)}`, ...cells), FAULT);
}

function readOnly(
  mapping: Pick<DmaMapping, 'iova' | 'size'>,
  writes: boolean,
  cell: string | null,
): Verdict {
  const [from, to] = [mapping.iova, mapping.iova + mapping.size - 1n].map(hex);
  const text = `${from} to ${to} is mapped, but not for ${writes ? 'writing' : 'reading'}`;
  return explained(because(ERRNO.EFAULT, text, ...(cell === null ? [] : [cell])), FAULT);
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

/** The container that a group is in; null when it is not known. */
function containerWith(engine: Engine, group: number | null): ContainerKey | null {
  for (const [key, open] of group === null ? [] : engine.vfio.groups) {
    if (groupNumber(key) === group && open.attached === true) return containerOfGroup(key, open);
  }
  return null;
}

/** Mappings of the container that a group is in; null when they are not known. */
function spaceOf(engine: Engine, group: number | null): DmaSpace | null {
  const container = containerWith(engine, group);
  return container === null ? null : (engine.vfio.containers.get(container)?.dma ?? null);
}

/** The mapping at an address, as a cell of the state. */
function cellOf(engine: Engine, group: number | null, iova: bigint): string | null {
  const container = containerWith(engine, group);
  return container === null ? null : `container ${container}/dma/${hex(iova)}`;
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
    if (faults(open))
      return placing(explained(whyRefused(open), VM_FAULT.SIGBUS), { device: address });
    if (!showsMemory(engine, true)) return UNKNOWN;
    return diverge(`${address}/memory`, 'memory is enabled', 'a bus error');
  }
  // Not in a mapping of a device, if all are known: it belongs to another file.
  return doubtful ? UNKNOWN : STIMULUS;
}

const faults = (device: OpenDevice): boolean => device.lowPower || !memoryEnabled(device);
