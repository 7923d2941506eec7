export type { MdevDriver } from './mdev-driver.js';
export { MDEV_DRIVERS, mdevDriver } from './mdev-drivers.js';
export { deviceCall, type MdevCall } from './mdev-ioctls.js';
export {
  boundMdev,
  forgetMdevs,
  forgetUse,
  isMdevOpen,
  isUuid,
  type Mdev,
  type Mdevs,
  type MdevUse,
  mdevAt,
  newMdevs,
  newUse,
  unboundMdev,
} from './mdev-state.js';
export { createdUuid, removeAsks } from './sysfs.js';
