export { mdevDriver } from './mdev-drivers.js';
export { deviceCall, type MdevCall } from './mdev-ioctls.js';
export {
  boundMdev,
  forgetMdevs,
  forgetUse,
  isMdevOpen,
  isUuid,
  type Mdev,
  type Mdevs,
  mdevAt,
  newMdevs,
  unboundMdev,
} from './mdev-state.js';
export { createdUuid, removeAsks } from './sysfs.js';
