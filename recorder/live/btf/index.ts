export { Btf, Kind } from './btf.js';
export { type ResolvedPath, resolvePath, type Shape } from './path.js';
export { type Prototype, type PrototypeParameter, prototypesOf } from './prototype.js';
