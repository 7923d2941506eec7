/**
 * The trace events of QEMU that are known here: their kind and where their arguments go. Names and
 * forms changed over time, so a name may have several forms and an event several names (QEMU
 * `hw/vfio/trace-events`, `hw/vfio-user/trace-events`, `hw/pci/trace-events`,
 * `hw/i386/trace-events` and `backends/trace-events`, 5.2 to 11.1; `npm run check-uapi` compares).
 * Every other event becomes a `log` event under its name.
 */
import { ACCESSES } from './access-events.js';
import { DEVICES } from './device-events.js';
import type { EventForm } from './event-form.js';
import { GUEST } from './guest-events.js';
import { INTERRUPTS } from './interrupt-events.js';
import { IOMMUFD } from './iommufd-events.js';
import { MAPPINGS } from './mapping-events.js';
import { MIGRATION } from './migration-events.js';
import { VFIO_USER } from './vfio-user-events.js';

export type { EventForm } from './event-form.js';

/** Forms in the order in which they are tried for a name. */
export const EVENT_FORMS: readonly EventForm[] = [
  ...ACCESSES,
  ...INTERRUPTS,
  ...DEVICES,
  ...MAPPINGS,
  ...IOMMUFD,
  ...MIGRATION,
  ...VFIO_USER,
  ...GUEST,
];
