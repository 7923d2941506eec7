/**
 * Decides what a user's SQL may be: one SELECT of functions that compute. It examines the output of
 * DuckDB's own parser (`json_serialize_sql`), not the text.
 */
import { VfrError } from '../traces/index.js';
import { ALLOWED_FUNCTIONS } from './sql-functions.js';

/** The output of `json_serialize_sql`. */
interface Parsed {
  readonly error: boolean;
  readonly error_type?: string;
  readonly error_message?: string;
  readonly statements?: readonly { readonly node: Tree }[];
}

type Tree = { readonly [key: string]: unknown };

/** Lets DuckDB parse a text. */
export type Parse = (sql: string) => Promise<string>;

/** SQL that parses its parameter. */
export const PARSE_SQL = `SELECT json_serialize_sql($1::VARCHAR, skip_null := true,
  skip_empty := true, skip_default := true)`;

/** @throws VfrError `SQL_MISSING`, `SQL_FAILED` when it cannot be parsed, or `SQL_FORBIDDEN` */
export async function requireQuery(parse: Parse, sql: string): Promise<void> {
  const statements = await statementsOf(parse, sql);
  if (statements.length === 0) throw missing();
  if (statements.length > 1) throw forbidden('several statements', 'Ask one question at a time.');
  requireAllowed(statements[0].node);
}

/**
 * Checks that a text is one expression, in whatever context it is inserted.
 * @throws VfrError as `requireQuery` does
 */
export async function requireCondition(parse: Parse, condition: string): Promise<void> {
  if (condition.trim() === '') throw empty();
  const [first, ...more] = await bracketed(parse, condition);
  const node = first?.node ?? {};
  const { select_list: list } = node;
  const alone = Object.keys(node).every((key) => EXPRESSION_KEYS.has(key));
  const bare = Array.isArray(list) && list.length === 1 && list[0].alias === undefined;
  if (more.length > 0 || node.type !== 'SELECT_NODE' || !alone || !bare || !isEmpty(node)) {
    throw moreThanOne();
  }
  requireAllowed(node);
}

const moreThanOne = () => forbidden('more than a condition', 'Write what could follow WHERE.');

/** Errors of a condition are reported without the brackets that vfr added. */
async function bracketed(parse: Parse, condition: string) {
  try {
    return await statementsOf(parse, `SELECT (${condition}\n)`);
  } catch {
    await statementsOf(parse, `SELECT ${condition}`);
    throw moreThanOne();
  }
}

/** The keys of a SELECT that is just an expression. */
const EXPRESSION_KEYS = new Set(['type', 'select_list', 'from_table', 'aggregate_handling']);

const isEmpty = ({ from_table: table }: Tree) =>
  table === undefined || (table as Tree).type === 'EMPTY';

/** What to do about SQL that cannot be parsed. */
export const parserAdvice = (sql: string): string =>
  /(?<!")\boffset\b(?!")/i.test(sql)
    ? 'Quote the column as "offset": SQL has this keyword.'
    : 'docs/sql.md lists tables and columns.';

async function statementsOf(parse: Parse, sql: string): Promise<NonNullable<Parsed['statements']>> {
  const json = await parse(withoutNul(sql));
  const { error, error_type, error_message = '', statements } = JSON.parse(json) as Parsed;
  if (!error) return statements ?? [];
  if (error_type !== 'parser') throw forbidden('a statement that is not a SELECT', NO_SELECT);
  // DuckDB's own message is the best one, and has the position.
  const what = `Parser Error: ${error_message}`;
  throw new VfrError('SQL_FAILED', what, parserAdvice(sql));
}

const NO_SELECT =
  'A query reads: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, PIVOT with its values named.';

/** Catalogs and table functions have names of the same form. */
const CATALOG = /^(duckdb|pg|pragma|sqlite)_/;

/**
 * Checks every function and table of a statement; iterative, so that deep nesting needs no deep
 * stack.
 */
function requireAllowed(root: Tree): void {
  const todo: unknown[] = [root];
  while (todo.length > 0) {
    const part = todo.pop();
    if (typeof part !== 'object' || part === null) continue;
    const { function_name: called, table_name: table } = part as Tree;
    if (typeof called === 'string' && !ALLOWED_FUNCTIONS.has(called.toLowerCase())) {
      throw forbidden(`the function ${called}`, 'docs/sql.md says what a query can do.');
    }
    if (typeof table === 'string' && CATALOG.test(table.toLowerCase())) {
      throw forbidden(`the table ${table}`, 'DESCRIBE and SHOW TABLES say what is there.');
    }
    for (const child of Object.values(part)) todo.push(child);
  }
}

/** One part of DuckDB ignores what follows a NUL, and another does not. */
function withoutNul(sql: string): string {
  if (!sql.includes('\0')) return sql;
  throw forbidden('a NUL character', 'Leave it out.');
}

const forbidden = (what: string, next: string) =>
  new VfrError('SQL_FORBIDDEN', `a query must not have ${what}`, next);

const empty = () =>
  new VfrError(
    'SQL_MISSING',
    'the condition is empty',
    "Write what could stand behind WHERE, such as kind = 'mark'.",
  );

const missing = () =>
  new VfrError(
    'SQL_MISSING',
    'there is no query',
    'Give it after the trace, as one argument, or with -f.',
  );
