/** The public face of the model of iommufd. */
export { type AddressSpace, type Area, MAP } from './address-space.js';
export type { Answer, Done } from './answer.js';
export { type Argument, NOTHING_WRITTEN, type Written, written } from './argument.js';
export { makeCompat } from './compat.js';
export { attach, bind, detach, deviceId, type Reach, reach, unbind } from './devices.js';
export { disturb } from './disturb.js';
export { iommufdIoctl } from './ioctls.js';
export {
  add,
  type Context,
  forget,
  type IommufdObject,
  newContext,
  newIoas,
  nextId,
} from './objects.js';
export { explaining } from './unseen.js';
export type { IommufdRules } from './versions.js';
