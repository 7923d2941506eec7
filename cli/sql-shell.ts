/**
 * The shell of `vfr sql`: reads statements and commands from a terminal, or from a pipe, and prints
 * the result of each.
 */
import { createInterface, type Interface } from 'node:readline';
import type { BoundedSession, TableFacts } from '../analysis/index.js';
import { formatKeys } from './aligned-lists.js';
import { isVfrError } from './exit-codes.js';
import { note, noteLines, print } from './output.js';
import { mayPage, PagedOutput } from './paged-output.js';
import { printable } from './printable.js';
import { ROW_FORMATS, type RowFormat, type RowOptions, writeRows } from './row-formats.js';
import { HISTORY_MAX, SqlHistory } from './sql-history.js';
import { allStatements, splitStatements } from './sql-statements.js';

/** How results are printed; `pager` is false after `--no-pager`. */
export interface PrintOptions extends RowOptions {
  readonly pager?: boolean;
}

/**
 * Runs a statement and prints its rows, on a terminal through a pager if they are many.
 * @param onPager called with true before a pager takes the keyboard, and with false afterwards
 */
export async function printStatement(
  session: BoundedSession,
  sql: string,
  options: PrintOptions,
  onPager: (open: boolean) => void = () => {},
): Promise<void> {
  if (!mayPage(options.pager)) return writeRows(await session.query(sql), options);
  const output = new PagedOutput(() => session.cancel(), onPager);
  try {
    await writeRows(await session.query(sql), options, '', (text) => output.write(text));
  } catch (error) {
    // A user who leaves the pager has seen enough.
    if (!output.closed) throw error;
  } finally {
    await output.end();
  }
}

const HELP: readonly (readonly [string, string])[] = [
  ['.tables', 'list the tables'],
  ['.schema [table]', 'list columns with units and meanings'],
  ['.mode [format]', `how to print rows: ${ROW_FORMATS.join(', ')}`],
  ['.timer on|off', 'say how long each statement took'],
  ['.read FILE', 'run the statements of a file'],
  ['.help', 'this list'],
  ['.quit', 'leave; so does Ctrl-D'],
];

const KEYWORDS =
  'SELECT FROM WHERE GROUP BY ORDER LIMIT HAVING JOIN LEFT ON USING AS AND OR NOT NULL IS IN ' +
  'BETWEEN LIKE CASE WHEN THEN ELSE END DISTINCT WITH UNION ALL DESC count sum min max avg';

export class SqlShell {
  #format: RowFormat;
  #timer = false;
  /** Lines of a statement that has no semicolon yet. */
  #pending = '';
  #running = false;
  #left = false;

  constructor(
    private readonly session: BoundedSession,
    private readonly tables: readonly TableFacts[],
    private readonly options: PrintOptions,
    private readonly readFile: (file: string) => Promise<string>,
  ) {
    this.#format = options.json === true ? 'json' : options.format;
  }

  /** Reads until the end of the input. On a terminal, errors do not end the shell. */
  async run(): Promise<void> {
    const isTerminal = process.stdin.isTTY === true;
    const history = isTerminal ? new SqlHistory() : null;
    const input = createInterface({
      input: process.stdin,
      ...(isTerminal && { output: process.stdout, terminal: true }),
      completer: (line: string) => this.#complete(line),
      historySize: HISTORY_MAX,
      history: history?.read() ?? [],
    });
    input.on('SIGINT', () => this.#interrupt(input));
    if (isTerminal) note('Statements end with a semicolon; .help lists commands, .quit leaves.');
    this.#prompt(input, isTerminal);
    for await (const line of input) {
      history?.add(line);
      await this.#line(line, input, isTerminal);
      if (this.#left) break;
      this.#prompt(input, isTerminal);
    }
    if (!isTerminal && !this.#left) await this.#statements(allStatements(this.#pending), input);
    input.close();
  }

  #prompt(input: Interface, isTerminal: boolean): void {
    if (!isTerminal) return;
    input.setPrompt(this.#pending === '' ? 'vfr> ' : '...> ');
    input.prompt();
  }

  /** Ends the statement that runs, or discards what was typed. */
  #interrupt(input: Interface): void {
    if (this.#running) {
      this.session.cancel();
      return;
    }
    this.#pending = '';
    process.stdout.write('\n');
    input.write(null, { ctrl: true, name: 'u' });
    this.#prompt(input, true);
  }

  async #line(line: string, input: Interface, isTerminal: boolean): Promise<void> {
    this.#running = true;
    try {
      if (this.#pending === '' && line.trim().startsWith('.')) {
        await this.#command(line, input);
        return;
      }
      const { complete, rest, isOpen } = splitStatements(`${this.#pending}${line}\n`);
      this.#pending = isOpen ? rest : '';
      await this.#statements(complete, input);
    } catch (error) {
      if (!isTerminal || !isVfrError(error)) throw error;
      noteLines([`vfr: ${error.what}`, `     ${error.next} (${error.code})`].map(lines).join('\n'));
    } finally {
      this.#running = false;
    }
  }

  async #statements(statements: readonly string[], input: Interface): Promise<void> {
    const { json: _, ...how } = this.options;
    const onPager = (open: boolean) => (open ? input.pause() : input.resume());
    for (const sql of statements) {
      const start = performance.now();
      await printStatement(this.session, sql, { ...how, format: this.#format }, onPager);
      if (this.#timer) note(`${((performance.now() - start) / 1000).toFixed(3)} s`);
    }
  }

  async #command(line: string, input: Interface): Promise<void> {
    const [name, ...words] = line.trim().replace(/;$/, '').split(/\s+/);
    const argument = words.join(' ');
    switch (name) {
      case '.quit':
      case '.exit':
        this.#left = true;
        return;
      case '.help':
        return print(formatKeys(HELP.map(([a, b]): [string, string] => [a, b])));
      case '.tables':
        return print(formatKeys(this.tables.map(({ name, doc }) => [name, firstSentence(doc)])));
      case '.schema':
        return this.#schema(argument);
      case '.mode':
        return this.#mode(argument);
      case '.timer':
        this.#timer = argument !== 'off';
        return;
      case '.read':
        return this.#statements(allStatements(await this.readFile(argument)), input);
      default:
        note(`there is no command ${name}; .help lists them`);
    }
  }

  async #schema(table: string): Promise<void> {
    const chosen = this.tables.filter(({ name }) => table === '' || name === table);
    if (chosen.length === 0) note(`there is no table ${table}; .tables lists them`);
    for (const { name, columns } of chosen) {
      const lines = columns.map((c): [string, string] => [
        `  ${c.name}`,
        `${c.unit}: ${c.meaning}`,
      ]);
      await print(`${name}\n${formatKeys(lines)}`);
    }
  }

  async #mode(format: string): Promise<void> {
    if (format === '') return print(this.#format);
    const found = ROW_FORMATS.find((one) => one === format);
    if (found === undefined) note(`there is no mode ${format}: ${ROW_FORMATS.join(', ')}`);
    else this.#format = found;
  }

  /** Names that the last word of a line may become. */
  #complete(line: string): [string[], string] {
    if (line.startsWith('.')) return this.#completeCommand(line);
    const word = /\w*$/.exec(line)![0];
    const names = this.tables.flatMap(({ name, columns }) => [name, ...columns.map((c) => c.name)]);
    const all = [...new Set([...names, ...KEYWORDS.split(' ')])];
    const hits = all.filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
    return [word === '' ? [] : hits.sort(), word];
  }

  #completeCommand(line: string): [string[], string] {
    const argument = /^\.(schema|mode)\s+(\w*)$/.exec(line);
    const commands = HELP.map(([command]) => command.split(' ')[0]);
    if (argument === null) return [commands.filter((one) => one.startsWith(line)), line];
    const [, command, word] = argument;
    const names = command === 'mode' ? ROW_FORMATS : this.tables.map(({ name }) => name);
    return [names.filter((one) => one.startsWith(word)), word];
  }
}

/** The lines of a message, each printable. */
const lines = (text: string): string => text.split('\n').map(printable).join('\n');

const firstSentence = (text: string): string => /^.*?[.](?= |$)/.exec(text)?.[0] ?? text;
