/** The public face of the model of iommufd. */
export { attachAccess, bindAccess, detachAccess, unbindAccess } from './accesses.js';
export { type AddressSpace, type Area, MAP } from './address-space.js';
export {
  attach,
  bind,
  DEVID,
  detach,
  deviceId,
  ownership,
  type Reach,
  reach,
  unbind,
} from './bound-devices.js';
export { makeCompat } from './compat.js';
export { disturb } from './disturb.js';
export { FLAG as HWPT_ALLOC } from './hwpt.js';
export type { Answer, Done } from './ioctl-answer.js';
export { type Argument, NOTHING_WRITTEN, type Written, written } from './ioctl-argument.js';
export { iommufdIoctl } from './iommufd-ioctls.js';
export {
  add,
  type Context,
  deviceAt,
  forget,
  type IommufdObject,
  newContext,
  newIoas,
  nextId,
} from './iommufd-objects.js';
export { CHANGED, type IommufdRules } from './iommufd-versions.js';
export { attachPasid, detachPasid, pasidErrno } from './pasids.js';
export { explaining } from './unseen-calls.js';
