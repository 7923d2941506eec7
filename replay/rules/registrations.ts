/** Drivers that register on their bus, and leave it (kernel drivers/base/driver.c 6.1). */
import type { EventCursor } from '../engine/cursor.js';
import type { Engine } from '../engine/engine.js';
import { STIMULUS, type Verdict } from '../engine/verdict.js';

/**
 * `driver_register`: from its begin on the driver may be tried, at the end of the list. When it
 * fails the driver is on no list.
 */
export function registered(engine: Engine, e: EventCursor): Verdict {
  if (e.driver === null) return STIMULUS;
  const { claims } = engine.machine;
  if (e.phase !== 'end') claims.registers(e.driver);
  else if (e.hasRet && e.ret < 0) claims.drop(e.driver);
  return STIMULUS;
}

/** `bus_remove_driver`, `driver_unregister`: it leaves the list, then gives up its devices. */
export function unregistered(engine: Engine, e: EventCursor): Verdict {
  if (e.driver !== null && e.phase !== 'end') engine.machine.claims.leaves(e.driver);
  return STIMULUS;
}
