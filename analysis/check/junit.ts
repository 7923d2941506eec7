/**
 * Findings as JUnit XML: a rule is a test case, which fails if it has findings. The elements and
 * attributes are those that the schema of Apache Ant's JUnitReport demands and that of Jenkins
 * allows.
 */
import type { Checked, CheckRule, Finding } from './finding.js';
import { messageOf } from './sarif.js';

/**
 * A test suite for each trace, named after its path.
 * @param at when the traces were checked
 */
export function toJUnit(
  checked: readonly Checked[],
  rules: readonly CheckRule[],
  at: Date,
): string {
  const suites = checked.map((one) => suiteOf(one, rules));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    ...suites.flatMap((suite, i) => elementOf(suite, i, at)),
    '</testsuites>',
  ].join('\n');
}

function elementOf(suite: Suite, number: number, at: Date): string[] {
  const { trace, cases, failures, errors } = suite;
  const name = escaped(trace);
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" time="0"`;
  const [timestamp] = at.toISOString().split('.');
  const place = `id="${number}" package="vfr" hostname="localhost" timestamp="${timestamp}"`;
  return [
    `  <testsuite name="${name}" ${counts} ${place}>`,
    `    <properties><property name="trace" value="${name}"/></properties>`,
    ...cases,
    '    <system-out/>',
    '    <system-err/>',
    '  </testsuite>',
  ];
}

interface Suite {
  readonly trace: string;
  readonly cases: readonly string[];
  readonly failures: number;
  readonly errors: number;
}

function suiteOf({ trace, findings, failure }: Checked, rules: readonly CheckRule[]): Suite {
  if (failure !== null) return { trace, cases: [unreadable(failure)], failures: 0, errors: 1 };
  const ofRules = rules.map((rule) => findings.filter(({ id }) => id === rule.id));
  const cases = rules.map((rule, i) => testCase(rule, ofRules[i]));
  return { trace, cases, failures: ofRules.filter((own) => own.length > 0).length, errors: 0 };
}

/** The only test case of a trace that could not be checked. */
const unreadable = (failure: string): string =>
  [
    '    <testcase classname="vfr" name="The trace can be read" time="0">',
    `      <error message="${escaped(failure)}" type="error"/>`,
    '    </testcase>',
  ].join('\n');

function testCase({ id, title, severity }: CheckRule, findings: readonly Finding[]): string {
  const head = `    <testcase classname="vfr.${escaped(id)}" name="${escaped(title)}" time="0"`;
  if (findings.length === 0) return `${head}/>`;
  const message = `${findings.length} findings: ${messageOf(findings[0])}`;
  const lines = findings.map((finding) => escaped(messageOf(finding)));
  return [
    `${head}>`,
    `      <failure message="${escaped(message)}" type="${severity}">${lines.join('\n')}</failure>`,
    '    </testcase>',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 cannot hold control characters and lone surrogates in any form. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (c) => ENTITIES[c]);
