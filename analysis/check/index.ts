/** Checks of a trace against rules: the public face of this folder. */
export { RULE_SETS } from './built-in-rules.js';
export type { Checked, CheckRule, Finding, Severity } from './finding.js';
export { toJUnit } from './junit.js';
export { readRules } from './rules-file.js';
export { runRules } from './run-rules.js';
export { messageOf, toSarif } from './sarif.js';
