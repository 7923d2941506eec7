export { Btf, Kind } from './btf.js';
export { type Prototype, type PrototypeParameter, prototypesOf } from './prototype.js';
export { type ResolvedPath, resolvePath, type Shape } from './type-path.js';
