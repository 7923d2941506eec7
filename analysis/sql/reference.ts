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

This page is printed from the definitions in \`analysis/sql/\`;
\`npx vitest run analysis/sql -u\` renews it.

\`vfr sql TRACE "SELECT ..."\` queries a trace in
[DuckDB's SQL](https://duckdb.org/docs/sql/introduction). Nothing is imported: DuckDB reads the
columns of the query directly from the file, batch by batch. \`-f FILE\` reads
the query from a file, \`--format\` is \`table\`, \`line\`, \`csv\`, \`tsv\`, \`json\`, \`jsonl\` or
\`markdown\`, and \`--no-header\` leaves the names of columns out. Statements are separated by
semicolons, and each prints its result.

\`vfr sql TRACE\` without a query is a shell: it reads statements from the terminal, or from
stdin. It completes names of tables and columns, keeps a history in
\`$XDG_STATE_HOME/vfr/sql-history\`, and has the commands \`.tables\`, \`.schema\`, \`.mode\`,
\`.timer\`, \`.read\`, \`.help\` and \`.quit\`. Ctrl-C ends the query and not the shell. On a
terminal tables fit its width, and a result that is longer than the screen goes through
\`PAGER\` (\`less\` by default) unless \`-q\` (\`--no-pager\`) is given. Tables show addresses
and offsets in hexadecimal.

* Times are nanoseconds. \`ts\` is unsigned and clocks go backwards: subtract with \`ts::BIGINT\`.
* \`offset\` is a keyword of SQL: write \`"offset"\`.
* With several traces (\`vfr sql A B "..."\`) every table has a first column \`trace\`, the name of
  the file.
* Views whose rows last have a column \`spans_loss\`: events were lost between beginning and end.
* \`states\`, \`divergences\`, \`races\` and \`findings\` replay the trace, once in a session.
* A view of this page is created when a query names it. From its second query on, it is
  materialised, compressed and in memory, if its rows fit; later queries of it do not read the
  trace.
* Rows come in the order of the trace unless the query orders them otherwise.
* Bytes are printed in hexadecimal, numbers of JSON in full: 64 bits do not fit a JavaScript
  number.

## What a query may do

A query is one SELECT (or FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES, PIVOT with its
values named) of functions that compute from their arguments. Statements that change anything,
functions that read files, settings, the environment or the catalog, and functions that run text as
SQL are refused, by name, in the output of DuckDB's own parser (\`SQL_FORBIDDEN\`). A
condition (\`vfr events --where\`, \`vfr replay --break\`, the filter of \`vfr browse\`) is one
expression.

It runs in a separate process, which opens the traces itself and has two limits:

* **Memory**: 2 GB unless \`--memory\` says otherwise, at least 384 MB. The kernel enforces it as
  RLIMIT_DATA: everything in the process counts, including 0.2 GB for vfr itself and memory that
  DuckDB does not count. A trace from a pipe is held in memory, which is added to the limit. A query
  that exceeds it fails with \`SQL_MEMORY\`. A row of the result has at most 32 MB.
* **Time**: 60 s unless \`--time\` says otherwise. Time in which the reader of the output is slow
  does not count. A query that exceeds it fails with \`SQL_TIME\`.

A query that crashes DuckDB ends that process and not vfr (\`SQL_CRASH\`). On a kernel that does
not enforce RLIMIT_DATA (gVisor, \`ignore_rlimit_data\`), the process is ended when more than 1.1
times its memory is resident.
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
faster: parts of the file without such an event are not read. It always has the column \`trace\`,
and \`lost_after\`: at how many later places events are missing.

\`spans_of(['probe'])\` has the same columns of the events that end no other one, and
what the end of each says: \`end_seq\`, \`end_ts\`, \`end_value\`, \`end_ret\`,
\`end_device\`, \`end_driver\`, \`end_lost_after\`. For null it has those of all kinds.

${table(['column', 'type', 'meaning'], rows)}
`;
}

function viewSection({ name, doc, columns, example }: ViewDefinition): string {
  const rows = Object.entries(columns).map(([column, [unit, meaning]]) => [
    `\`${column}\``,
    unit,
    meaning,
  ]);
  return `## ${name}

${doc}

${table(['column', 'unit', 'meaning'], rows)}

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
