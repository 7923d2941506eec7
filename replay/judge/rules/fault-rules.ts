/** DMA that an IOMMU refused, and bus errors that reached a user. */

import { ERRNO } from '../../../traces/index.js';
import { driverModel } from '../../model/drivers/index.js';
import { hex } from '../../model/hex.js';
import { DMA_MAP, type DmaMapping, type DmaSpace } from '../../model/iommu/type1.js';
import { MAP, type Reach } from '../../model/iommufd/index.js';
import { only } from '../../model/possible.js';
import { PCI_POWER } from '../../model/power/power-state.js';
import { anyOf, because, type Results, unseen } from '../../model/reason.js';
import type { ContainerKey } from '../../model/vfio/file-descriptors.js';
import { mappingAt, refusesTouch, VM_FAULT } from '../../model/vfio-pci-core/mmap-faults.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  diverge,
  explained,
  inHindsight,
  placing,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import { containerOfGroup, groupNumber } from './group-keys.js';
import { reachOf } from './vfio-cdev.js';
import { mayBeRefused, showsMemory, whyRefused } from './vfio-memory.js';

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
  if (typeof driver !== 'string' || !driverModel(driver).vfioPci) {
    return notKnown(driver === null ? NO_DRIVER : OF_KERNEL);
  }
  const iova = e.offsetBig;
  const reached = reachOf(engine, device.address);
  if (reached !== null) return iommufdFault(engine, e, device.address, iova, reached);
  const space = spaceOf(engine, device.group);
  if (space === null) return notKnown(OTHER_CONTAINER);
  const mapping = space.mappings.find((m) => m.iova <= iova && iova < m.iova + m.size);
  const cell = cellOf(engine, device.group, iova);
  if (mapping === undefined) {
    const ended = space.mappings.find(
      (m) => m.iova + m.size <= iova && iova < m.iova + m.size + PAGE,
    );
    return unmapped(engine, device.address, iova, cell, ended);
  }
  const need = permissionOf(e);
  if (need === null) return notKnown(TABLES);
  if (mapping.since > e.ts - REPORTED_WITHIN_NS) {
    const early = unseen(
      'the mapping may be younger than the fault, which is reported after it',
      EFAULT,
    );
    const isWrong = (mapping.flags & need) === 0;
    return inHindsight(UNKNOWN, isWrong ? anyOf(notFor(mapping, need, cell), early) : early, FAULT);
  }
  if ((mapping.flags & need) === 0) return explained(notFor(mapping, need, cell), FAULT);
  return diverge(`${device.address}/dma`, describe(mapping), `a fault at 0x${iova.toString(16)}`);
}

/** The same, of a device that is bound to an iommufd, where all is blocked until it is attached. */
function iommufdFault(
  engine: Engine,
  e: EventCursor,
  address: string,
  iova: bigint,
  { space, since }: Reach,
): Verdict {
  const area = space?.areas.find((a) => a.iova <= iova && iova <= a.last);
  if (area === undefined) {
    if (space?.complete === false) return UNKNOWN;
    if (space === null) return explained(NOT_ATTACHED, FAULT);
    const before = space.areas.find((a) => a.last < iova && iova <= a.last + PAGE);
    const ended = before && { iova: before.iova, size: before.last - before.iova + 1n };
    return unmapped(engine, address, iova, null, ended);
  }
  const need = permissionOf(e);
  const before = e.ts - REPORTED_WITHIN_NS;
  if (need === null || area.since > before || since > before) return UNKNOWN;
  const flag = need === DMA_MAP.READ ? MAP.READ : MAP.WRITE;
  const range = { ...area, size: area.last - area.iova + 1n };
  if ((area.flags & flag) === 0) return explained(notFor(range, need, null), FAULT);
  const mapped = describe(range);
  return diverge(`${address}/dma`, mapped, `a fault at 0x${iova.toString(16)}`);
}

/** What a refused DMA returns. */
const { EFAULT } = ERRNO;
const FAULT = -EFAULT;
const PAGE = 4096n;
const NOT_ATTACHED = because(EFAULT, 'the device is attached to no page table');

/** Why a fault is not explained. */
const notKnown = (text: string): Verdict => inHindsight(UNKNOWN, unseen(text, EFAULT), FAULT);
const NO_DRIVER = 'no driver has the device; what is mapped for it is in no event';
const OF_KERNEL = 'a driver of the kernel has the device; events of its mappings name no device';
const OTHER_CONTAINER = 'the recording does not show the container of its group, or what it maps';
const TABLES = 'the fault is about the tables of the IOMMU, which no event shows';

/**
 * @param ended a mapping that ends just before the address
 */
function unmapped(
  engine: Engine,
  address: string,
  iova: bigint,
  cell: string | null,
  ended: Range | undefined,
): Verdict {
  const past = ended === undefined ? '' : `, just past the end of ${rangeOf(ended)}`;
  const text = `nothing is mapped at ${hex(iova)}${past}${stateOf(engine, address)}`;
  return explained(because(EFAULT, text, ...(cell === null ? [] : [cell])), FAULT);
}

type Range = Pick<DmaMapping, 'iova' | 'size'>;

const rangeOf = ({ iova, size }: Range): string => `${hex(iova)} to ${hex(iova + size - 1n)}`;

/** What else of the device bears on a fault. */
function stateOf({ vfio }: Engine, address: string): string {
  const open = vfio.functions.get(address)?.open;
  const sleeps = typeof open === 'object' && open.power >= PCI_POWER.D3HOT;
  const resets = [...vfio.calls.values()]
    .flat()
    .some(
      (call) => call.type === 'ioctl' && call.device === address && call.name.endsWith('RESET'),
    );
  const sleep = sleeps ? '; the device is in D3hot' : '';
  return resets ? `${sleep}; the device is being reset` : sleep;
}

function notFor(mapping: Range, need: number, cell: string | null): Results {
  const to = need === DMA_MAP.WRITE ? 'writing' : 'reading';
  const text = `${rangeOf(mapping)} is mapped, but not for ${to}`;
  return because(EFAULT, text, ...(cell === null ? [] : [cell]));
}

const describe = ({ iova, size }: Pick<DmaMapping, 'iova' | 'size'>): string =>
  `0x${iova.toString(16)} to 0x${(iova + size - 1n).toString(16)} is mapped for it`;

/** Events of SMMUv3 about the page of the address; others are about tables above it. */
const SMMU_PAGE = /^SMMU F_(?:TRANSLATION|PERMISSION) (?<way>read|write)$/;

/**
 * The reason of VT-d, the event of SMMUv3, or the flag of the tracepoint distinguishes reading from
 * writing.
 */
function permissionOf(e: EventCursor): number | null {
  const { name } = e;
  const way = SMMU_PAGE.exec(name)?.groups?.way;
  if (way !== undefined) return way === 'write' ? DMA_MAP.WRITE : DMA_MAP.READ;
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
    if (refusesTouch(open))
      return placing(explained(whyRefused(open), VM_FAULT.SIGBUS), { device: address });
    if (!showsMemory(engine, true)) return UNKNOWN;
    if (open.lowPower === 'unknown') return mayBeRefused(engine, open, VM_FAULT.SIGBUS, address);
    return diverge(`${address}/memory`, 'memory is enabled', 'a bus error');
  }
  // Not in a mapping of a device, if all are known: it belongs to another file.
  return doubtful ? UNKNOWN : STIMULUS;
}
