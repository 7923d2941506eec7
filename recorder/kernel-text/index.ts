/**
 * The public face of kernel-text/: what the kernel says in its log, wherever the text was found.
 */
export { KernelTextColumns } from './columns.js';
export type { KernelFact } from './fact.js';
export { goesOn } from './goes-on.js';
export { isCertain, kernelText, readsAcross } from './kernel-text.js';
export { type OpenReport, OpenReports } from './open-reports.js';
