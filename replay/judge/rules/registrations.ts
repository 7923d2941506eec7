/** Drivers that register on their bus, and leave it (kernel drivers/base/driver.c 6.1). */

import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { STIMULUS, type Verdict } from '../engine/verdict.js';

/**
 * `driver_register`, `bus_add_driver`: from some moment in it the driver may be tried, at the end
 * of the list. When it fails the driver is on no list.
 */
export function registered(engine: Engine, e: EventCursor): Verdict {
  if (e.driver === null) return STIMULUS;
  const { claims } = engine.machine;
  if (e.phase === 'end' && e.hasRet && e.ret < 0) claims.drop(e.driver);
  else claims.registers(e.driver, e.seq);
  // A recording that has no ends of it leaves open from when on the driver was there.
  if (e.phase === 'begin') claims.beginChange(e.driver);
  else if (!e.hasRet || e.ret >= 0) claims.addGivenIds(e.driver, e.tid);
  return STIMULUS;
}

/** `bus_remove_driver`, `driver_unregister`: it leaves the list, and then releases its devices. */
export function unregistered(engine: Engine, e: EventCursor): Verdict {
  if (e.driver === null) return STIMULUS;
  const { claims } = engine.machine;
  if (e.phase === 'begin') claims.beginChange(e.driver);
  else claims.leaves(e.driver);
  return STIMULUS;
}

/**
 * A thread that loads a module tries the driver of each id of its parameters, and does nothing else
 * that is recorded. Its next event of another kind shows that all ids count.
 */
export function endLoading({ machine, frames }: Engine, { name, tid }: EventCursor): void {
  const tries = name === '__driver_probe_device';
  if (tries || frames.inner(tid, '__driver_probe_device') !== null) return;
  machine.claims.endLoading(tid);
}
