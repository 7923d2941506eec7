/** Rules of users: SQL statements and conditions, each with a heading of comments. */
import { type FactName, parseExpression } from '../../replay/index.js';
import { VfrError } from '../../traces/index.js';
import { type CheckRule, SEVERITIES, type Search, type Severity } from './finding.js';

const NEXT = 'docs/check.md says how a file of rules is written.';

/**
 * Reads a file of rules. A rule begins with `-- rule: ID`, may have `-- severity: SEVERITY` and
 * `-- title: TEXT`, and goes on with one SELECT, or with `never` and a condition, up to the next
 * rule.
 * @param name of the file, for errors
 * @throws VfrError `RULES_INVALID`, or `EXPRESSION_INVALID` with the column of a mistake
 */
export function readRules(text: string, name: string): CheckRule[] {
  const rules: CheckRule[] = [];
  const lines = text.split(/\r?\n/);
  const starts = lines.flatMap((line, i) => (/^--\s*rule:/.test(line) ? [i] : []));
  const before = lines.slice(0, starts[0] ?? lines.length);
  if (before.some((line) => line.trim() !== '' && !line.startsWith('--'))) {
    throw refuse('there is SQL before the first `-- rule:`', { file: name });
  }
  if (starts.length === 0) throw refuse('there is no `-- rule:`', { file: name });
  for (const [i, start] of starts.entries()) {
    const part = lines.slice(start, starts[i + 1]);
    const rule = readRule(part, { file: name, line: start + 1 });
    if (rules.some(({ id }) => id === rule.id))
      throw refuse(`rule ${rule.id} is twice there`, rule.place ?? {});
    rules.push(rule);
  }
  return rules;
}

function readRule(lines: readonly string[], place: Place): CheckRule {
  const heading = new Map<string, string>();
  let at = 0;
  for (; at < lines.length; at++) {
    const [, key, value] = /^--\s*(rule|severity|title):\s*(.*?)\s*$/.exec(lines[at]) ?? [];
    if (key === undefined) break;
    heading.set(key, value);
  }
  const id = heading.get('rule') ?? '';
  if (!/^[A-Za-z][\w.-]*$/.test(id))
    throw refuse(`${JSON.stringify(id)} is no name of a rule`, place);
  const severity = heading.get('severity') ?? 'error';
  if (!isSeverity(severity)) {
    throw refuse(`severity ${severity} is not one of ${SEVERITIES.join(', ')}`, place);
  }
  const title = heading.get('title') ?? id;
  const body = { ...place, line: place.line + at };
  const finds = readSearch(id, lines.slice(at), body);
  return { id, severity, title, finds, explained: true, place: body };
}

interface Place {
  readonly file: string;
  readonly line: number;
}

/** Facts that no recording shows: those of the end of a run of the model. */
const OF_RUNS: ReadonlySet<FactName> = new Set(['deadlock', 'fault']);

function readSearch(id: string, lines: readonly string[], place: Place): Search {
  const body = lines.join('\n').trim();
  const code = body.replace(/--.*$/gm, '').trim();
  if (code === '') throw refuse(`rule ${id} has no SELECT and no \`never\``, place);
  const [, condition] = /^never\b(.*)$/is.exec(code) ?? [];
  if (condition === undefined) return { type: 'rows', sql: body };
  try {
    return { type: 'states', never: parseExpression(condition.trim(), { without: OF_RUNS }) };
  } catch (error) {
    if (!(error instanceof VfrError)) throw error;
    const line = place.line + lines.findIndex((text) => /^\s*never\b/i.test(text));
    throw new VfrError(error.code, error.what, error.next, { ...place, line }, { cause: error });
  }
}

const isSeverity = (text: string): text is Severity =>
  (SEVERITIES as readonly string[]).includes(text);

const refuse = (what: string, place: Partial<Place>): VfrError =>
  new VfrError('RULES_INVALID', what, NEXT, place);
