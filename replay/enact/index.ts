/** Recordings run forward again. */
export { type Enacted, enact } from './enact.js';
