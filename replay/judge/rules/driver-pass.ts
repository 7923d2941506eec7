/** The pass over the driver list for one device (__device_attach, kernel drivers/base/dd.c 6.1). */

import { certainly, only, possibly } from '../../model/possible.js';
import type { DriverPass } from '../engine/call-frames.js';
import type { Engine } from '../engine/engine.js';
import { COMPUTED, diverge, UNKNOWN, type Verdict } from '../engine/verdict.js';
import { mayMatch } from '../machine/bus-match.js';
import { ANY_NEXT, type NextDrivers } from '../machine/driver-claims.js';
import type { PciDevice } from '../machine/pci-device.js';

/** Predicts that `driver` is the next to be tried, and learns from it. */
export function nextInPass(engine: Engine, pass: DriverPass, driver: string): Verdict {
  const { machine } = engine;
  const { device } = pass;
  const override = engine.override(device);
  const before = pass.tried.map((t) => t.driver);
  const expected = expectNext(engine, pass);
  const possible = mayMatch(machine, device, driver, override);
  const unheardOf = device.ids === null || machine.claims.mayComeNext(device.ids, before, driver);
  const inPlace = expected.drivers.includes(driver);
  const later = mayComeLater(engine, pass);
  const moved =
    !inPlace && !later && expected.drivers.some((next) => mayHaveMoved(engine, pass, next));
  if (moved && device.ids !== null) machine.claims.forgetOrder(device.ids);
  machine.claims.register(driver);
  if (certainly(override, null) && device.ids !== null && possible) {
    machine.claims.tried(device.ids, before, driver);
  }
  if (inPlace) return COMPUTED;
  const open = expected.mayBeOther || unheardOf || moved || later || pass.scope.overlapped;
  if (possible && open) return UNKNOWN;
  const wanted = describeNext(expected);
  const difference = diverge(`${device.address}/match`, wanted, driver);
  const verdict = engine.weighAgainstSnapshot(device, 'override', difference);
  return byUnseenId(engine, device, driver) ? UNKNOWN : verdict;
}

/** Whether a pass leaves drivers that prefer to be probed asynchronously to another thread. */
const leavesAsync = ({ machine }: Engine, { isFirst }: DriverPass): boolean =>
  isFirst && machine.kernel.probesLater;

/** Whether such a pass may skip any driver, because no snapshot has the drivers' preferences. */
const mayComeLater = (engine: Engine, pass: DriverPass): boolean =>
  leavesAsync(engine, pass) && engine.machine.claims.asynchronous === null;

/**
 * Whether the driver that was to be tried next may have unregistered, or come back at the end of
 * its list, without an event.
 */
function mayHaveMoved(engine: Engine, { device }: DriverPass, next: string | null): boolean {
  if (next === null) return false;
  const { ids } = device;
  const firm = ids === null || engine.machine.claims.isFirm(ids, next);
  return !firm || !engine.staysOnBus(next);
}

/** Whether a dynamic id that is not in the recording may be why a driver matches. */
export function byUnseenId(engine: Engine, device: PciDevice, driver: string): boolean {
  if (device.ids === null || !possibly(engine.override(device), null)) return false;
  const { claims } = engine.machine;
  // Writes that are not recorded may have added an id at any time.
  if (!engine.records('new_id')) return claims.claims(driver, device.ids) !== true;
  return claims.mayHaveDynamicId(driver, device.ids);
}

const describeNext = ({ drivers, mayBeOther }: NextDrivers): string =>
  [
    ...drivers.map((driver) => driver ?? 'no further driver'),
    ...(mayBeOther ? ['a driver that matches'] : []),
  ].join(' or ');

const NOBODY: ReadonlySet<string> = new Set();

/** What may be tried next, for every value that the override may have. */
function expectNext(engine: Engine, pass: DriverPass): NextDrivers {
  const { machine } = engine;
  const { device } = pass;
  const last = pass.tried.at(-1);
  if (last !== undefined && last.ret !== null && last.ret <= 0) return justOne(null);
  const override = engine.override(device);
  if (override === 'unknown') return ANY_NEXT;
  const before = pass.tried.map((t) => t.driver);
  const leftOut = (leavesAsync(engine, pass) ? machine.claims.asynchronous : null) ?? NOBODY;
  const nexts = override.map((wanted) => {
    if (wanted === null) {
      return device.ids === null ? ANY_NEXT : machine.claims.next(device.ids, before, leftOut);
    }
    return justOne(before.includes(wanted) || leftOut.has(wanted) ? null : wanted);
  });
  return {
    drivers: nexts.flatMap(({ drivers }) => drivers),
    mayBeOther: nexts.some((next) => next.mayBeOther),
  };
}

const justOne = (driver: string | null): NextDrivers => ({ drivers: [driver], mayBeOther: false });

/**
 * The pass is over.
 * @returns the difference when a driver was not tried that had to be, else null
 */
export function endPass(engine: Engine, pass: DriverPass): Verdict | null {
  const { device } = pass;
  const { claims } = engine.machine;
  const last = pass.tried.at(-1);
  const wentOn = last === undefined || (last.ret !== null && last.ret > 0);
  if (!wentOn || pass.scope.overlapped) return null;
  // A device that has a driver, or is going away, is left alone.
  if (last === undefined && !certainly(device.driver, null)) return null;
  if (!certainly(device.dead, false) || !certainly(device.bindable, true)) return null;
  // An id that is just being written may count already, or not yet.
  if (engine.frames.isOpen((f) => f.type === 'store' && f.attribute === 'new_id')) return null;
  const next = expectNext(engine, pass);
  const expected = next.mayBeOther ? undefined : only(next.drivers);
  if (typeof expected === 'string' && claims.isRegistered(expected)) {
    if (!engine.records('__driver_probe_device')) return null;
    if (mayComeLater(engine, pass)) return UNKNOWN;
    if (mayHaveMoved(engine, pass, expected)) {
      if (device.ids !== null && certainly(engine.override(device), null)) {
        claims.forgetOrder(device.ids);
      }
      return UNKNOWN;
    }
    const difference = diverge(`${device.address}/match`, `${expected} is tried`, 'no attempt');
    const verdict = engine.weighAgainstSnapshot(device, 'override', difference);
    // It may have got a driver since the snapshot.
    return last === undefined && device.assumed.driver ? UNKNOWN : verdict;
  }
  // A driver or an override that it received since the snapshot may have excluded all others.
  if (last === undefined && (device.assumed.driver || device.assumed.override)) return null;
  const shown = engine.records('__driver_probe_device');
  if (shown && certainly(engine.override(device), null) && device.ids !== null) {
    const tried = pass.tried.map((t) => t.driver);
    claims.passEnded(device.ids, tried, (driver) => engine.staysOnBus(driver));
  }
  return null;
}

/**
 * The pass that an attempt on a thread belongs to: of a drivers_probe write, or of a new device.
 */
export function passOf(
  engine: Engine,
  tid: number,
  device: DriverPass['device'],
): DriverPass | null {
  const first = engine.frames.inner(tid, 'first-pass');
  if (first?.pass.device === device) return first.pass;
  const store = engine.frames.inner(tid, 'store');
  return store?.pass?.device === device ? store.pass : null;
}
