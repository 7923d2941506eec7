/** A finding: something in a trace that a rule does not allow. */
import type { Expression } from '../../replay/index.js';

export const SEVERITIES = ['error', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  /** Id of the rule. */
  readonly id: string;
  readonly severity: Severity;
  /** PCI address or mdev UUID; null if it is about no device. */
  readonly device: string | null;
  /** The event to look at; null if there is none. */
  readonly seq: number | null;
  readonly text: string;
  /** Its cause in words, if the recording shows it. */
  readonly cause: string | null;
}

/** What a check says of a trace. */
export interface Checked {
  readonly trace: string;
  readonly findings: readonly Finding[];
  /** Why the trace could not be checked, in one line; null if it was. */
  readonly failure: string | null;
}

/** What a trace must not have. */
export interface CheckRule {
  readonly id: string;
  readonly severity: Severity;
  /** What must not be, as a sentence without a full stop. */
  readonly title: string;
  readonly finds: Search;
  /** The events of its findings have causes, as `vfr why` has them. */
  readonly explained: boolean;
  /** Where the rule is, in a file of a user; null for one that comes with vfr. */
  readonly place: { readonly file: string; readonly line: number } | null;
}

/**
 * What a rule looks for.
 * - `rows`: one SELECT with the columns `seq`, `device` and `text`: each row is a finding.
 * - `states`: a condition on the replayed state, that must hold after no event.
 */
export type Search =
  | { readonly type: 'rows'; readonly sql: string }
  | { readonly type: 'states'; readonly never: Expression };
