/** All procedures, as one program. */
import type { Kernel } from '../kernel.js';
import { link, type Program } from '../procedure.js';
import { ATTACH } from './attach.js';
import { DEFERRAL } from './deferral.js';
import { DEVICES } from './devices.js';
import { DYNAMIC_IDS } from './dynamic-ids.js';
import { MATCHING } from './matching.js';
import { MDEV } from './mdev.js';
import { MODULES } from './modules.js';
import { POWER_MANAGEMENT } from './power/index.js';
import { PROBE } from './probe.js';
import { READS } from './reads.js';
import { RELEASE } from './release.js';
import { SRIOV } from './sriov.js';
import { STORES } from './stores.js';
import { LINKS } from './sysfs-links.js';
import { UDEV } from './udev.js';
import { USER } from './user.js';
import { VFIO } from './vfio/index.js';

export const PROGRAM: Program<Kernel> = link<Kernel>([
  ...USER,
  ...LINKS,
  ...STORES,
  ...READS,
  ...DYNAMIC_IDS,
  ...MODULES,
  ...MDEV,
  ...MATCHING,
  ...ATTACH,
  ...PROBE,
  ...DEFERRAL,
  ...RELEASE,
  ...DEVICES,
  ...SRIOV,
  ...UDEV,
  ...VFIO,
  ...POWER_MANAGEMENT,
]);
