/** Procedures of VFIO's two doors. */
import type { Kernel } from '../../kernel.js';
import type { Procedure } from '../../procedure.js';
import { CDEV } from './cdev-calls.js';
import { CONTAINER } from './container.js';
import { DEVICE_FILES } from './device.js';
import { DEVICE_IOCTL } from './device-calls.js';
import { FILES } from './file-calls.js';
import { HARDWARE_EVENTS } from './hardware-events.js';
import { IOCTL } from './ioctl.js';
import { IOMMUFD } from './iommufd-calls.js';
import { MDEV_DEVICE } from './mdev-calls.js';
import { MEMORY } from './memory.js';
import { MIGRATION } from './migration.js';
import { REGION_ACCESS } from './region-access.js';
import { REGISTER } from './register.js';
import { RESET } from './reset.js';
import { VARIANT_ACCESS } from './variant-access.js';
import { VGPU_TYPE } from './vgpu-type.js';

export const VFIO: readonly Procedure<Kernel>[] = [
  ...FILES,
  ...CONTAINER,
  ...CDEV,
  ...IOMMUFD,
  ...IOCTL,
  ...REGISTER,
  ...DEVICE_FILES,
  ...DEVICE_IOCTL,
  ...REGION_ACCESS,
  ...VARIANT_ACCESS,
  ...VGPU_TYPE,
  ...MEMORY,
  ...MIGRATION,
  ...MDEV_DEVICE,
  ...RESET,
  ...HARDWARE_EVENTS,
];
