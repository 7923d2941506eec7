/** What an explanation of an event consists of. */

/**
 * How an event of a chain bears on the one before it.
 * - `event`: the event that is explained.
 * - `returned`: the call inside it that returned the error.
 * - `rule`: what the kernel checked; of the same event as the link before.
 * - `inferred`: a rule that the recording does not show, the only one that its state allows.
 * - `state`: the event that set what the rule read, or what decided which driver was tried.
 * - `waits`: another held what it waited for, since then; `asked`: a request to that holder.
 * - `within`: the call that it is a part of, up to the entry from user space or the work item.
 * - `work`: the work item of a driver that it is a part of.
 * - `removal`: an event that shows that the function was being removed.
 * - `exists`: without this event there would be no such device.
 * - `after`: a uevent that came before the actor's write; that he waited for it is not recorded.
 * - `unknown`: why nothing more is stated.
 */
export type Relation =
  | 'event'
  | 'returned'
  | 'rule'
  | 'inferred'
  | 'state'
  | 'waits'
  | 'asked'
  | 'within'
  | 'work'
  | 'removal'
  | 'exists'
  | 'after'
  | 'unknown';

export interface Link {
  /** The event; null for what was so when the recording began, and for `unknown`. */
  readonly seq: number | null;
  readonly relation: Relation;
  /** One line for people. */
  readonly text: string;
}

/** An event, from itself back to its first cause. */
export interface Why {
  readonly seq: number;
  /**
   * The recording shows the cause, or a link says `inferred`. If not, the last link says what it
   * does not show.
   */
  readonly known: boolean;
  readonly chain: readonly Link[];
}
