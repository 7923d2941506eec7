/** Findings as a SARIF log (OASIS SARIF 2.1.0), which code hosts show beside a change. */
import type { CheckRule, Finding } from './finding.js';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/**
 * @param trace path of the trace
 * @param version of vfr
 */
export function toSarif(
  findings: readonly Finding[],
  rules: readonly CheckRule[],
  trace: string,
  version: string,
): object {
  const uri = encodeURI(trace.replaceAll('\\', '/'));
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'vfr', version, rules: rules.map(describe) } },
        results: findings.map((finding) => ({
          ruleId: finding.id,
          ruleIndex: rules.findIndex(({ id }) => id === finding.id),
          level: finding.severity,
          message: { text: messageOf(finding) },
          locations: [{ physicalLocation: { artifactLocation: { uri } }, ...placeOf(finding) }],
          properties: { seq: finding.seq, device: finding.device, cause: finding.cause },
        })),
      },
    ],
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
