/**
 * Goal: a check finds what its rules do not allow, and says so in forms that other programs read.
 * Method: recordings of real kernels; the structure that the schemas of SARIF and JUnit demand.
 */
import { expect, test } from 'vitest';
import { importedCapturePath } from '../../tests/captures.js';
import { TraceReader } from '../../traces/index.js';
import { SqlSession } from '../sql-session.js';
import {
  type CheckRule,
  type Finding,
  RULE_SETS,
  readRules,
  runRules,
  toJUnit,
  toSarif,
} from './index.js';

async function check(capture: string, rules: readonly CheckRule[]): Promise<Finding[]> {
  const file = importedCapturePath(capture);
  const reader = TraceReader.open(file);
  const session = await SqlSession.open([{ name: file, reader }]);
  try {
    return await runRules(reader, session, rules);
  } finally {
    session.close();
    reader.close();
  }
}

test('the default rules find the races of a recording, and nothing else in it', async () => {
  const findings = await check('sriov-on-r1', RULE_SETS.default);
  expect(new Set(findings.map(({ id }) => id))).toEqual(new Set(['race']));
  expect(findings).toHaveLength(26);
});

test('a refused fault has its cause', async () => {
  const findings = await check('vfio-client-r1', RULE_SETS['driver-author']);
  expect(findings[0]).toMatchObject({
    id: 'refused-fault',
    severity: 'error',
    device: '0000:03:00.0',
    cause: 'memory is off in the Command register',
  });
});

test('runs with autoprobe off pass the rules of operators', async () => {
  expect(await check('sriov-off-r1', RULE_SETS.operator)).toEqual([]);
});

test('a rule of a user is a SELECT whose rows are findings', async () => {
  const rules = readRules(
    [
      '-- rule: no-unbind',
      '-- severity: note',
      '-- title: Nobody writes to unbind',
      "SELECT seq, device, task || ' wrote' AS text FROM events",
      "WHERE kind = 'sysfs.write' AND phase = 'begin' AND name = 'unbind'",
    ].join('\n'),
    'own.sql',
  );
  const findings = await check('dma-fault-r1', rules);
  expect(findings[0]).toMatchObject({ id: 'no-unbind', severity: 'note', text: 'bash wrote' });
});

test.each([
  ['without a heading', 'SELECT 1'],
  ['without a SELECT', '-- rule: empty\n'],
  ['with an unknown severity', '-- rule: a\n-- severity: fatal\nSELECT 1 AS text'],
  ['with a name twice', '-- rule: a\nSELECT 1 AS text\n-- rule: a\nSELECT 1 AS text'],
])('a file of rules is refused: %s', (_what, text) => {
  expect(() => readRules(text, 'own.sql')).toThrow(
    expect.objectContaining({ code: 'RULES_INVALID' }),
  );
});

const RULES = RULE_SETS.default;
const FINDINGS: readonly Finding[] = [
  {
    id: 'race',
    severity: 'warning',
    device: '0000:01:00.1',
    seq: 12,
    text: 'a & b <raced> "\u0001"',
    cause: null,
  },
  { id: 'loss', severity: 'error', device: null, seq: null, text: 'lost', cause: 'a full buffer' },
];

const checked = (trace: string) => ({ trace, findings: FINDINGS, failure: null });

test('a SARIF log has every member that its schema requires, with values that it allows', () => {
  const log = JSON.parse(JSON.stringify(toSarif([checked('a b/t.arrows')], RULES, '1.2.3')));
  expect(log.version).toBe('2.1.0');
  expect(log.runs).toHaveLength(1);
  const { tool, results } = log.runs[0];
  expect(tool.driver.name).toBe('vfr');
  const ids = tool.driver.rules.map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const rule of tool.driver.rules) {
    expect(rule.shortDescription.text).toMatch(/\S/);
    expect(['none', 'note', 'warning', 'error']).toContain(rule.defaultConfiguration.level);
  }
  for (const result of results) {
    expect(result.message.text).toMatch(/\S/);
    expect(ids[result.ruleIndex]).toBe(result.ruleId);
    expect(['none', 'note', 'warning', 'error']).toContain(result.level);
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe('a%20b/t.arrows');
  }
});

test('JUnit XML has the elements and attributes that its schema requires, and is well formed', () => {
  const xml = toJUnit([checked('a & b.arrows')], RULES);
  const tags = [
    ...xml.matchAll(/<(\/?)([a-z]+)((?: [a-z]+="[^"<&]*(?:&[a-z]+;[^"<&]*)*")*)(\/?)>/g),
  ];
  const open: string[] = [];
  for (const [, closes, name, , empty] of tags) {
    if (closes === '/') expect(open.pop()).toBe(name);
    else if (empty !== '/') open.push(name);
  }
  expect(open).toEqual([]);
  const rest = xml.replace(/^<\?xml[^>]*\?>/, '').replaceAll(/<[^>]*>/g, '');
  expect(rest.replaceAll(/&(amp|lt|gt|quot|apos);/g, '')).not.toMatch(/[<>&\u0001]/);
  expect(xml).toContain(`<testsuite name="a &amp; b.arrows" tests="${RULES.length}" failures="2"`);
  expect(xml.match(/<testcase classname="[^"]+" name="[^"]+" time="0"/g)).toHaveLength(
    RULES.length,
  );
  expect(xml.match(/<failure message="[^"]+" type="[^"]+">/g)).toHaveLength(2);
});
