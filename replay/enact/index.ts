/** Recordings run forward again. */
export { type Enacted, enact } from './enact.js';
export { type NoRun, type RecordedRun, type RunLimits, RunReader } from './recorded-run.js';
