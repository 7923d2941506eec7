/** Situations that the kernel that runs can be put in. */
import { BINDING } from './binding.js';
import { CDEV_USERS } from './cdev-users.js';
import type { ScenarioDocument } from './document.js';
import { KERNEL_BUGS } from './kernel-bugs.js';
import { MODULE_PARAMETERS } from './loaded-modules.js';
import { MDEVS } from './mdevs.js';
import { MIGRATION } from './migration-runs.js';
import { NOVA_FORMS } from './nova-forms.js';
import { PASID_USERS } from './pasid-users.js';
import { PLATFORM_DEVICES } from './platform-devices.js';
import { POWER_SCENARIOS } from './power.js';
import { VF_TOKENS } from './token-users.js';
import { UDEV_RULES } from './udev-runs.js';
import { VARIANTS } from './variants.js';
import { VFIO } from './vfio.js';
import { VGPUS } from './vgpus.js';
import { VIRQFDS } from './virqfds.js';
import { WORK } from './work.js';

export type { ScenarioDocument } from './document.js';
export { kindOf } from './outcome.js';
export { publishedSchema } from './published-schema.js';
export { checkScenario, type LineMistake, readScenario, runsKernel } from './read.js';
export { SCENARIO_PARTS, SCENARIO_SCHEMA } from './schema.js';
export { specOf } from './spec.js';

export { isVfioDriver, VMMS, type Vmm, withDriver, withVmm } from './vmm.js';

/** The scenarios that come with vfr. */
export const SCENARIOS: readonly ScenarioDocument[] = [
  ...BINDING,
  ...WORK,
  ...KERNEL_BUGS,
  ...VFIO,
  ...CDEV_USERS,
  ...PASID_USERS,
  ...VARIANTS,
  ...PLATFORM_DEVICES,
  ...MIGRATION,
  ...MDEVS,
  ...NOVA_FORMS,
  ...VGPUS,
  ...VIRQFDS,
  ...POWER_SCENARIOS,
  ...MODULE_PARAMETERS,
  ...VF_TOKENS,
  ...UDEV_RULES,
];
