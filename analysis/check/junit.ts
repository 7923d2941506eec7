/** Findings as JUnit XML: a rule is a test case, which fails if it has findings. */
import type { Checked, CheckRule, Finding } from './finding.js';
import { messageOf } from './sarif.js';

/** A test suite for each trace, named after its path. */
export function toJUnit(checked: readonly Checked[], rules: readonly CheckRule[]): string {
  const suites = checked.map((one) => suiteOf(one, rules));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="vfr check" ${countsOf(suites)} time="0">`,
    ...suites.flatMap((suite) => [
      `  <testsuite name="${escaped(suite.trace)}" ${countsOf([suite])} skipped="0" time="0">`,
      ...suite.cases,
      '  </testsuite>',
    ]),
    '</testsuites>',
  ].join('\n');
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

function countsOf(suites: readonly Suite[]): string {
  const sum = (count: (suite: Suite) => number) => suites.reduce((n, one) => n + count(one), 0);
  const tests = sum(({ cases }) => cases.length);
  const failures = sum((suite) => suite.failures);
  return `tests="${tests}" failures="${failures}" errors="${sum(({ errors }) => errors)}"`;
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
