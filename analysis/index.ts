/** The public face of analysis/: questions about traces. */
export { type Counts, type Summary, summarize } from './summary.js';
