import { type Command, Option } from 'commander';
import type { Checked, CheckRule, Finding } from '../../analysis/index.js';
import type { TraceReader } from '../../traces/index.js';
import { reportFinding } from '../exit-codes.js';
import { type StrictOption, strictOption } from '../open-trace.js';
import { paint, print, printJson } from '../output.js';
import { version } from '../package.js';
import { printable } from '../row-formats.js';
import { type Answers, answerEach, printDocuments, titled } from '../several-traces.js';
import { refuseStreams } from '../shell-streams.js';

const FORMATS = ['text', 'json', 'sarif', 'junit'] as const;
const SETS = ['default', 'driver-author', 'operator', 'vmm'] as const;

interface Options extends StrictOption {
  readonly rules?: string;
  readonly set?: (typeof SETS)[number];
  readonly format: (typeof FORMATS)[number];
  readonly json?: boolean;
  readonly list?: true;
}

export function register(program: Command): void {
  const set = new Option('--set <name>', 'rules that come with vfr').choices(SETS);
  const format = new Option('--format <format>', 'how findings are printed').choices(FORMATS);
  const command = program
    .command('check')
    .description('check a trace against rules: no race, no refused fault, nothing lost, …')
    .argument('[trace]', 'trace file')
    .argument('[more...]', 'more traces')
    .option('--rules <file>', 'rules of your own, in SQL or as conditions; with --set both')
    .addOption(set)
    .addOption(format.default('text'))
    .option('--list', 'print the rules and what they check, instead of checking a trace')
    .option('--json', 'the same as --format json');
  strictOption(command).action(run);
}

async function run(
  trace: string | undefined,
  more: readonly string[],
  options: Options,
): Promise<void> {
  if (options.list === true) return list(options);
  if (trace === undefined) throw await noTrace();
  const rules = await rulesOf(options);
  const found = await answerEach([trace, ...more], options, (reader, file) =>
    findingsOf(reader, file, rules),
  );
  await show(found, rules, more.length > 0, options);
  if (found.answers.some(({ answer }) => answer.length > 0)) reportFinding();
}

async function findingsOf(
  reader: TraceReader,
  file: string,
  rules: readonly CheckRule[],
): Promise<Finding[]> {
  const { openSession, runRules } = await import('../../analysis/index.js');
  const session = await openSession([{ name: file, reader }]);
  try {
    return await runRules(reader, session, rules);
  } finally {
    session.close();
  }
}

async function noTrace(): Promise<Error> {
  const { VfrError } = await import('../../traces/index.js');
  return new VfrError('CHECK_INPUT', 'no trace is named', 'Name one, or use --list.');
}

/** Prints what each rule checks: of the sets, or of those that the options name. */
async function list(options: Options): Promise<void> {
  const { RULE_SETS } = await import('../../analysis/index.js');
  const named = options.set !== undefined || options.rules !== undefined;
  const sets = named ? { chosen: await rulesOf(options) } : RULE_SETS;
  const rules = [...new Set(Object.values(sets).flat())].map(({ id, severity, title }) => {
    const of = Object.keys(sets).filter((name) => sets[name].some((rule) => rule.id === id));
    return { id, severity, title, sets: named ? [] : of };
  });
  if (options.json === true || options.format === 'json') return printJson({ rules });
  const lines = rules.map(({ id, severity, title, sets: of }) => {
    const head = `${paint('bold', printable(id))}  ${severity}  ${printable(title)}`;
    return of.length === 0 ? head : `${head}\n  in ${of.join(', ')}`;
  });
  await print(lines.join('\n'));
}

/** Those of the file and of the set; without either the default set. */
async function rulesOf({ rules, set }: Options): Promise<readonly CheckRule[]> {
  const { readRules, RULE_SETS } = await import('../../analysis/index.js');
  const own = rules === undefined ? [] : readRules(await textOf(rules), rules);
  const named = set ?? (rules === undefined ? 'default' : null);
  return [...(named === null ? [] : RULE_SETS[named]), ...own];
}

async function textOf(file: string): Promise<string> {
  await refuseStreams([file]);
  const { openSource } = await import('../../traces/index.js');
  const source = openSource(file);
  try {
    return source.read(0, source.size).toString('utf8');
  } finally {
    source.close();
  }
}

async function show(
  found: Answers<readonly Finding[]>,
  rules: readonly CheckRule[],
  several: boolean,
  { format, json }: Options,
): Promise<void> {
  const { toJUnit, toSarif } = await import('../../analysis/index.js');
  const ids = rules.map(({ id }) => id);
  switch (json === true ? 'json' : format) {
    case 'json': {
      const documents = found.answers.map(({ trace, answer: findings }) => ({
        trace,
        answer: { rules: ids, findings },
      }));
      return printDocuments({ ...found, answers: documents }, several);
    }
    case 'sarif':
      return printJson(toSarif(checkedOf(found), rules, version()));
    case 'junit':
      return print(toJUnit(checkedOf(found), rules, new Date()));
    default: {
      const texts = found.answers.map(({ trace, answer }) =>
        titled(trace, formatFindings(answer, rules), several),
      );
      return print(texts.join('\n\n'));
    }
  }
}

/** All traces, also those that could not be checked. */
const checkedOf = ({ answers, errors }: Answers<readonly Finding[]>): Checked[] => [
  ...answers.map(({ trace, answer: findings }) => ({ trace, findings, failure: null })),
  ...errors.map(({ trace, code, message, next }) => ({
    trace,
    findings: [],
    failure: `${message}. ${next} (${code})`,
  })),
];

function formatFindings(findings: readonly Finding[], rules: readonly CheckRule[]): string {
  return rules
    .map(({ id, title, severity }) => {
      const own = findings.filter((finding) => finding.id === id);
      const name = printable(`${id}: ${title}`);
      if (own.length === 0) return `${paint('green', 'passed')}  ${name}`;
      const heading = `${paint(severity === 'error' ? 'red' : 'yellow', severity)}  ${name}`;
      return [`${heading}: ${own.length} found`, ...own.map(formatFinding)].join('\n');
    })
    .join('\n');
}

function formatFinding({ seq, device, text, cause }: Finding): string {
  const place = [seq === null ? '' : `seq ${seq}`, device ?? ''].filter((part) => part !== '');
  const line = `  ${[...place, printable(text)].join('  ')}`;
  return cause === null ? line : `${line}\n    because ${printable(cause)}`;
}
