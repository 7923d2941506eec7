/** Types of the SQL standard library: one view or macro per file, every column documented. */

export interface ViewDefinition {
  readonly type: 'view';
  readonly name: string;
  /** What a row is, in one or two sentences. */
  readonly doc: string;
  /**
   * Every column with its meaning, in order. The query returns a column `trace` before them, which
   * is only shown when several traces are open.
   */
  readonly columns: Readonly<Record<string, string>>;
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
  /** An SQL expression of the parameters. */
  readonly sql: string;
  readonly example: string;
}

export type Definition = ViewDefinition | MacroDefinition;
