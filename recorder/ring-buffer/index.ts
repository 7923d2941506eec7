export { BinaryFields, type BoundFields, bindFields } from './binary-fields.js';
export {
  type EventFormat,
  type Field,
  fieldOf,
  parseEventFormat,
  type Storage,
} from './event-format.js';
export { type Missed, PageCursor } from './page-cursor.js';
export { littleEndianMachine, type PageFormat, parsePageFormat } from './page-format.js';
export {
  type Extent,
  extentOf,
  type Payload,
  readField,
  readInteger,
  readText,
} from './payload.js';
