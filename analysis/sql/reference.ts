/** The reference of everything that SQL offers in a session: docs/sql.md. */
import { COLUMNS, type ColumnType } from '../../traces/index.js';
import type { MacroDefinition, ViewDefinition } from './definition.js';
import { LIBRARY } from './library.js';

const SQL_NAMES: Record<ColumnType, string> = {
  u64: 'UBIGINT',
  i64: 'BIGINT',
  u32: 'UINTEGER',
  u16: 'USMALLINT',
  i16: 'SMALLINT',
  dict: 'VARCHAR',
  utf8: 'VARCHAR',
  binary: 'BLOB',
};

const INTRODUCTION = `# SQL over traces

This page is made from the definitions in \`analysis/sql/\`;
\`npx vitest run analysis/sql -u\` makes it anew.

\`vfr sql TRACE "SELECT ..."\` asks a trace a question in
[DuckDB's SQL](https://duckdb.org/docs/sql/introduction). Nothing is imported: DuckDB reads the
columns that the query names straight from the file, one batch after the other. \`-f FILE\` takes
the query from a file, \`--format\` is \`table\`, \`json\`, \`jsonl\` or \`csv\`.

* Times are nanoseconds. \`ts\` is unsigned and clocks go backwards: subtract with \`ts::BIGINT\`.
* \`offset\` is a keyword of SQL: write \`"offset"\`.
* With several traces (\`vfr sql A B "..."\`) every table has a first column \`trace\`, the name of
  the file.
* A session keeps the rows of a view of this page that is asked a second time, compressed and in
  memory, when they fit; from then on questions to it do not read the trace.
* Rows come in the order of the trace unless the query orders them otherwise.
* Bytes are printed in hexadecimal, numbers of JSON in full: 64 bits do not fit a JavaScript
  number.

## What a query may do

A query is one SELECT (or FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES, PIVOT with its
values named) of functions that compute from their arguments. Statements that change anything,
functions that read files, settings, the environment or the catalog, and functions that run text as
SQL are refused: by name, from what DuckDB's own parser makes of the query (\`SQL_FORBIDDEN\`). A
condition (\`vfr events --where\`, \`vfr replay --break\`, the filter of \`vfr browse\`) is one
expression.

It runs in a process of its own, which opens the traces itself and has two bounds:

* **Memory**: 2 GB unless \`--memory\` says otherwise, at least 384 MB. The kernel keeps it, as
  RLIMIT_DATA: all of the process counts, 0.2 GB for vfr itself among it, and what DuckDB does not
  count. A trace that comes by a pipe is held in memory and allowed for besides. Beyond:
  \`SQL_MEMORY\`. A row of the result has 32 MB at most.
* **Time**: 60 s unless \`--time\` says otherwise. Waiting for whoever reads the output does not
  count. Beyond: \`SQL_TIME\`.

A query that makes DuckDB crash ends that process and not vfr (\`SQL_CRASH\`). A kernel that does
not keep to RLIMIT_DATA (gVisor, \`ignore_rlimit_data\`) is not relied on: the process is ended
when more than 1.1 times its memory is resident.
`;

/** The whole page. */
export function sqlReference(): string {
  const views = LIBRARY.filter((d): d is ViewDefinition => d.type === 'view');
  const macros = LIBRARY.filter((d): d is MacroDefinition => d.type === 'macro');
  return [
    INTRODUCTION,
    eventsSection(),
    ...views.map(viewSection),
    ...macros.map(macroSection),
  ].join('\n');
}

function eventsSection(): string {
  const rows = COLUMNS.map((c) => [`\`${c.name}\``, SQL_NAMES[c.type], c.doc]);
  return `## events

Every event of the trace, one row each; a column that does not apply is null. docs/events.md says
which kinds there are. \`events_of(['probe', 'bind'])\` is the same table for some kinds only, and
faster: parts of the file without such an event are not read. It always has the column \`trace\`.

${table(['column', 'type', 'meaning'], rows)}
`;
}

function viewSection({ name, doc, columns, example }: ViewDefinition): string {
  const rows = Object.entries(columns).map(([column, meaning]) => [`\`${column}\``, meaning]);
  return `## ${name}

${doc}

${table(['column', 'meaning'], rows)}

${sqlBlock(example)}
`;
}

function macroSection({ name, parameters, doc, example }: MacroDefinition): string {
  return `## ${name}(${parameters.join(', ')})

${doc}

${sqlBlock(example)}
`;
}

const sqlBlock = (sql: string) => `\`\`\`sql\n${sql}\n\`\`\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
