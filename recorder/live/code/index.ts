export { findStore, type Store } from './find-store.js';
export { readKernelMemory } from './kcore.js';
