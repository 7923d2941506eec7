/** What the kernel does while it serves a user, against what the models foresaw. */

import { hex } from '../../model/hex.js';
import { certainly } from '../../model/possible.js';
import {
  configCall,
  endHardware,
  type IoctlCall,
  type RegionCall,
} from '../../model/vfio/vfio-calls.js';
import { functionAt, openDeviceOf } from '../../model/vfio/vfio-state.js';
import {
  answerAccess,
  type ConfigAccess,
  repredict,
} from '../../model/vfio-pci-core/config-access.js';
import { pcieTail, setPcieTail } from '../../model/vfio-pci-core/config-space-model.js';
import type { WriteContext } from '../../model/vfio-pci-core/config-write.js';
import {
  type Answer,
  DONE,
  type Effect,
  UNKNOWN as UNKNOWN_RESULT,
} from '../../model/vfio-pci-core/effects.js';
import { IRQ, type OpenDevice, zap } from '../../model/vfio-pci-core/open-device.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import {
  COMPUTED,
  compare,
  type Difference,
  diverge,
  UNKNOWN,
  type Verdict,
} from '../engine/verdict.js';
import { numVfsOf } from './vf-count.js';

const BAR_0 = 0x10;
const BAR_5 = 0x24;
const WIDTH_NAMES = { 1: 'byte', 2: 'word', 4: 'dword' } as const;

/** The kernel function that an effect is a call of. */
function functionOf(effect: Effect): string {
  switch (effect.type) {
    case 'read':
      return `pci_user_read_config_${WIDTH_NAMES[effect.width]}`;
    case 'write':
      return `pci_user_write_config_${WIDTH_NAMES[effect.width]}`;
    case 'virtual':
      return 'vfio_basic_config_write';
    case 'zap':
      return 'vfio_pci_zap_and_down_write_memory_lock';
    case 'reset':
      return 'pci_try_reset_function';
    case 'power':
      return 'pci_set_power_state';
  }
}

function describe(effect: Effect): string {
  switch (effect.type) {
    case 'read':
      return `read of ${effect.width} at ${hex(effect.offset)}`;
    case 'write':
    case 'virtual': {
      const what = effect.type === 'write' ? 'write' : 'virtual write';
      const value = effect.value === null ? '' : ` ${hex(effect.value)}`;
      return `${what} of ${effect.width} at ${hex(effect.offset)}:${value}`;
    }
    case 'power':
      return `power state D${effect.state}`;
    default:
      return effect.type;
  }
}

/** Unknown parts of a value are not compared. */
function same(expected: Effect, actual: Effect): boolean {
  switch (expected.type) {
    case 'read':
      return actual.type === 'read' && samePlace(expected, actual);
    case 'write':
    case 'virtual': {
      if (actual.type !== expected.type || !samePlace(expected, actual)) return false;
      return expected.value === null || actual.value === null || expected.value === actual.value;
    }
    case 'power':
      return actual.type === 'power' && actual.state === expected.state;
    default:
      return actual.type === expected.type;
  }
}

type Place = { readonly offset: number; readonly width: number };
const samePlace = (a: Place, b: Place) => a.offset === b.offset && a.width === b.width;

/** The device of a call, if it is known to be open. */
export const openOf = (engine: Engine, address: string): OpenDevice | null =>
  openDeviceOf(functionAt(engine.vfio, address));

export function contextOf(engine: Engine, address: string, device: OpenDevice): WriteContext {
  const sriov = engine.machine.find(address)?.sriov ?? null;
  const numVfs = sriov === null ? [0] : numVfsOf(engine, sriov);
  return {
    fn: device.fn,
    isMsi: device.irqType === IRQ.MSI,
    hasVfs: numVfs !== 'unknown' && !certainly(numVfs, 0),
  };
}

/** Applies an effect to the device's state. */
function apply(device: OpenDevice, effect: Effect): void {
  if (effect.type === 'zap') zap(device);
  else if (effect.type === 'power') device.power = effect.state;
}

/** Resumes an access with the result of its next effect. */
export function answer(engine: Engine, call: RegionCall, result: Answer): void {
  const device = openOf(engine, call.device);
  const { config } = call;
  if (config === null || config.next === null) return;
  // The device was removed during the access, or its state is no longer known.
  if (device === null) {
    abandon(config);
    return;
  }
  apply(device, config.next);
  answerAccess(device.space, contextOf(engine, call.device, device), config, result);
}

/**
 * The next event of a thread occurs, or an access ends: an earlier physical access has ended,
 * although neither its end nor its result was recorded.
 */
export function endPendingHardwareAccess(engine: Engine, tid: number): void {
  const caller = endHardware(engine.vfio.calls, tid);
  if (caller !== null) answer(engine, caller, DONE);
}

/** Passes over what the recording does not show. */
function skipUnrecorded(engine: Engine, call: RegionCall): void {
  const { config } = call;
  while (config?.next && !engine.records(functionOf(config.next))) answer(engine, call, DONE);
}

/** After a reset, BARs are read and compared with their values at open, which no event shows. */
function comparesBars(engine: Engine, { device }: RegionCall, next: Effect): boolean {
  if (next.type !== 'read' || next.offset < BAR_0 || next.offset > BAR_5) return false;
  return openOf(engine, device)?.readAtOpen === false;
}

/** Whether a register belongs to the hardware or is a copy depends on how the kernel was built. */
const mayBeVirtual = (engine: Engine, { device }: RegionCall): boolean =>
  openOf(engine, device)?.space.virtualUnknown === true;

/** The access differed from the model: it is not predicted any further. */
function abandon(config: ConfigAccess): void {
  config.next = null;
  config.result = UNKNOWN_RESULT;
}

/**
 * Judges an effect on a thread, against the configuration access or the ioctl that is under way.
 * @returns the verdict, and the access that waits for an answer, if it was foreseen; null verdict
 *   when nothing of VFIO is under way
 */
export function observe(
  engine: Engine,
  e: EventCursor,
  actual: Effect,
): { verdict: Verdict | null; call: RegionCall | null } {
  const { calls } = engine.vfio;
  const { tid } = e;
  endPendingHardwareAccess(engine, tid);
  const call = configCall(calls, tid);
  if (call?.config) {
    skipUnrecorded(engine, call);
    const { next, result } = call.config;
    if (next === null) {
      if (result === UNKNOWN_RESULT) return { verdict: UNKNOWN, call: null };
      const verdict = diverge(`${call.device}/config`, 'no further access', describe(actual));
      abandon(call.config);
      return { verdict, call: null };
    }
    if (same(next, actual)) return { verdict: byItsFunction(e, actual), call };
    if (learnPcieTail(engine, call, next, actual)) return { verdict: UNKNOWN, call };
    abandon(call.config);
    // Capabilities are not of the same length on all kernels.
    if (!engine.kernelKnown || comparesBars(engine, call, next) || mayBeVirtual(engine, call))
      return { verdict: UNKNOWN, call: null };
    return {
      verdict: diverge(`${call.device}/config`, describe(next), describe(actual)),
      call: null,
    };
  }
  const ioctl = calls.get(tid)?.findLast((c) => c.type === 'ioctl' && c.next.length > 0);
  if (ioctl === undefined) return { verdict: null, call: null };
  const judged = observeIoctl(engine, ioctl as IoctlCall, actual);
  const { device } = ioctl as IoctlCall;
  if (judged.type !== 'match' || device === e.device) return { verdict: judged, call: null };
  return { verdict: diverge(`${device}/${e.name}`, `of ${device}`, `of ${e.device}`), call: null };
}

/** An access of a width is made by the function of that width. */
function byItsFunction(e: EventCursor, actual: Effect): Verdict {
  const name = functionOf(actual);
  return name === e.name ? COMPUTED : diverge(`${e.device}/config`, name, e.name);
}

/**
 * Link Status 2 is accessed with Link Control 2 or on its own, depending on the length of the PCIe
 * capability in the kernel. The first access decides it, whatever the release: the fix was
 * backported to stable releases and distributions.
 */
function learnPcieTail(engine: Engine, call: RegionCall, next: Effect, actual: Effect): boolean {
  const device = openOf(engine, call.device);
  const { config } = call;
  if (engine.showsPcieBytes || device === null || config === null) return false;
  if ((actual.type !== 'read' && actual.type !== 'write') || next.type !== actual.type)
    return false;
  const at = pcieTail(device.space);
  if (next.offset !== at || actual.offset !== at || next.width + actual.width !== 6) return false;
  engine.learnPcieBytes(actual.width === 2 ? 50 : 52);
  for (const fn of engine.vfio.functions.values()) {
    const open = openDeviceOf(fn);
    if (open !== null) setPcieTail(open.space, actual.width === 4);
  }
  repredict(device.space, contextOf(engine, call.device, device), config);
  return config.next !== null && same(config.next, actual);
}

/**
 * An ioctl's effects come in order. The compiler inlines the zap into the ioctl's function, where
 * no probe sees it, so that it may be missing.
 */
function observeIoctl(engine: Engine, call: IoctlCall, actual: Effect): Verdict {
  const device = call.device === null ? null : openOf(engine, call.device);
  let next = call.next.shift();
  while (next !== undefined && next.type !== actual.type && isHidden(engine, next)) {
    if (device !== null) apply(device, next);
    next = call.next.shift();
  }
  if (device !== null) apply(device, actual);
  const path = `${call.device}/${call.name}`;
  return compare(path, next === undefined ? 'nothing more' : describe(next), describe(actual));
}

const isHidden = (engine: Engine, effect: Effect): boolean =>
  effect.type === 'zap' || !engine.records(functionOf(effect));

/** The access is over: what the model still foresaw did not come. */
export function missing(engine: Engine, call: RegionCall): Difference | null {
  skipUnrecorded(engine, call);
  const next = call.config?.next ?? null;
  if (next === null) return null;
  return diverge(`${call.device}/config`, describe(next), 'no further access');
}
