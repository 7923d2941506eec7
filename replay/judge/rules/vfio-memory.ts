/**
 * Mappings of BARs, what removes them, and page faults in them (vfio_pci_core_mmap and
 * vfio_pci_mmap_fault, kernel drivers/vfio/pci/vfio_pci_core.c 6.1).
 */

import { ERRNO } from '../../../traces/index.js';
import { hex } from '../../model/hex.js';
import { inferring, inferringResult, type Results, reasoned } from '../../model/reason.js';
import { popCall, pushCall } from '../../model/vfio/vfio-calls.js';
import { functionAt } from '../../model/vfio/vfio-state.js';
import { DONE } from '../../model/vfio-pci-core/effects.js';
import {
  expectedFault,
  type Fault,
  faultResult,
  mappingAt,
  pieceOf,
  VM_FAULT,
} from '../../model/vfio-pci-core/mmap-faults.js';
import {
  isLowPower,
  memoryEnabled,
  noMemory,
  type OpenDevice,
} from '../../model/vfio-pci-core/open-device.js';
import { isMemory, type Resource, ROM } from '../../model/vfio-pci-core/pci-function.js';
import {
  keepMapped,
  mapRegion,
  REGION_PAGE_BITS,
  REGIONS,
} from '../../model/vfio-pci-core/regions.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  DEFAULT,
  diverge,
  explained,
  inHindsight,
  placing,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import { answer, observe, openOf } from './vfio-effects.js';
import { judge } from './vfio-results.js';
import { endUnseenCalls } from './vfio-unended.js';
import { beginDoorMmap, endDoorMmap, endInDoor, isInDoor, isOfVariant } from './vfio-variant.js';

/** `vfio_pci_core_mmap` */
export function mmap(engine: Engine, e: EventCursor): Verdict {
  const address = e.device;
  if (address === null || e.path !== 'vfio') return STIMULUS;
  const end = readNumber(e.data, 0) ?? e.offset;
  if (isOfVariant(e)) {
    if (e.phase === 'end') return endDoorMmap(engine, e);
    return beginDoorMmap(engine, e, { page: e.value, start: e.offset, end });
  }
  const device = openOf(engine, address);
  if (e.phase === 'begin') {
    if (!isInDoor(engine, e)) endUnseenCalls(engine, e);
    if (device !== null) device.mapsBegun++;
    pushCall(engine.vfio.calls, e.tid, {
      type: 'mmap',
      seq: e.seq,
      device: address,
      page: e.value,
      start: e.offset,
      end,
    });
    return STIMULUS;
  }
  const call = popCall(engine.vfio.calls, e.tid, e.span, 'mmap');
  if (call === null || device === null) return UNKNOWN;
  device.mapsBegun--;
  endInDoor(engine, e);
  const expected = mapRegion(device, call.page, call.start, call.end, (page) =>
    isAlone(engine, page),
  );
  const region = Math.floor(call.page / 2 ** REGION_PAGE_BITS);
  if (e.ret === 0) {
    device.mappings.push({
      process: e.pid,
      start: call.start,
      end: call.end,
      region,
      page: call.page % 2 ** REGION_PAGE_BITS,
      populated: region >= REGIONS,
      changed: false,
      ...(region >= REGIONS ? { kept: true as const } : {}),
    });
    keepMapped(device, region);
  }
  // Only a shared mapping can be made, and whether it is to be one is not recorded.
  if (expected?.[0] === 0 && e.ret === -ERRNO.EINVAL) return inHindsight(UNKNOWN, PRIVATE, e.ret);
  return judge(`${address}/mmap`, expected, e.ret);
}

const PRIVATE = inferring(
  ERRNO.EINVAL,
  'probably the mapping was to be private: only shared ones are allowed, and all else is right',
);

/** Whether no resource that a snapshot listed lies in the rest of a page. */
function isAlone(engine: Engine, page: Resource): boolean | null {
  const all = [...engine.vfio.functions.values()];
  if (all.length === 0) return null;
  const resources = all.flatMap((fn) => fn.resources?.slice(0, ROM + 1) ?? []);
  return !resources.some((r) => isMemory(r) && overlap(r, page));
}

const overlap = (a: Resource, b: Resource) => a.start <= b.end && b.start <= a.end;

/** `vfio_pci_zap_and_down_write_memory_lock`: every mapping of the device is removed. */
export function munmap(engine: Engine, e: EventCursor): Verdict {
  if (e.device === null || e.path !== 'kernel') return STIMULUS;
  const { verdict, call } = observe(engine, e, { type: 'zap' });
  if (call !== null) answer(engine, call, DONE);
  return verdict ?? UNKNOWN;
}

/** `vfio_pci_mmap_fault`, or `vfio_pci_mmap_huge_fault` from Linux 6.10 on. */
export function pageFault(engine: Engine, e: EventCursor): Verdict {
  const address = e.device;
  if (address === null || e.path !== 'vfio') return STIMULUS;
  const device = openOf(engine, address);
  if (e.phase === 'begin') {
    const fault = readFault(e);
    if (fault === null) return UNKNOWN;
    pushCall(engine.vfio.calls, e.tid, { type: 'fault', seq: e.seq, device: address, fault });
    return device === null ? UNKNOWN : judgeFault(engine, e, device, fault);
  }
  const call = popCall(engine.vfio.calls, e.tid, e.span, 'fault');
  if (call === null || device === null) return UNKNOWN;
  const mapping = mappingAt(device, call.fault.address);
  if (mapping === undefined) return UNKNOWN;
  const wanted = faultResult(device, mapping, call.fault);
  if (e.ret === VM_FAULT.NOPAGE && mapsAll(engine, e)) mapping.populated = true;
  const where = `${address}/memory`;
  if (wanted === e.ret) {
    if (wanted === VM_FAULT.NOPAGE) return DEFAULT;
    return placing(explained(whyRefused(device), e.ret), { device: address });
  }
  if (device.lowPower === 'unknown') return mayBeRefused(engine, device, e.ret, address);
  // A huge page does not fit into the rest of a mapping that the user has unmapped in part.
  if (e.ret === VM_FAULT.FALLBACK && call.fault.order > 0) return UNKNOWN;
  return showsMemory(engine, e.ret === VM_FAULT.SIGBUS)
    ? diverge(where, hex(wanted), hex(e.ret))
    : UNKNOWN;
}

/** Why a page of a BAR is not mapped. */
export function whyRefused(device: OpenDevice): Results {
  const ret = VM_FAULT.SIGBUS;
  if (isLowPower(device)) return reasoned(ret, 'the device is in low power', LOW_POWER);
  if (device.lowPower === 'unknown' && memoryEnabled(device)) return inferringResult(ret, ...STILL);
  return reasoned(ret, ...noMemory(device));
}

const LOW_POWER = 'device/vfio/lowPower';
const STILL = [
  'probably nothing has woken the device in low power: memory is on',
  LOW_POWER,
] as const;

/** A fault while low power may have ended: a refusal shows that it has not. */
export function mayBeRefused(
  engine: Engine,
  device: OpenDevice,
  ret: number | null,
  address: string,
): Verdict {
  if (ret !== VM_FAULT.SIGBUS || !showsMemory(engine, true)) return UNKNOWN;
  return placing(explained(whyRefused(device), ret), { device: address });
}

const HUGE = 'vfio_pci_mmap_huge_fault';

/** Whether the first fault maps all of a mapping, whose page offsets are page frames then. */
const mapsAll = (engine: Engine, { name }: EventCursor): boolean =>
  name !== HUGE && engine.machine.kernel.faultMapsAll;

const ZAP = 'vfio_pci_zap_and_down_write_memory_lock';

/** The recording has the accesses by which a user turns memory on and off. */
const showsConfig = (engine: Engine): boolean => engine.recordsAny(CONFIG_ACCESSES);

const CONFIG_ACCESSES = ['vfio_pci_config_rw', 'vfio_pci_rw'];

/**
 * The recording has the calls by which a user turns memory on and off.
 * @param off whether memory is off, as it is in a low power state, too
 */
export const showsMemory = (engine: Engine, off: boolean): boolean =>
  showsConfig(engine) && (!off || engine.records('VFIO_DEVICE_FEATURE'));

/** A fault comes where a mapping was made and is not populated, with the page of its address. */
function judgeFault(engine: Engine, e: EventCursor, device: OpenDevice, fault: Fault): Verdict {
  const address = e.device ?? '';
  const where = `${address}/mappings`;
  const faultMapsAll = mapsAll(engine, e);
  const mapping = mappingAt(device, fault.address);
  if (mapping?.leaving === true) return UNKNOWN;
  const piece = pieceOf(device, mapping, fault, faultMapsAll);
  if (piece !== null) {
    device.mappings.push(piece.mapping);
    return piece.moved ? UNKNOWN : COMPUTED;
  }
  if (mapping === undefined) {
    if (!engine.records('vfio_pci_core_mmap') || device.mapsBegun > 0) return UNKNOWN;
    return diverge(where, 'an address of a mapping', hex(fault.address));
  }
  const wanted = expectedFault(device, mapping, fault.address, faultMapsAll);
  const text = (f: Pick<Fault, 'page' | 'start' | 'startPage'>) =>
    `page ${hex(f.page)} of the mapping at ${hex(f.start)} of page ${hex(f.startPage)}`;
  if (text(wanted) !== text(fault)) {
    // A kernel may have got its faults from a newer one.
    const other = expectedFault(device, mapping, fault.address, !faultMapsAll);
    if (text(other) === text(fault)) return UNKNOWN;
    if (faultMapsAll && !isPlaced(engine, address, mapping.region)) return UNKNOWN;
    return diverge(where, text(wanted), text(fault));
  }
  functionAt(engine.vfio, address).shown.add(mapping.region);
  if (!mapping.populated) return COMPUTED;
  if (!showsConfig(engine) && !engine.records(ZAP)) return UNKNOWN;
  // One process may have copied the page tables of another, which a fork leaves out; or have
  // unmapped a part, and mapped it again.
  const unsure = mapping.process === -1 || mapping.changed;
  return unsure ? UNKNOWN : diverge(where, 'no fault: it is mapped', 'a fault');
}

/** When a snapshot is wrong elsewhere, a fault has to show that a BAR lies where it says. */
function isPlaced(engine: Engine, address: string, region: number): boolean {
  const { placed, shown } = functionAt(engine.vfio, address);
  return placed && (engine.snapshot.doubts.length === 0 || shown.has(region));
}

/** Data: start and page offset of the mapping, and the flags of the fault. */
function readFault(e: EventCursor): Fault | null {
  const [start, startPage] = [readNumber(e.data, 0), readNumber(e.data, 8)];
  if (start === null || startPage === null || !e.hasOffset || !e.hasValue) return null;
  const order = e.name === HUGE ? e.length : 0;
  return { address: e.offset, page: e.value, order, start, startPage };
}

const readNumber = (data: Buffer | null, at: number): number | null =>
  data === null || data.byteLength < at + 8 ? null : Number(data.readBigUInt64LE(at));
