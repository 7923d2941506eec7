/** Ioctls of VFIO: on containers, groups and devices, and the functions that serve them. */

import { ERRNO } from '../../../traces/index.js';
import { anyOf, because, HARDWARE, type Results } from '../../model/reason.js';
import { CDEV_CALL, type Door, isCdevCall } from '../../model/vfio/cdev.js';
import {
  type DeviceArgument,
  type DeviceContext,
  deviceIoctl,
  entersLowPower,
  feature,
} from '../../model/vfio/device-ioctl.js';
import { UNOWNED_OR_HARDWARE } from '../../model/vfio/hot-reset.js';
import {
  type IoctlCall,
  type IoctlLayer,
  innerCall,
  newIoctl,
  popCall,
  pushCall,
} from '../../model/vfio/vfio-calls.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  compare,
  handedOn,
  inHindsight,
  PASSED,
  placing,
  STIMULUS,
  UNKNOWN,
  UNMODELLED,
  type Verdict,
} from '../engine/verdict.js';
import { containerOfCall } from './container-files.js';
import { groupKey } from './group-keys.js';
import { deviceCauses } from './hindsight.js';
import {
  HOT_RESET,
  hotResetContext,
  hotResetVerdict,
  learnHotReset,
  passedFiles,
  wrongAnswer,
} from './hot-resets.js';
import { learnLowPower } from './low-power-rules.js';
import { endMdev } from './mdev-device.js';
import { doorOfCall, endCdev, endUnbound } from './vfio-cdev.js';
import { CHECK_EXTENSION, endContainer, endGroup, SET_IOMMU } from './vfio-container.js';
import { beginDma } from './vfio-dma.js';
import { openOf } from './vfio-effects.js';
import { iommufd, isIommufd, rulesOf } from './vfio-iommufd.js';
import { learnMigration, migrationFeature, migrationReset } from './vfio-migration.js';
import { judgeByKernel } from './vfio-results.js';
import { endUnseenCalls, forgetIrqs, forgetUnbegun } from './vfio-unended.js';
import { beginVariantIoctl } from './vfio-variant.js';

const RESET = 'VFIO_DEVICE_RESET';
const HOT_RESET_INFO = 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO';
const SET_IRQS = 'VFIO_DEVICE_SET_IRQS';
const FEATURE = 'VFIO_DEVICE_FEATURE';
const ANSWERS = new Set([
  'VFIO_DEVICE_GET_INFO',
  'VFIO_DEVICE_GET_REGION_INFO',
  'VFIO_DEVICE_GET_IRQ_INFO',
  HOT_RESET_INFO,
]);

/** The `ioctl` events. */
export function ioctl(engine: Engine, e: EventCursor): Verdict {
  if (e.path !== 'vfio' && e.path !== 'kernel') return STIMULUS;
  if (isIommufd(e)) return iommufd(engine, e);
  if (isOfUnknownFile(e)) return e.phase === 'begin' ? STIMULUS : UNMODELLED;
  // A device that the recording does not name.
  if (e.device === null && e.name.startsWith('VFIO_DEVICE_')) {
    return e.phase === 'begin' ? STIMULUS : UNKNOWN;
  }
  if (e.phase === 'begin') return begin(engine, e);
  // A system call seen from the user's side is begun and ended by one event.
  if (e.phase === 'point') begin(engine, e);
  const seq = e.phase === 'point' ? e.seq : e.span;
  const call = popCall(engine.vfio.calls, e.tid, seq, 'ioctl');
  if (call === null) forgetUnbegun(engine, e);
  if (call === null || (e.phase === 'point' && !hasFile(call))) return UNKNOWN;
  const verdict = end(engine, call, e);
  const outer = innerCall(engine.vfio.calls, e.tid, 'ioctl');
  if (outer !== null) {
    outer.inner = e.ret;
    outer.reset ??= call.reset;
  }
  return verdict;
}

/** Whether a driver serves the call that belongs neither to VFIO nor to iommufd. */
const isOfUnknownFile = (e: EventCursor): boolean =>
  e.path === 'vfio' && e.device === null && e.driver !== null;

/** Whether the kind of file is known: for a call that no file has, only its name shows it. */
const hasFile = (call: IoctlCall) => call.file !== 'container' || !call.name.startsWith('0x');

function begin(engine: Engine, e: EventCursor): Verdict {
  const inner = e.path === 'kernel';
  if (!inner) endUnseenCalls(engine, e);
  const outer = innerCall(engine.vfio.calls, e.tid, 'ioctl');
  const device = e.device;
  const layer: IoctlLayer = !inner ? 'file' : device === null ? 'type1' : 'pci';
  const group = groupOf(e);
  const file = group !== null ? 'group' : device !== null ? 'device' : 'container';
  const words = layer === 'pci' ? (outer?.words ?? []) : wordsOf(e.data);
  const call = newIoctl({
    seq: e.seq,
    layer,
    file,
    name: e.name,
    command: e.value,
    argument: e.hasOffset ? e.offset : (outer?.argument ?? 0),
    words,
    device,
    group,
    container: containerOfCall(engine.vfio, e, { file, name: e.name, words, group }),
  });
  pushCall(engine.vfio.calls, e.tid, call);
  if (call.file === 'device') foresee(engine, call, outer, device ?? '', e.tid);
  else beginDma(engine, call, e, outer);
  if (!inner) return STIMULUS;
  if (outer === null) return UNKNOWN;
  const asked = outer.name === SET_IOMMU && layer === 'type1' ? CHECK_EXTENSION : outer.name;
  return compare(`${outer.file}/ioctl`, asked, call.name, PASSED);
}

/** The group of an ioctl; of its process when the group itself was not recorded. */
function groupOf(e: EventCursor): string | null {
  if (e.path !== 'vfio') return null;
  const { data, device } = e;
  if (device === null && data !== null && data.byteLength >= 4) {
    return groupKey(data.readInt32LE(0), e.pid);
  }
  return e.name.startsWith('VFIO_GROUP_') ? groupKey(null, e.pid) : null;
}

function wordsOf(data: Buffer | null): number[] {
  if (data === null) return [];
  const words = Math.floor(data.byteLength / 4);
  return Array.from({ length: words }, (_, i) => data.readUInt32LE(4 * i));
}

/** What RESET, and entering a low power state, will do; the innermost function does it. */
function foresee(
  engine: Engine,
  call: IoctlCall,
  outer: IoctlCall | null,
  address: string,
  tid: number,
): void {
  if (outer !== null) outer.next = [];
  else beginVariantIoctl(engine, call, tid);
  const device = openOf(engine, address);
  if (device === null) return;
  if (call.name === RESET && device.resetWorks !== false) {
    call.next = [{ type: 'zap' }, { type: 'power', state: 0 }, { type: 'reset' }];
  }
  const enters = call.name === FEATURE && entersLowPower(call.words[1] ?? 0);
  if (enters && device.lowPower === 'off') call.next = [{ type: 'zap' }];
}

function end(engine: Engine, call: IoctlCall, e: EventCursor): Verdict {
  if (call.file === 'device') return endDevice(engine, call, e);
  if (call.file === 'group') return endGroup(engine, call, e);
  return endContainer(engine, call, e);
}

function endDevice(engine: Engine, call: IoctlCall, e: EventCursor): Verdict {
  const ofMdev = endMdev(engine, call, e);
  if (ofMdev !== undefined) return ofMdev;
  const { ret } = e;
  const door = call.name === CDEV_CALL.BIND ? 'open' : doorOfCall(engine, call, e);
  if (door === 'unbound') return endUnbound(engine, call, e);
  const verdict = endOpen(engine, call, e, door);
  const mayBeBound = isCdevCall(call.name) && !engine.records(CDEV_CALL.BIND);
  const maybeUnbound = door === 'unknown' || mayBeBound;
  return maybeUnbound && ret === -ERRNO.EINVAL && verdict.type === 'diverge' ? UNKNOWN : verdict;
}

/** A call through a file through which the device is open, or BIND. */
function endOpen(engine: Engine, call: IoctlCall, e: EventCursor, door: Door): Verdict {
  const { ret } = e;
  const address = call.device ?? '';
  if (call.name === RESET && ret === 0 && call.reset === null) migrationReset(engine, address);
  if (call.name === HOT_RESET) {
    learnHotReset(engine, address);
    call.passed = passedFiles(engine, e.pid, wordsOf(e.data));
  }
  if (call.inner !== null) {
    const handed = handedOn(`${address}/${call.name}`, call.inner, ret);
    if (call.name === HOT_RESET_INFO && handed.type !== 'diverge') {
      return wrongAnswer(engine, call, wordsOf(e.data), ret) ?? handed;
    }
    // Only the end of the user's call has all of the argument.
    if (call.passed.length === 0 || handed.type === 'diverge') return handed;
    const whole = deviceVerdict(engine, { ...call, reset: null }, ret);
    return whole.type === 'diverge' || whole.type === 'match' ? whole : handed;
  }
  const ofCdev = endCdev(engine, call, e, door);
  if (ofCdev !== undefined) return call.unseen ? UNKNOWN : ofCdev;
  const verdict = deviceVerdict(engine, call, ret);
  const device = openOf(engine, address);
  if (device !== null && call.name === FEATURE && ret === 0) learnLowPower(engine, call, device);
  if (call.name === FEATURE) learnMigration(engine, address, call.words, ret);
  if (call.name === SET_IRQS && ret === 0) forgetIrqs(engine, address);
  return verdict;
}

function deviceVerdict(engine: Engine, call: IoctlCall, ret: number): Verdict {
  const expected = deviceResults(engine, call, rulesOf(engine).version);
  const causes = deviceCauses(call, engine.records('pci_try_reset_function'));
  return inHindsight(resultVerdict(engine, call, expected, ret), causes, ret);
}

function resultVerdict(
  engine: Engine,
  call: IoctlCall,
  expected: ReturnType<typeof deviceIoctl>,
  ret: number,
): Verdict {
  const address = call.device ?? '';
  if (call.unseen) return UNKNOWN;
  if (expected === 'unmodelled') return UNMODELLED;
  if (expected === HARDWARE || expected === UNOWNED_OR_HARDWARE) {
    if (call.name === FEATURE) return STIMULUS;
    return hotResetVerdict(engine, call, expected, ret);
  }
  const ofRelease = (release: number) => {
    const results = deviceResults(engine, call, release);
    return typeof results === 'string' ? null : results;
  };
  const possible = maybeUnreachable(call, expected);
  const verdict = judgeByKernel(`${address}/${call.name}`, possible, ofRelease, ret);
  if (verdict.type !== 'diverge') return placing(verdict, { device: address });
  // The functions that a reset reaches, and their drivers, are only known if all of them are; some
  // devices do not bear a reset of their bus, which the kernel knows by their ids.
  const isQuirk = call.name === HOT_RESET_INFO && ret === -ERRNO.ENODEV;
  const isDoubted = call.name === HOT_RESET && call.passed.length === 0;
  return isDoubted || isQuirk ? UNKNOWN : verdict;
}

const UNREACHABLE = because(ERRNO.EFAULT, 'the argument cannot be read, or not written');

/**
 * The results of a call that answers in its argument, which may be out of reach: what cannot be
 * read is recorded as zeros, and that something cannot be written is not recorded.
 */
function maybeUnreachable(call: IoctlCall, expected: Results | null): Results | null {
  if (expected === null || !ANSWERS.has(call.name)) return expected;
  if (expected.includes(-ERRNO.EFAULT)) return expected;
  const unread = call.words.length > 0 && call.words.every((word) => word === 0);
  const written = expected.some((ret) => ret === 0 || ret === -ERRNO.ENOSPC);
  return unread || written ? anyOf(expected, UNREACHABLE) : expected;
}

function deviceResults(
  engine: Engine,
  call: IoctlCall,
  version: number | null,
): ReturnType<typeof deviceIoctl> {
  const address = call.device ?? '';
  const device = openOf(engine, address);
  const argument: DeviceArgument = { address: call.argument, words: call.words };
  const context = deviceContext(engine, address, call, version);
  if (call.answer !== undefined) return call.answer;
  if (call.name === FEATURE) {
    const variant = migrationFeature(engine, address, argument, version);
    if (variant !== undefined) return variant;
    return feature(device, argument, context);
  }
  if (call.name === RESET) {
    if (device === null) return null;
    if (device.resetWorks === false) return NO_RESET;
    return call.reset === null ? null : [call.reset];
  }
  return deviceIoctl(call.name, device, argument, context);
}

const NO_RESET = because(ERRNO.EINVAL, 'the function could not be reset when it was opened');

function deviceContext(
  engine: Engine,
  address: string,
  call: IoctlCall,
  version: number | null,
): DeviceContext {
  return {
    ...hotResetContext(engine, address),
    passed: call.passed,
    isPf: (engine.machine.find(address)?.sriov ?? null) !== null,
    irqsSet: call.irqsSet || !engine.records('vfio_pci_set_irqs_ioctl'),
    version,
  };
}
