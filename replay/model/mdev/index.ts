export { mdevDriver } from './drivers.js';
export { deviceCall, type MdevCall } from './ioctls.js';
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
} from './state.js';
export { createdUuid, removeAsks } from './sysfs.js';
