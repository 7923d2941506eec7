/** Devices of VFIO: opening, closing, requests, resets and interrupts. */

import { ERRNO } from '../../../traces/index.js';
import { parseSnapshot } from '../../model/binding/function-facts.js';
import { routingId } from '../../model/binding/vf-address.js';
import { driverModel } from '../../model/drivers/index.js';
import { type EnableCall, innerCall, popCall, pushCall } from '../../model/vfio/vfio-calls.js';
import { applyIrqs, irqsResult, validIrqs } from '../../model/vfio/vfio-irqs.js';
import {
  functionAt,
  type Hardware,
  hardwareOf,
  newFunction,
  openDeviceOf,
  unknownHardware,
  type VfioFunction,
} from '../../model/vfio/vfio-state.js';
import { configRules, rulesShownBy } from '../../model/vfio-pci-core/capabilities.js';
import { openSpace, recordedSpace } from '../../model/vfio-pci-core/config-space-model.js';
import { openDevice, zap } from '../../model/vfio-pci-core/open-device.js';
import { lengthOf, parseResource, type Resource } from '../../model/vfio-pci-core/pci-function.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  compare,
  DEFAULT,
  type Difference,
  diverge,
  IN_ORDER,
  inHindsight,
  placing,
  STIMULUS,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import { forgetRegisters } from './config-registers.js';
import { DF_OPEN, openCauses, SET_RESET } from './hindsight.js';
import { parametersOf, refusedOpen, variantOf } from './variant-facts.js';
import { releaseFile } from './vfio-cdev.js';
import { answer, observe, openOf } from './vfio-effects.js';
import { rulesOf } from './vfio-iommufd.js';
import { beginMigration, driverOf, migrationReset } from './vfio-migration.js';
import { inAnyRelease, judge, judgeByKernel } from './vfio-results.js';
import { openVariant, resetVariant } from './vfio-variant.js';

/** Learns what VFIO needs from the snapshot of a function. */
export function learnFunction(engine: Engine, e: EventCursor): void {
  if (e.device === null || e.name === 'end' || engine.snapshot.ignored) return;
  const fn = functionAt(engine.vfio, e.device);
  engine.vfio.oneDomain = engine.vfio.oneDomain !== false && e.device.startsWith('0000:');
  engine.vfio.registers.delete(e.device);
  const { data } = e;
  fn.hardware = data === null ? null : wholeHardware(data);
  fn.resources = parseResources(e.text);
  fn.properties = parseSnapshot(e.text).properties;
  // A user may have opened a device of VFIO before the recording began.
  const driver = e.driver;
  const isClosed = e.text?.includes('"opened":false') === true;
  const isOpenable = driver !== null && driverModel(driver).vfioPci;
  fn.open = isClosed || !isOpenable ? 'closed' : 'unknown';
  // What is known not to be open is not being removed either.
  if (isClosed) fn.requests = 0;
}

const wholeHardware = (data: Uint8Array): Hardware =>
  hardwareOf(Uint8Array.from(data), new Uint8Array(data.byteLength).fill(1));

/**
 * A function was created at an address. If its ids are those of the one before, it is assumed to be
 * the same one plugged in again, but its BARs may be at other addresses.
 */
export function replaceFunction(engine: Engine, address: string, same: boolean): void {
  const { hardware, resources } = functionAt(engine.vfio, address);
  const kept = same ? { hardware, resources } : {};
  const fresh = { ...newFunction(address), ...kept, placed: false, open: 'closed' as const };
  engine.vfio.functions.set(address, fresh);
  forgetRegisters(engine, address);
}

function parseResources(text: string | null): readonly Resource[] | null {
  const found = /"resource":\s*(\[[^\]]*\]|"[^"]*")/.exec(text ?? '')?.[1];
  const lines = found?.match(/0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+/gi);
  if (lines === undefined || lines === null) return null;
  return Object.freeze(lines.map(parseResource));
}

/** `vfio_pci_core_enable`: the first open of a device. */
export function open(engine: Engine, e: EventCursor): Verdict {
  const address = e.device;
  if (e.name === DF_OPEN) return openFile(engine, e);
  if (address === null || e.name !== 'vfio_pci_core_enable') return STIMULUS;
  const fn = functionAt(engine.vfio, address);
  const { calls } = engine.vfio;
  if (e.phase === 'begin') {
    const seen = { reset: null, dwords: [] };
    pushCall(calls, e.tid, { type: 'enable', seq: e.seq, device: address, ...seen });
    prepare(engine, fn);
    const before = fn.open;
    // It is open or not, when its end is not recorded.
    fn.open = 'unknown';
    learnOpening(engine, e, address);
    if (before === 'unknown') return UNKNOWN;
    return before === 'closed'
      ? IN_ORDER
      : diverge(`${address}/open`, 'the device is open already', 'it is opened');
  }
  const call = popCall(calls, e.tid, e.span, 'enable');
  if (call === null) return UNKNOWN;
  const ioctl = innerCall(calls, e.tid, 'ioctl');
  if (ioctl !== null) {
    ioctl.opened = e.ret === 0;
    if (e.ret < 0) ioctl.openError = e.ret;
    if (ioctl.file === 'group') fn.bound = 'unbound';
  }
  if (e.ret === 0) {
    enabled(engine, fn, call);
    const refused = refusedOpen(engine, fn, 'after') ?? 0;
    if (ioctl !== null && refused < 0) Object.assign(ioctl, { opened: false, openError: refused });
  } else {
    fn.open = 'closed';
    for (const group of engine.vfio.groups.values()) group.devices.delete(address);
  }
  return openResult(engine, fn, call.reset, e.ret);
}

/** `vfio_df_open`: why it failed before it opened the device. */
function openFile(engine: Engine, e: EventCursor): Verdict {
  const ioctl = innerCall(engine.vfio.calls, e.tid, 'ioctl');
  if (ioctl === null) return STIMULUS;
  ioctl.reached = DF_OPEN;
  const group = ioctl.group === null ? undefined : engine.vfio.groups.get(ioctl.group);
  const early = e.phase === 'end' && e.ret < 0 && ioctl.opening === null;
  if (group === undefined || !early || !engine.records('vfio_pci_core_enable')) return STIMULUS;
  return inHindsight(STIMULUS, openCauses(group), e.ret);
}

function openResult(
  engine: Engine,
  fn: VfioFunction,
  reset: EnableCall['reset'],
  ret: number,
): Verdict {
  const path = `${fn.address}/open`;
  if (reset === 'unseen') return ret === 0 ? DEFAULT : UNKNOWN;
  if (reset === null && engine.records('pci_try_reset_function')) {
    // The function could not be woken or enabled: the hardware's answer.
    return ret < 0 ? UNKNOWN : diverge(path, 'a reset at open', 'none');
  }
  if (reset === -ERRNO.EAGAIN) return judge(path, [reset], ret);
  const refused = refusedOpen(engine, fn, 'before');
  // Only functions of s390 can be refused here, which a recording of a machine does not show.
  return judge(path, refused === null ? [0] : [refused], ret);
}

/** A VF that was created during the recording has no snapshot: the reads at open replace it. */
function prepare(engine: Engine, fn: VfioFunction): void {
  if (fn.hardware !== null || engine.gaps) return;
  const physfn = engine.machine.find(fn.address)?.physfn ?? null;
  const pf = physfn === null ? null : functionAt(engine.vfio, physfn);
  fn.properties ??= pf?.properties ?? null;
  const size = pf?.hardware?.bytes.byteLength;
  if (size !== undefined) fn.hardware = unknownHardware(size);
}

function enabled(engine: Engine, fn: VfioFunction, { reset, dwords }: EnableCall): void {
  const { address, hardware } = fn;
  const pci = engine.machine.device(address);
  const resources = fn.resources ?? vfResources(engine, address);
  const { ids } = pci;
  fn.requests = 0;
  fn.closing = null;
  fn.toClose = false;
  fn.open = 'unknown';
  fn.confirmed = true;
  if (hardware === null || ids === null || resources === null) return;
  const facts = { vendor: ids.vendor, device: ids.device, class: ids.class, resources };
  const own = { ...facts, isVf: pci.physfn !== null };
  const known = configRules(engine.machine.kernel.version, engine.pcieBytes);
  const rules = dwords.length === 0 ? known : rulesShownBy(dwords, known);
  const isOfSoftware = variantOf(engine, address)?.ownsConfig === true;
  const space = isOfSoftware
    ? openSpace(hardware.bytes, own, rules)
    : recordedSpace(hardware.bytes, hardware.known, own, rules);
  if (space === null) return;
  const works = typeof reset === 'number' ? reset === 0 : null;
  fn.open = openDevice(own, space, works, dwords.length > 0);
  const driver = driverOf(engine, address);
  if (driver !== null && parametersOf(engine, driver).disable_vga === true) fn.open.vga = false;
  openVariant(engine, fn);
  beginMigration(engine, address);
}

/** The group's ioctl that opens the device: whether it can is not known until it did. */
function learnOpening(engine: Engine, e: EventCursor, address: string): void {
  const ioctl = innerCall(engine.vfio.calls, e.tid, 'ioctl');
  if (ioctl === null) return;
  ioctl.opened = null;
  ioctl.opening = address;
  if (ioctl.group !== null) engine.vfio.groups.get(ioctl.group)?.devices.add(address);
}

/**
 * BARs of a VF are consecutive in resources of the PF, which have room for TotalVFs of them,
 * however few a driver allows (sriov_init, kernel drivers/pci/iov.c 6.1).
 */
function vfResources(engine: Engine, address: string): Resource[] | null {
  const physfn = engine.machine.find(address)?.physfn ?? null;
  if (physfn === null) return null;
  const pf = functionAt(engine.vfio, physfn);
  const { sriov } = engine.machine.device(physfn);
  if (pf.resources === null || pf.resources.length < 13 || !sriov?.totalVfs) return null;
  const { totalVfs, offset, stride } = sriov;
  if (offset === null || stride === null || stride === 0) return null;
  const index = (routingId(address) - routingId(physfn) - offset) / stride;
  const bars = pf.resources.slice(7, 13).map((all) => partOf(all, index, totalVfs));
  // An impossible BAR size is not of this function: this part of the snapshot is not trusted.
  if (!bars.every((bar) => isBarSize(lengthOf(bar)))) return null;
  return [...bars, NO_RESOURCE];
}

const NO_RESOURCE: Resource = { start: 0, end: 0, flags: 0 };

/** Part `index` of a resource of `parts` equal ones. */
function partOf(all: Resource, index: number, parts: number): Resource {
  const size = lengthOf(all) / parts;
  if (size === 0) return all;
  const start = all.start + size * index;
  return { start, end: start + size - 1, flags: all.flags };
}

/** A BAR has a power of two bytes. */
const isBarSize = (length: number): boolean => length === 0 || Number.isInteger(Math.log2(length));

const DISABLE = 'vfio_pci_core_disable';
const CLOSE = 'vfio_pci_core_close_device';

/** `vfio_pci_core_close_device`, and `vfio_pci_core_disable` in it. */
export function close(engine: Engine, e: EventCursor): Verdict {
  const address = e.device;
  if (address === null || !e.name.startsWith('vfio_pci_core_')) return STIMULUS;
  const fn = functionAt(engine.vfio, address);
  const wasOpen = fn.open === 'closed' && !fn.confirmed ? 'unknown' : fn.open;
  if (e.name === DISABLE || !engine.records(DISABLE)) {
    releaseFile(engine, fn);
    fn.closing = openDeviceOf(fn) ?? 'unknown';
    fn.open = 'closed';
    fn.confirmed = engine.records('vfio_pci_core_enable');
    for (const group of engine.vfio.groups.values()) group.devices.delete(address);
  }
  const ioctl = innerCall(engine.vfio.calls, e.tid, 'ioctl');
  // Its driver could not open it after all, for a reason that is not recorded.
  if (e.name === DISABLE && ioctl?.opened === true && ioctl.opening === address)
    ioctl.opened = null;
  const misplaced = closeInOrder(engine, e, fn);
  if (misplaced !== null) return misplaced;
  if (wasOpen === 'unknown') return UNKNOWN;
  return wasOpen === 'closed'
    ? diverge(`${address}/open`, 'closed', 'it is closed again')
    : IN_ORDER;
}

/**
 * The closing of a device begins once, and then it is disabled; an open that fails disables it,
 * too.
 */
function closeInOrder(engine: Engine, e: EventCursor, fn: VfioFunction): Difference | null {
  const { vfio } = engine;
  const { toClose } = fn;
  const path = `${fn.address}/open`;
  fn.toClose = e.name === CLOSE;
  if (toClose && e.name === DISABLE) vfio.showsClosing = true;
  if (!vfio.showsClosing || engine.gaps) return null;
  if (toClose && e.name === CLOSE)
    return diverge(path, `${DISABLE} after ${CLOSE}`, 'it is closed');
  const failed = innerCall(vfio.calls, e.tid, 'ioctl') !== null;
  if (toClose || e.name !== DISABLE || failed) return null;
  return diverge(path, `${CLOSE} before ${DISABLE}`, 'it did not come');
}

const REQUEST = 'vfio_pci_core_request';

/** `vfio_pci_core_request`: asked again every ten seconds, with a count from 0. */
export function request(engine: Engine, e: EventCursor): Verdict {
  const address = e.device;
  if (address === null || !e.hasValue) return STIMULUS;
  // The kernel's log has a line for every tenth request, and its rate limit drops lines (kernel
  // drivers/vfio/pci/vfio_pci_core.c 6.1): each line shows that there were that many.
  if (e.name !== REQUEST) return UNKNOWN;
  const fn = functionAt(engine.vfio, address);
  const path = `${address}/request`;
  // The thread that closes the device disables it before it releases the reference.
  if (fn.open === 'closed' && fn.confirmed && fn.closing === null) {
    return diverge(path, 'nobody has it open', 'a request');
  }
  // A first request where another was due belongs to a later removal, whose begin was not seen.
  const later = e.value === 0 && fn.requests !== 0;
  const verdict =
    later || fn.requests === null
      ? UNKNOWN
      : compare(path, String(fn.requests), String(e.value), IN_ORDER);
  fn.requests = e.value + 1;
  return verdict;
}

/** `vfio_pci_set_irqs_ioctl`, of the ioctl or of closing the device. */
export function setIrqs(engine: Engine, e: EventCursor): Verdict {
  const address = e.device;
  if (address === null || e.path !== 'kernel') return STIMULUS;
  const { calls } = engine.vfio;
  const fn = functionAt(engine.vfio, address);
  const device = openDeviceOf(fn) ?? (fn.closing === 'unknown' ? null : fn.closing);
  const request = { flags: e.value, index: e.region, start: e.offset, count: e.length };
  const path = `${address}/irqs`;
  if (e.phase === 'begin') {
    pushCall(calls, e.tid, { type: 'irqs', seq: e.seq, device: address, ...request });
    const ioctl = innerCall(calls, e.tid, 'ioctl');
    if (ioctl !== null) ioctl.irqsSet = true;
    if (device === null) return UNKNOWN;
    if (fn.open === 'closed') {
      const wanted = device.irqType === null ? null : `index ${device.irqType}`;
      return wanted === null ? UNKNOWN : compare(path, wanted, `index ${request.index}`);
    }
    const isValid = (release: number | null) =>
      validIrqs(device, request, release) || request.count === 0;
    if (isValid(rulesOf(engine).version)) return COMPUTED;
    return inAnyRelease(isValid) ? UNKNOWN : diverge(path, '-EINVAL', 'interrupts are set');
  }
  const call = popCall(calls, e.tid, e.span, 'irqs');
  if (call === null) return UNKNOWN;
  const ioctl = innerCall(calls, e.tid, 'ioctl');
  if (ioctl !== null) ioctl.inner = e.ret;
  if (device === null) return UNKNOWN;
  const ofRelease = (release: number | null) => irqsResult(device, call, release);
  const verdict = judgeByKernel(path, ofRelease(rulesOf(engine).version), ofRelease, e.ret);
  if (e.ret === 0) applyIrqs(device, call);
  return placing(verdict, { device: address });
}

/** `pci_try_reset_function`: its result is the hardware's. */
export function reset(engine: Engine, e: EventCursor): Verdict {
  if (e.name === SET_RESET) {
    const ioctl = innerCall(engine.vfio.calls, e.tid, 'ioctl');
    if (ioctl !== null) ioctl.reached = SET_RESET;
    if (ioctl !== null && e.phase === 'end' && e.hasRet) ioctl.reset = e.ret;
  }
  if (e.device === null) return STIMULUS;
  forgetRegisters(engine, e.device);
  if (e.name !== 'pci_try_reset_function') return STIMULUS;
  const { calls } = engine.vfio;
  const enable = innerCall(calls, e.tid, 'enable');
  if (e.phase === 'begin') {
    if (enable?.device === e.device) {
      const first = enable.reset === null;
      enable.reset = 'unseen';
      return first ? IN_ORDER : UNKNOWN;
    }
    const { verdict, call } = observe(engine, e, { type: 'reset' });
    if (call !== null) pushCall(calls, e.tid, { type: 'hardware', seq: e.seq, caller: call });
    const device = openOf(engine, e.device);
    if (verdict === null && device !== null) zap(device);
    return verdict ?? STIMULUS;
  }
  if (enable?.device === e.device) {
    enable.reset = e.ret;
    return STIMULUS;
  }
  const reset = openOf(engine, e.device);
  // It is in D0 while it is reset, and after that.
  if (reset !== null && e.ret !== -ERRNO.EAGAIN) reset.power = 0;
  if (e.ret === 0) {
    migrationReset(engine, e.device);
    resetVariant(engine, e.device, e.tid);
  }
  const hardware = popCall(calls, e.tid, e.span, 'hardware');
  if (hardware !== null) answer(engine, hardware.caller, { value: null, ret: e.ret });
  const ioctl = innerCall(calls, e.tid, 'ioctl');
  if (ioctl !== null) ioctl.reset = e.ret;
  return STIMULUS;
}

/** An IOMMU domain was attached to a device: the group's ioctl had effect. */
export function learnAttach(engine: Engine, e: EventCursor): void {
  if (e.name !== 'attach_device_to_domain') return;
  const ioctl = innerCall(engine.vfio.calls, e.tid, 'ioctl');
  if (ioctl !== null) ioctl.attached = true;
}
