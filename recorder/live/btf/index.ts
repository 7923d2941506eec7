export { Btf, Kind } from './btf.js';
export { type Prototype, type PrototypeParameter, prototypesOf } from './prototype.js';
export { type ResolvedPath, resolvePath, type ValueShape } from './type-path.js';
