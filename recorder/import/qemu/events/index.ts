/**
 * The trace events of QEMU that are known here: their kind and where their arguments go. Names and
 * forms changed over time, so a name may have several forms and an event several names (QEMU
 * `hw/vfio/trace-events`, `hw/vfio-user/trace-events`, `hw/pci/trace-events`,
 * `hw/i386/trace-events` and `backends/trace-events`, 5.2 to 11.1; `npm run check-uapi` compares).
 * Every other event becomes a `log` event under its name.
 */
import { ACCESSES } from './accesses.js';
import { DEVICES } from './devices.js';
import type { EventForm } from './form.js';
import { GUEST } from './guest.js';
import { INTERRUPTS } from './interrupts.js';
import { IOMMUFD } from './iommufd.js';
import { MAPPINGS } from './mappings.js';
import { MIGRATION } from './migration.js';
import { VFIO_USER } from './vfio-user.js';

export type { EventForm } from './form.js';

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
