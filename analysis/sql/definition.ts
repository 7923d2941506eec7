/** Types of the SQL standard library: one view or macro per file, every column documented. */

/**
 * What the values of a column count or name: `seq` a position in the trace, `time` nanoseconds of
 * the trace's clock, `ns` a duration, `address` a number that people read in hexadecimal.
 */
export type Unit =
  | 'seq'
  | 'time'
  | 'ns'
  | 'bytes'
  | 'address'
  | 'count'
  | 'number'
  | 'thread'
  | 'device'
  | 'errno'
  | 'flag'
  | 'text';

export interface ViewDefinition {
  readonly type: 'view';
  readonly name: string;
  /** What a row is, in one or two sentences. */
  readonly doc: string;
  /**
   * Every column with its unit and meaning, in order. The query returns a column `trace` before
   * them, which is only shown when several traces are open.
   */
  readonly columns: Readonly<Record<string, readonly [unit: Unit, meaning: string]>>;
  /** The query. Views that it uses come before it in the library, under the schema `lib`. */
  readonly sql: string;
  /** A question that the view answers, in the words of a user. */
  readonly example: string;
}

export interface MacroDefinition {
  readonly type: 'macro';
  readonly name: string;
  readonly parameters: readonly string[];
  readonly doc: string;
  /** An SQL expression of the parameters, which may depend on the traces of the session. */
  readonly sql: string | ((traces: readonly TraceClock[]) => string);
  /** A second form with more parameters. */
  readonly form?: Pick<MacroDefinition, 'parameters' | 'sql'>;
  readonly example: string;
}

/** What a macro may know of a trace of the session. */
export interface TraceClock {
  /** Its name in the column `trace`. */
  readonly name: string;
  /** Nanoseconds to add to its times for the wall clock; null when it does not say. */
  readonly wallOffset: bigint | null;
  /** Time of its earliest event; snapshots do not count. */
  readonly zero: bigint;
}

export type Definition = ViewDefinition | MacroDefinition;

/** What `spans_loss` means in each view whose rows last. */
export const SPANS_LOSS: readonly [Unit, string] = [
  'flag',
  'whether events were lost between its beginning and its end, so that the end may be another',
];

/** SQL of `spans_loss` of a row of `spans_of`. @param alias of the row */
export const spanLoss = (alias: string): string =>
  `${alias}.lost_after > coalesce(${alias}.end_lost_after, 0) AS spans_loss`;

/**
 * SQL of `spans_loss`.
 * @param begin alias of the event that began it
 * @param end alias of the event that ended it, whose columns are null if there was no end
 */
export const spansLoss = (begin: string, end: string): string =>
  `${begin}.lost_after > coalesce(${end}.lost_after, 0) AS spans_loss`;
