/** Findings as JUnit XML: a rule is a test case, which fails if it has findings. */
import type { CheckRule, Finding } from './finding.js';
import { messageOf } from './sarif.js';

/** @param trace path of the trace, which the test suite is named after */
export function toJUnit(
  findings: readonly Finding[],
  rules: readonly CheckRule[],
  trace: string,
): string {
  const failing = rules.filter(({ id }) => findings.some((finding) => finding.id === id)).length;
  const counts = `tests="${rules.length}" failures="${failing}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="vfr check" ${counts} time="0">`,
    `  <testsuite name="${escaped(trace)}" ${counts} skipped="0" time="0">`,
    ...rules.map((rule) =>
      testCase(
        rule,
        findings.filter(({ id }) => id === rule.id),
      ),
    ),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}

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
