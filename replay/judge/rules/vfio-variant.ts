/**
 * What variants of vfio-pci serve themselves: their own functions for reads, writes and mappings,
 * and the ioctls that they answer. The hooks are those of `replay/model/drivers`.
 */
import {
  addTo,
  driverModel,
  isDoor,
  type RegionAccess,
  type Shown,
} from '../../model/drivers/index.js';
import {
  type DoorCall,
  type IoctlCall,
  innerCall,
  popCall,
  pushCall,
} from '../../model/vfio/vfio-calls.js';
import { functionAt, type VfioFunction } from '../../model/vfio/vfio-state.js';
import { poke, type Width } from '../../model/vfio-pci-core/little-endian.js';
import type { OpenDevice } from '../../model/vfio-pci-core/open-device.js';
import { PAGE, REGION_PAGE_BITS } from '../../model/vfio-pci-core/regions.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { diverge, handedOn, PASSED, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { givenBytes } from './strace-values.js';
import { factsOf, pciFunction, variantOf } from './variant-facts.js';
import { openOf } from './vfio-effects.js';
import { driverOf } from './vfio-migration.js';
import { judge } from './vfio-results.js';
import { endUnseenCalls } from './vfio-unended.js';

/** A device with a variant was opened: what the driver keeps follows from what it found. */
export function openVariant(engine: Engine, { address, properties, hardware }: VfioFunction): void {
  const { name = '', variant = null } = driverOf(engine, address) ?? {};
  const device = openOf(engine, address);
  if (variant === null || device === null) return;
  device.own = null;
  if (hardware === null) return;
  const facts = factsOf(engine, name, device.fn, hardware.bytes, properties ?? {});
  const own = variant.probe(facts);
  if (typeof own === 'number') return;
  // What a driver adds that does not depend on the properties is known without them.
  const added = variant.adds?.(own);
  if (added !== undefined) addTo(device, added);
  const isKnown = properties !== null || variant.needsNoProperties === true;
  if (isKnown) device.own = variant.open?.(own) ?? own;
}

/**
 * The errno with which a driver refuses a function before it registers it with VFIO.
 * @returns null when it does not, or when what that depends on is not known
 */
export function refusedByVariant(engine: Engine, address: string, driver: string): number | null {
  const { variant } = driverModel(driver);
  const fn = functionAt(engine.vfio, address);
  const pci = pciFunction(engine, fn);
  if (variant === null || pci === null) return null;
  const config = fn.hardware?.bytes ?? new Uint8Array(0);
  const own = variant.probe(factsOf(engine, driver, pci, config, fn.properties ?? {}));
  return typeof own === 'number' && own < 0 ? own : null;
}

/** Whether an event is of a variant's own function. */
export const isOfVariant = ({ name, path }: EventCursor): boolean =>
  path === 'vfio' && isDoor(name);

/** Whether a function of vfio-pci-core that begins is called by a variant's own. */
export const isInDoor = (engine: Engine, e: EventCursor): boolean =>
  engine.vfio.calls.get(e.tid)?.at(-1)?.type === 'door';

/** A function of vfio-pci-core that a variant's own called has ended. */
export function endInDoor(engine: Engine, e: EventCursor): void {
  const door = innerCall(engine.vfio.calls, e.tid, 'door');
  if (door === null) return;
  door.inner = e.ret;
  door.given = [...(givenBytes(e) ?? [])];
}

const SHOWN_BYTES = 8;

/** A variant's own function for reads and writes. */
export function doorAccess(engine: Engine, e: EventCursor): Verdict {
  if (e.phase === 'end') return endDoor(engine, e);
  const address = e.device;
  if (address === null || e.phase !== 'begin') return STIMULUS;
  endUnseenCalls(engine, e);
  const { region, offset, length: count } = e;
  const access = { region, offset, count, data: written(e) };
  const expected = foresee(engine, address, access, e);
  openDoor(engine, e, address, count, expected, null);
  return STIMULUS;
}

type Foreseen = Pick<DoorCall, 'result' | 'mayFail' | 'shown' | 'own'>;
const UNFORESEEN: Foreseen = { result: null, mayFail: false, shown: [], own: null };

function foresee(
  engine: Engine,
  address: string,
  access: RegionAccess,
  { isWrite, tid }: EventCursor,
): Foreseen {
  const variant = variantOf(engine, address);
  const device = openOf(engine, address);
  if (variant === null || !device?.own) return UNFORESEEN;
  const { own } = device;
  const hook = isWrite ? variant.write : variant.read;
  const served = hook?.(own, access) ?? { by: 'core' };
  if (isDisturbed(engine, address, tid, served.own !== undefined)) return UNFORESEEN;
  if (served.own !== undefined) device.own = served.own;
  const bytes = Math.min(access.count, SHOWN_BYTES);
  const shown = new Array<number | null>(bytes).fill(null);
  if (served.by === 'driver') {
    const { ret: result, mayFail = false } = served;
    return { result, mayFail, shown: shown.map((_, at) => served.byte?.(at) ?? null), own };
  }
  for (const { at, bytes: over } of served.over ?? []) {
    for (const [i, byte] of over.entries()) if (at + i < bytes) shown[at + i] = byte;
  }
  return { result: 'core', mayFail: false, shown, own };
}

const RESET = 'VFIO_DEVICE_RESET';

/**
 * Whether another thread is in a call by which what the driver keeps may change, or that may see
 * the change: nothing shows which came first.
 * @param changes the call itself changes it: it is not known any more
 */
function isDisturbed(engine: Engine, address: string, tid: number, changes: boolean): boolean {
  let found = false;
  for (const [thread, calls] of engine.vfio.calls) {
    if (thread === tid) continue;
    for (const call of calls) {
      if (!('device' in call) || call.device !== address) continue;
      if (call.type === 'door') call.unsure = true;
      found ||= call.type === 'door' || (call.type === 'ioctl' && mayChangeOwn(call));
    }
  }
  const device = openOf(engine, address);
  if (found && changes && device !== null) device.own = null;
  return found;
}

/** Whether another thread is in an ioctl that has changed what the driver keeps. */
function isBesideChange(engine: Engine, address: string, tid: number): boolean {
  const others = [...engine.vfio.calls].filter(([thread]) => thread !== tid);
  return others.some(([, calls]) =>
    calls.some((call) => call.type === 'ioctl' && call.device === address && call.changesOwn),
  );
}

/** Of any driver, a reset may change what it keeps. */
const mayChangeOwn = ({ name, changesOwn }: IoctlCall): boolean => changesOwn || name === RESET;

function openDoor(
  engine: Engine,
  { tid, seq }: EventCursor,
  device: string,
  count: number,
  foreseen: Foreseen,
  mapping: DoorCall['mapping'],
): void {
  const call = { type: 'door', seq, device, count, ...foreseen, mapping } as const;
  pushCall(engine.vfio.calls, tid, { ...call, inner: null, given: [], unsure: false });
}

/** The bytes of a write that were recorded. */
function written(e: EventCursor): Uint8Array {
  if (!e.isWrite) return new Uint8Array(0);
  const bytes = new Uint8Array(Math.min(e.length, 4));
  if (e.hasValue) poke(bytes, 0, bytes.length as Width, e.value);
  return e.hasValue ? bytes : Uint8Array.from(e.data ?? []);
}

function endDoor(engine: Engine, e: EventCursor): Verdict {
  const call = popCall(engine.vfio.calls, e.tid, e.span, 'door');
  if (call === null || call.result === null || call.unsure) return UNKNOWN;
  const path = `${call.device}/${e.name}`;
  const verdict = call.result === 'core' ? ofCore(path, call, e.ret) : ofDriver(path, call, e.ret);
  if (verdict.type !== 'match' || e.isWrite) return verdict;
  return wrongByte(path, call, e, shownOfCore(engine, call, e)) ?? verdict;
}

function ofDriver(path: string, call: DoorCall, ret: number): Verdict {
  const { result, count, mayFail } = call;
  return mayFail && ret < 0 ? STIMULUS : judge(path, [result as number], ret, count);
}

function ofCore(path: string, { inner }: DoorCall, ret: number): Verdict {
  if (inner === null) return UNKNOWN;
  return inner === ret ? PASSED : handedOn(path, inner, ret);
}

/** What the driver makes of the bytes that the core has given. */
function shownOfCore(engine: Engine, call: DoorCall, e: EventCursor): Shown {
  const { device, given, result, own } = call;
  const hook = result === 'core' ? variantOf(engine, device)?.shown : undefined;
  if (hook === undefined || own === null) return given;
  const { region, offset, length: count } = e;
  return hook(own, { region, offset, count, data: new Uint8Array(0) }, given);
}

/** A byte that the user got and that neither the driver nor the core has given. */
function wrongByte(path: string, call: DoorCall, e: EventCursor, core: Shown): Verdict | null {
  const seen = givenBytes(e);
  for (let i = 0; seen !== null && i < Math.min(seen.length, call.shown.length, e.ret); i++) {
    const expected = call.shown[i] ?? core[i] ?? null;
    if (expected === null || expected === seen[i]) continue;
    return diverge(`${path}/${i}`, `0x${expected.toString(16)}`, `0x${seen[i].toString(16)}`);
  }
  return null;
}

type NewMapping = NonNullable<DoorCall['mapping']>;

/** A variant's own function for mappings begins. */
export function beginDoorMmap(engine: Engine, e: EventCursor, wanted: NewMapping): Verdict {
  const address = e.device ?? '';
  endUnseenCalls(engine, e);
  const variant = variantOf(engine, address);
  const device = openOf(engine, address);
  const { region, offset } = placeOf(wanted);
  const known = variant !== null && device?.own ? device.own : null;
  const length = wanted.end - wanted.start;
  const own = known === null ? undefined : variant?.mmap?.(known, region, offset, length);
  const result = known === null ? null : (own ?? 'core');
  openDoor(engine, e, address, length, { ...UNFORESEEN, result }, wanted);
  return STIMULUS;
}

const placeOf = ({ page }: NewMapping) => ({
  region: Math.floor(page / 2 ** REGION_PAGE_BITS),
  offset: (page % 2 ** REGION_PAGE_BITS) * PAGE,
});

/** It ends: where it made the mapping itself, all pages of it are there. */
export function endDoorMmap(engine: Engine, e: EventCursor): Verdict {
  const call = popCall(engine.vfio.calls, e.tid, e.span, 'door');
  const device = call === null ? null : openOf(engine, call.device);
  if (call === null || device === null || call.result === null) return UNKNOWN;
  const path = `${call.device}/${e.name}`;
  if (call.result === 'core') return ofCore(path, call, e.ret);
  if (e.ret === 0 && call.mapping !== null) keep(device, e.pid, call.mapping);
  return judge(path, [call.result], e.ret);
}

function keep(device: OpenDevice, process: number, made: NewMapping): void {
  const { region, offset } = placeOf(made);
  const { start, end } = made;
  const page = offset / PAGE;
  device.mappings.push({
    process,
    start,
    end,
    region,
    page,
    populated: true,
    changed: false,
    kept: true,
  });
}

/** An ioctl of a user begins: what a variant makes of it. */
export function beginVariantIoctl(engine: Engine, call: IoctlCall, tid: number): void {
  const address = call.device ?? '';
  const hook = variantOf(engine, address)?.ioctl;
  const device = openOf(engine, address);
  if (hook === undefined || !device?.own) return;
  const answer = hook(device.own, call.name, call.words);
  if (answer === undefined) return;
  call.changesOwn = answer.own !== undefined;
  const isUnsure = call.changesOwn
    ? isDisturbed(engine, address, tid, true)
    : isBesideChange(engine, address, tid);
  if (answer.by === 'driver') call.answer = isUnsure ? null : answer.results;
  if (answer.own !== undefined && !isUnsure) device.own = answer.own;
}

/** A device was reset: what its driver does. */
export function resetVariant(engine: Engine, address: string, tid: number): void {
  const device = openOf(engine, address);
  const hook = variantOf(engine, address)?.resetDone;
  if (hook !== undefined && isDisturbed(engine, address, tid, true)) return;
  if (hook !== undefined && device?.own) device.own = hook(device.own);
}

/** Whether an ioctl is one that a variant may answer without the function of vfio-pci-core. */
export function mayAnswerItself(engine: Engine, e: EventCursor): boolean {
  if (e.kind !== 'ioctl' || e.phase !== 'end' || e.path !== 'vfio' || e.device === null)
    return false;
  return variantOf(engine, e.device)?.ioctl !== undefined;
}
