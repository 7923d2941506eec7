/** Rules of users: SQL statements, each with a heading of comments. */
import { VfrError } from '../../traces/index.js';
import { type CheckRule, SEVERITIES, type Severity } from './finding.js';

const NEXT = 'docs/check.md says how a file of rules is written.';

/**
 * Reads a file of rules. A rule begins with `-- rule: ID`, may have `-- severity: SEVERITY` and
 * `-- title: TEXT`, and goes on with one SELECT up to the next rule.
 * @param name of the file, for errors
 * @throws VfrError `RULES_INVALID`
 */
export function readRules(text: string, name: string): CheckRule[] {
  const rules: CheckRule[] = [];
  const lines = text.split(/\r?\n/);
  const starts = lines.flatMap((line, i) => (/^--\s*rule:/.test(line) ? [i] : []));
  const before = lines.slice(0, starts[0] ?? lines.length);
  if (before.some((line) => line.trim() !== '' && !line.startsWith('--'))) {
    throw refuse('there is SQL before the first `-- rule:`', name);
  }
  if (starts.length === 0) throw refuse('there is no `-- rule:`', name);
  for (const [i, start] of starts.entries()) {
    const part = lines.slice(start, starts[i + 1]);
    const rule = readRule(part, `${name}, line ${start + 1}`);
    if (rules.some(({ id }) => id === rule.id))
      throw refuse(`rule ${rule.id} is twice there`, name);
    rules.push(rule);
  }
  return rules;
}

function readRule(lines: readonly string[], place: string): CheckRule {
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
  const sql = lines.slice(at).join('\n').trim();
  if (sql.replace(/--.*$/gm, '').trim() === '') throw refuse(`rule ${id} has no SELECT`, place);
  return { id, severity, title: heading.get('title') ?? id, sql, explained: true };
}

const isSeverity = (text: string): text is Severity =>
  (SEVERITIES as readonly string[]).includes(text);

const refuse = (what: string, file: string): VfrError =>
  new VfrError('RULES_INVALID', what, NEXT, { file });
