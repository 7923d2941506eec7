/**
 * Goal: a check finds what its rules do not allow, and nothing else.
 * Method: recordings of real kernels, and rules of all forms.
 */
import { describe, expect, test } from 'vitest';
import { importedCapturePath } from '../../tests/captures.js';
import { TraceReader } from '../../traces/index.js';
import { SqlSession } from '../sql-session.js';
import { type CheckRule, type Finding, RULE_SETS, readRules, runRules } from './index.js';

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

describe('a rule in the language of expressions', () => {
  const vf = '0000:01:00.1';
  const ruled = (condition: string) => readRules(`-- rule: own\nnever ${condition}`, 'own.rules');

  test('a state that a rule forbids is found each time that it begins', async () => {
    const findings = await check('sriov-on-r1', ruled(`driver(${vf}) == vfio-pci`));
    const file = importedCapturePath('sriov-on-r1');
    const reader = TraceReader.open(file);
    const bound: number[] = [];
    for (const batch of reader.read()) {
      const [kind, device, driver] = ['kind', 'device', 'driver'] as const;
      const at = (column: 'kind' | 'device' | 'driver', row: number) =>
        batch.column(column).at(row);
      for (let row = 0; row < batch.rows; row++) {
        const isPoint = batch.column('phase').at(row) === 'point';
        const is = at(kind, row) === 'bind' && isPoint && at(device, row) === vf;
        if (is && at(driver, row) === 'vfio-pci') bound.push(batch.seqFirst + row);
      }
    }
    reader.close();
    expect(bound.length).toBeGreaterThan(3);
    expect(findings.map(({ seq }) => seq)).toEqual(bound);
    expect(findings[0]).toMatchObject({ id: 'own', severity: 'error', device: vf });
  });

  test('what has held once is found once by ever, and what never holds is not found', async () => {
    const ever = await check('sriov-on-r1', ruled(`ever(driver(${vf}) == vfio-pci)`));
    expect(ever).toHaveLength(1);
    expect(await check('sriov-on-r1', ruled(`driver(${vf}) == igbvf`))).toEqual([]);
  });

  test('the operations of an actor are those of the task of that name', async () => {
    const findings = await check('sriov-on-r1', ruled('failed(vfr-overrider) > 0'));
    expect(findings).toHaveLength(1);
    expect(await check('sriov-on-r1', ruled('failed(nobody) > 0'))).toEqual([]);
  });

  test('a rule about a function that the recording lacks does not pass', async () => {
    const [finding] = await check('sriov-on-r1', ruled('driver(0000:ff:00.0) == nvme'));
    expect(finding).toMatchObject({ seq: null, device: '0000:ff:00.0' });
    expect(finding.text).toMatch(/after no event the recording shows/);
  });

  test.each([
    ['driver(41:00.1) = nvme', 17],
    ['exists(41:00.1) and deadlock', 21],
    ['fault(removedTwice)', 1],
  ])('a mistake is reported with its line and column: %s', (condition, column) => {
    expect(() => ruled(condition)).toThrow(
      expect.objectContaining({
        code: 'EXPRESSION_INVALID',
        place: { file: 'own.rules', line: 2 },
        what: expect.stringContaining(`column ${column} of "${condition}"`),
      }),
    );
  });

  test('SQL and conditions can be in one file, and an error of the SQL names its line', async () => {
    const text = '-- rule: one\nnever exists(ff:00.0)\n-- rule: two\nSELECT nothing FROM events';
    const rules = readRules(text, 'own.rules');
    expect(rules.map(({ finds }) => finds.type)).toEqual(['states', 'rows']);
    await expect(check('sriov-off-r1', rules)).rejects.toMatchObject({
      code: 'SQL_FAILED',
      place: { file: 'own.rules', line: 4 },
    });
  });
});
