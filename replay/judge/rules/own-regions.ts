/**
 * Accesses of regions that a device has besides those of every PCI device, such as those of Intel
 * graphics (kernel drivers/vfio/pci/vfio_pci_igd.c 6.12).
 */
import { hex } from '../../model/hex.js';
import { type CopyReads, innerCall } from '../../model/vfio/vfio-calls.js';
import {
  copyReads,
  type DeviceRegion,
  shownByte,
} from '../../model/vfio-pci-core/device-regions.js';
import { deviceRegion, REGIONS } from '../../model/vfio-pci-core/regions.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { COMPUTED, diverge, STIMULUS, type Verdict } from '../engine/verdict.js';
import { givenBytes } from './strace-values.js';
import { openOf } from './vfio-effects.js';

/** A region besides those of every PCI device; null for another, and where it is not known. */
function regionOf(engine: Engine, device: string, index: number): DeviceRegion | null {
  const open = index < REGIONS ? null : openOf(engine, device);
  const region = open === null ? null : deviceRegion(open, index);
  return region === 'unknown' ? null : region;
}

/** The reads of hardware that a read of a copy is made of; undefined for another access. */
export function copiesOf(engine: Engine, e: EventCursor, device: string): CopyReads | undefined {
  const region = e.isWrite ? null : regionOf(engine, device, e.region);
  if (!region?.copyOf) return undefined;
  const count = Math.min(e.length, region.size - e.offset);
  return { of: region.copyOf, left: count > 0 ? copyReads(e.offset, count) : [] };
}

/**
 * A read of hardware, of another function than the one whose user is served.
 * @returns null when it is not a part of a read of a copy
 */
export function copyRead(engine: Engine, e: EventCursor): Verdict | null {
  const copies = innerCall(engine.vfio.calls, e.tid, 'region')?.copies;
  if (copies === undefined || e.path !== 'hardware') return null;
  if (e.phase === 'end') return STIMULUS;
  const next = copies.left.shift();
  const text = (of: string | null, width: number, at: number) => `${width} of ${of} at ${hex(at)}`;
  const actual = text(e.device, e.length, e.offset);
  const expected = next === undefined ? 'nothing more' : text(copies.of, next.width, next.offset);
  return expected === actual ? COMPUTED : diverge(`${copies.of}/config`, expected, actual);
}

/** A byte that a user got of such a region, and that it does not hold. */
export function wrongByteOf(engine: Engine, e: EventCursor, device: string): Verdict | null {
  const region = regionOf(engine, device, e.region);
  const given = region === null ? null : givenBytes(e);
  for (let i = 0; region !== null && given !== null && i < given.length; i++) {
    const expected = shownByte(region, e.offset + i);
    if (expected === null || expected === given[i]) continue;
    return diverge(`${device}/region/${e.region}`, hex(expected), hex(given[i]));
  }
  return null;
}
