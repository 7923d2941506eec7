/** Traces that repeat their verdict: the public face of this folder. */
export { type BundleNote, bundleText, NOTE, readBundle } from './bundle-note.js';
export { Redaction } from './redaction.js';
export { differingKeys, type TraceVerdict, verdictOf } from './trace-verdict.js';
