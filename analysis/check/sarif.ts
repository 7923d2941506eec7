/** Findings as a SARIF log (OASIS SARIF 2.1.0), which code hosts show beside a change. */
import type { Checked, CheckRule, Finding } from './finding.js';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/**
 * A log with one run for each trace.
 * @param version of vfr
 */
export function toSarif(
  checked: readonly Checked[],
  rules: readonly CheckRule[],
  version: string,
): object {
  const driver = { name: 'vfr', version, rules: rules.map(describe) };
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: checked.map(({ trace, findings, failure }) => ({
      tool: { driver },
      ...(failure === null ? {} : { invocations: [failed(failure)] }),
      results: findings.map((finding) => resultOf(finding, rules, trace)),
    })),
  };
}

const failed = (failure: string): object => ({
  executionSuccessful: false,
  toolExecutionNotifications: [{ level: 'error', message: { text: failure } }],
});

function resultOf(finding: Finding, rules: readonly CheckRule[], trace: string): object {
  const { id, severity, seq, device, cause } = finding;
  const uri = encodeURI(trace.replaceAll('\\', '/'));
  return {
    ruleId: id,
    ruleIndex: rules.findIndex((rule) => rule.id === id),
    level: severity,
    message: { text: messageOf(finding) },
    locations: [{ physicalLocation: { artifactLocation: { uri } }, ...placeOf(finding) }],
    properties: { seq, device, cause },
  };
}

const describe = ({ id, severity, title }: CheckRule): object => ({
  id,
  shortDescription: { text: title },
  defaultConfiguration: { level: severity },
});

const placeOf = ({ device }: Finding): object =>
  device === null ? {} : { logicalLocations: [{ name: device, kind: 'resource' }] };

/** A finding in one line. */
export const messageOf = ({ seq, device, text, cause }: Finding): string =>
  [
    seq === null ? '' : `seq ${seq}: `,
    device === null ? '' : `${device}: `,
    text,
    cause === null ? '' : ` (${cause})`,
  ].join('');
