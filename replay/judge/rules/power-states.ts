/** Power states of devices, as users and the kernel set them (kernel drivers/pci/pci.c 6.1). */
import { DONE } from '../../model/vfio-pci-core/effects.js';
import type { Engine } from '../engine/engine.js';
import type { EventCursor } from '../engine/event-cursor.js';
import { STIMULUS, type Verdict } from '../engine/verdict.js';
import { maySleep } from './low-power-rules.js';
import { answer, observe, openOf } from './vfio-effects.js';

/** `pci_set_power_state`, by a user's wish or by the kernel's own. */
export function power(engine: Engine, e: EventCursor): Verdict {
  if (e.device === null || e.name !== 'pci_set_power_state' || !e.hasValue) return STIMULUS;
  const { verdict, call } = observe(engine, e, { type: 'power', state: e.value });
  if (call !== null) answer(engine, call, DONE);
  const device = openOf(engine, e.device);
  if (verdict === null && device !== null) {
    // A device that sleeps in low power is awake whenever its user reaches it. Otherwise the call
    // that requested it was not recorded.
    device.power = maySleep(engine, device, e.device) ? 0 : e.value;
  }
  return verdict ?? STIMULUS;
}
