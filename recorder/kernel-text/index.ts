/**
 * The public face of kernel-text/: what the kernel says in its log, wherever the text was found.
 */

export { goesOn } from './continued-reports.js';
export { KernelTextColumns } from './fact-columns.js';
export type { KernelFact } from './kernel-fact.js';
export { isCertain, kernelText, readsAcross } from './kernel-text.js';
export { type OpenReport, OpenReports } from './open-reports.js';
