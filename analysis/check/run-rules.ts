/** Runs rules over a trace. */
import { type TraceReader, VfrError } from '../../traces/index.js';
import type { BoundedSession } from '../bounded/bounded-session.js';
import { Explainer, type Relation, type Why } from '../why/index.js';
import type { CheckRule, Finding } from './finding.js';
import { searchStates } from './search-states.js';

/** The findings of all rules, in the order of the rules. */
export async function runRules(
  reader: TraceReader,
  session: Pick<BoundedSession, 'query'>,
  rules: readonly CheckRule[],
): Promise<Finding[]> {
  const found: { readonly rule: CheckRule; readonly finding: Finding }[] = [];
  const ofStates = searchStates(reader, rules);
  for (const rule of rules) {
    const { finds } = rule;
    const own =
      finds.type === 'rows'
        ? await rowsOf(session, rule, finds.sql)
        : ofStates.filter(({ id }) => id === rule.id);
    for (const finding of own) found.push({ rule, finding });
  }
  const explained = found.flatMap(({ rule, finding: { seq } }) =>
    rule.explained && seq !== null ? [seq] : [],
  );
  if (explained.length === 0) return found.map(({ finding }) => finding);
  const whys = new Explainer(reader).explain([...new Set(explained)]);
  const causes = new Map(whys.map((why) => [why.seq, causeOf(why)]));
  return found.map(({ rule, finding }) =>
    rule.explained && finding.seq !== null
      ? { ...finding, cause: causes.get(finding.seq) ?? null }
      : finding,
  );
}

async function rowsOf(
  session: Pick<BoundedSession, 'query'>,
  { id, severity, place }: CheckRule,
  sql: string,
): Promise<Finding[]> {
  const answer = await answerOf(session, sql, place);
  const { columns } = answer;
  const at = (name: string) => columns.indexOf(name);
  const [seq, device, text] = [at('seq'), at('device'), at('text')];
  if (text < 0) {
    const next = 'Each row is a finding: select its `text`, and `seq` and `device` if it has them.';
    throw new VfrError('RULES_INVALID', `rule ${id} has no column \`text\``, next, place ?? {});
  }
  const findings: Finding[] = [];
  for await (const rows of answer.chunks()) {
    for (const row of rows) {
      const of = seq < 0 || row[seq] === null ? null : Number(row[seq]);
      const name = device < 0 || row[device] === null ? null : String(row[device]);
      findings.push({ id, severity, device: name, seq: of, text: String(row[text]), cause: null });
    }
  }
  return findings;
}

/** An error of the SQL names the place of the rule. */
async function answerOf(
  session: Pick<BoundedSession, 'query'>,
  sql: string,
  place: CheckRule['place'],
) {
  try {
    return await session.query(sql);
  } catch (error) {
    if (place === null || !(error instanceof VfrError)) throw error;
    throw new VfrError(error.code, error.what, error.next, place, { cause: error });
  }
}

const DECIDING: ReadonlySet<Relation> = new Set(['waits', 'rule', 'inferred']);

/** The end of an explanation: the rule that decided, the holder, or the outermost call. */
function causeOf({ known, chain }: Why): string | null {
  if (!known) return null;
  const decided = chain.find(({ relation }) => DECIDING.has(relation));
  const outer = chain.findLast(({ relation }) => relation === 'within' || relation === 'work');
  return (decided ?? outer)?.text ?? null;
}
