/** Procedures of power management. */
import type { Kernel } from '../../kernel.js';
import type { Procedure } from '../../procedure.js';
import { POWER_ATTRIBUTES } from './attributes.js';
import { DRIVER_CORE } from './driver-core.js';
import { RUNTIME } from './runtime.js';
import { SETS } from './sets.js';

export const POWER_MANAGEMENT: readonly Procedure<Kernel>[] = [
  ...RUNTIME,
  ...DRIVER_CORE,
  ...POWER_ATTRIBUTES,
  ...SETS,
];
