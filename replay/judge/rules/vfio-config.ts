/**
 * Accesses of configuration space, through every door (kernel drivers/vfio/pci/vfio_pci_config.c
 * and drivers/pci/access.c 6.1).
 */

import { ERRNO } from '../../../traces/index.js';
import { hex } from '../../model/hex.js';
import { because, type Results } from '../../model/reason.js';
import {
  configCall,
  innerCall,
  popCall,
  pushCall,
  type RegionCall,
} from '../../model/vfio/vfio-calls.js';
import { functionAt, hardwareOf, openDeviceOf } from '../../model/vfio/vfio-state.js';
import { beginAccess } from '../../model/vfio-pci-core/config-access.js';
import type { Effect } from '../../model/vfio-pci-core/effects.js';
import { peek, poke, type Width } from '../../model/vfio-pci-core/little-endian.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { COMPUTED, diverge, PASSED, STIMULUS, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { fixedRead, learnWrite } from './config-registers.js';
import { givenBytes } from './strace-values.js';
import {
  answer,
  contextOf,
  endPendingHardwareAccess,
  missing,
  observe,
  openOf,
} from './vfio-effects.js';
import { judge } from './vfio-results.js';

/** The `config.read` and `config.write` events. */
export function configAccess(engine: Engine, e: EventCursor): Verdict {
  switch (e.path) {
    case 'vfio':
      return userAccess(engine, e);
    case 'hardware':
      return hardwareAccess(engine, e);
    case 'virtual':
      return virtualWrite(engine, e);
    case 'kernel':
    case 'sysfs':
      return otherAccess(engine, e);
    default:
      return STIMULUS;
  }
}

/** An access of the kernel's own, or through sysfs. */
function otherAccess(engine: Engine, e: EventCursor): Verdict {
  if (e.isWrite) {
    if (e.phase !== 'end') learnWrite(engine, e);
    return STIMULUS;
  }
  if (e.phase === 'begin') return STIMULUS;
  const verdict = fixedRead(engine, e) ?? STIMULUS;
  // Only values that are read while a device is opened become part of what its user sees.
  if (engine.vfio.calls.size > 0 && e.path === 'kernel') learnHardware(engine, e);
  return verdict;
}

function learnHardware(engine: Engine, e: EventCursor): void {
  const call = innerCall(engine.vfio.calls, e.tid, 'enable');
  if (call === null || e.device !== call.device || !e.hasValue) return;
  const fn = functionAt(engine.vfio, call.device);
  const { offset, length } = e;
  if (length === 4) call.dwords.push(offset);
  if (fn.hardware === null || offset + length > fn.hardware.bytes.byteLength) return;
  const isKnown = !fn.hardware.known.subarray(offset, offset + length).includes(0);
  if (isKnown && peek(fn.hardware.bytes, offset, length as Width) === e.value) return;
  const [bytes, known] = [fn.hardware.bytes.slice(), fn.hardware.known.slice()];
  poke(bytes, offset, length as Width, e.value);
  fn.hardware = hardwareOf(bytes, known.fill(1, offset, offset + length));
}

/** `vfio_pci_config_rw`, or a system call seen from the user's side. */
function userAccess(engine: Engine, e: EventCursor): Verdict {
  const { calls } = engine.vfio;
  const device = e.device;
  if (device === null) return STIMULUS;
  if (e.phase === 'point') return seenByUser(engine, e, device);
  if (e.phase === 'begin') {
    const outer = innerCall(calls, e.tid, 'region');
    beginConfig(engine, e, device);
    return outer === null ? STIMULUS : sameAccess(outer, e);
  }
  endPendingHardwareAccess(engine, e.tid);
  const call = popCall(calls, e.tid, e.span, 'region');
  if (call === null) return UNKNOWN;
  const served = endConfig(engine, call, e.ret);
  const verdict = served.type === 'match' ? (givenValue(engine, call, e) ?? served) : served;
  const outer = innerCall(calls, e.tid, 'region');
  if (outer !== null) outer.inner = e.ret;
  return verdict;
}

/** The function that `vfio_pci_rw` calls receives the same arguments. */
export function sameAccess(outer: RegionCall, e: EventCursor): Verdict {
  const { region, offset, length } = e;
  if (region === outer.region && offset === outer.offset && length === outer.count) return PASSED;
  const text = (r: number, at: number, count: number) => `${count} at ${r}:${at}`;
  const expected = text(outer.region, outer.offset, outer.count);
  return diverge(`${outer.device}/region`, expected, text(region, offset, length));
}

const NO_BYTES = new Uint8Array(0);

/** Opens a call, with the access that the model foresees when the device's state is known. */
export function beginConfig(engine: Engine, e: EventCursor, address: string): RegionCall {
  const { seq, offset, length: count } = e;
  const write = e.isWrite;
  const device = openOf(engine, address);
  const request = { write, offset, count, data: write ? writtenBytes(e) : NO_BYTES };
  const config =
    device === null ? null : beginAccess(device.space, contextOf(engine, address, device), request);
  return pushCall(engine.vfio.calls, e.tid, {
    type: 'region',
    seq,
    device: address,
    write,
    region: e.region,
    offset,
    count,
    config,
    inner: null,
  });
}

/** The recorded bytes of the user. */
function writtenBytes(e: EventCursor): Uint8Array {
  if (!e.hasValue) return Uint8Array.from(e.data ?? []);
  const bytes = new Uint8Array(Math.min(e.length, 4));
  poke(bytes, 0, bytes.length as Width, e.value);
  return bytes;
}

export function endConfig(engine: Engine, call: RegionCall, ret: number): Verdict {
  const { config } = call;
  if (config === null) return UNKNOWN;
  const further = missing(engine, call);
  if (further !== null) return further;
  const { result } = config;
  if (result === 'unknown' || result === null) {
    // What the user wrote is not known, and so neither is what later reads return.
    if (call.write) functionAt(engine.vfio, call.device).open = 'unknown';
    return UNKNOWN;
  }
  const results = result < 0 ? refused(engine, call, result) : [result];
  return judge(`${call.device}/config`, results, ret, call.count);
}

/** An access of the configuration space is refused for one reason of its own. */
function refused(engine: Engine, { device, offset, count }: RegionCall, ret: number): Results {
  const size = openOf(engine, device)?.space.size;
  if (size === undefined || offset + count <= size || ret !== -ERRNO.EFAULT) return [ret];
  const text = `${hex(offset)} to ${hex(offset + count - 1)} is past the end of ${hex(size)} bytes`;
  return because(ERRNO.EFAULT, text);
}

/**
 * Compares the value that the user received, if it was recorded, with what the emulation returns
 * for the copy and for the hardware's answers.
 * @returns null when it was not recorded, or does not follow from the recording
 */
function givenValue(engine: Engine, call: RegionCall, e: EventCursor): Verdict | null {
  const { config } = call;
  if (call.write) {
    const device = openOf(engine, call.device);
    if (device !== null) device.written = e.seq;
    return null;
  }
  if (config === null || e.ret !== call.count) return null;
  const given = givenBytes(e);
  const { seen } = config;
  if (given === null || given.length !== call.count || seen.length !== call.count) return null;
  // Two accesses at a time are served in either order.
  if (isWrittenMeanwhile(engine, call)) return null;
  for (let i = 0; i < call.count; i++) {
    if (seen[i] !== null && seen[i] !== given[i]) {
      return diverge(`${call.device}/config`, numberOf(seen), numberOf(given));
    }
  }
  if (seen.includes(null)) return null;
  return config.madeUp ? COMPUTED : PASSED;
}

/** Bytes as a number, the first of them the lowest; `??` for those that are not known. */
const numberOf = (bytes: ArrayLike<number | null>): string => {
  const text = (byte: number | null) => byte?.toString(16).padStart(2, '0') ?? '??';
  const digits = Array.from(bytes, text).toReversed().join('');
  return `0x${digits.replace(/^0+(?=.)/, '')}`;
};

function isWrittenMeanwhile({ vfio }: Engine, { device, seq }: RegionCall): boolean {
  if ((openDeviceOf(functionAt(vfio, device))?.written ?? -1) > seq) return true;
  for (const stack of vfio.calls.values()) {
    for (const call of stack) {
      if (call.type === 'region' && call.write && call.device === device) return true;
    }
  }
  return false;
}

/** A whole access in one event: what the user wrote or saw. */
function seenByUser(engine: Engine, e: EventCursor, address: string): Verdict {
  const device = openOf(engine, address);
  if (device === null || engine.records('vfio_pci_config_rw')) return UNKNOWN;
  const call = beginConfig(engine, e, address);
  popCall(engine.vfio.calls, e.tid, e.seq, 'region');
  return endConfig(engine, call, e.ret);
}

/** `pci_user_read_config_*` and `pci_user_write_config_*` while a user is served. */
function hardwareAccess(engine: Engine, e: EventCursor): Verdict {
  const { calls } = engine.vfio;
  const write = e.isWrite;
  if (e.phase === 'end') {
    const call = popCall(calls, e.tid, e.span, 'hardware');
    if (call !== null)
      answer(engine, call.caller, { value: recordedValue(e, write), ret: retOf(e) });
    return write ? STIMULUS : (fixedRead(engine, e) ?? STIMULUS);
  }
  if (write) learnWrite(engine, e);
  const { offset, length, seq } = e;
  const width = length as Width;
  const effect: Effect = write
    ? { type: 'write', offset, width, value: e.hasValue ? e.value : null }
    : { type: 'read', offset, width };
  const { verdict, call } = observe(engine, e, effect);
  if (call !== null) {
    if (e.phase === 'point')
      answer(engine, call, { value: recordedValue(e, write), ret: retOf(e) });
    else pushCall(calls, e.tid, { type: 'hardware', seq, caller: call });
  }
  const judged = write || e.phase === 'begin' ? null : fixedRead(engine, e);
  // Not in an access whose device the model knows.
  if (verdict === null || verdict.type === 'unknown') return judged ?? UNKNOWN;
  return verdict.type === 'match' && judged?.type === 'diverge' ? judged : verdict;
}

const recordedValue = (e: EventCursor, write: boolean) => (write || !e.hasValue ? null : e.value);
const retOf = (e: EventCursor) => (e.hasRet ? e.ret : 0);

/** `vfio_basic_config_write`: the header's part of a write. */
function virtualWrite(engine: Engine, e: EventCursor): Verdict {
  const { calls } = engine.vfio;
  if (e.phase === 'end') {
    endPendingHardwareAccess(engine, e.tid);
    const call = popCall(calls, e.tid, e.span, 'virtual');
    if (call === null) return UNKNOWN;
    // Only an error of the hardware makes it fail, and ends the access.
    const result = configCall(calls, e.tid)?.config?.result ?? null;
    const failed = typeof result === 'number' && result < 0 ? result : null;
    return judge(`${e.device}/config`, [failed ?? call.width], e.ret, call.width);
  }
  const { offset, length, seq } = e;
  const value = e.hasValue ? lowBytes(e.value, length) : null;
  const effect: Effect = { type: 'virtual', offset, width: length as Width, value };
  const { verdict, call } = observe(engine, e, effect);
  if (call !== null) answer(engine, call, { value, ret: 0 });
  if (e.phase === 'begin') pushCall(calls, e.tid, { type: 'virtual', seq, width: length });
  return verdict ?? UNKNOWN;
}

const lowBytes = (value: number, bytes: number) => (bytes >= 4 ? value : value % 256 ** bytes);
