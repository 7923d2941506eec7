/**
 * Goal: other programs accept what a check prints for them.
 * Method: the JSON schema of SARIF 2.1.0 and the XML schema of Apache Ant's JUnitReport as others
 * publish them, with validators of their own; traces and findings with hostile texts.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv';
import { describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { type Checked, type Finding, RULE_SETS, toJUnit, toSarif } from './index.js';

const published = (file: string) =>
  readFileSync(createRequire(import.meta.url).resolve(file), 'utf8');

const RULES = RULE_SETS.default;
const FINDINGS: readonly Finding[] = [
  {
    id: 'race',
    severity: 'warning',
    device: '0000:01:00.1',
    seq: 12,
    text: 'a & b <raced> "\u0001" \ud800 \u{1f4a5}',
    cause: null,
  },
  { id: 'loss', severity: 'error', device: null, seq: null, text: 'lost', cause: 'a full buffer' },
];

const CHECKED: readonly Checked[] = [
  { trace: 'a & b/t "x".arrows', findings: FINDINGS, failure: null },
  { trace: 'C:\\traces\\none.arrows', findings: [], failure: null },
  { trace: 'cut.arrows', findings: [], failure: 'the file is cut & <bad>' },
];

describe('SARIF 2.1.0', () => {
  const schema = JSON.parse(published('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'));
  const validate = new Ajv({ allErrors: true, schemaId: 'auto' })
    .addMetaSchema(JSON.parse(published('ajv/lib/refs/json-schema-draft-04.json')))
    .compile(schema);
  const log = (checked: readonly Checked[]) =>
    JSON.parse(JSON.stringify(toSarif(checked, RULES, '1.2.3')));

  test('a log validates against the published schema', () => {
    validate(log(CHECKED));
    expect(validate.errors ?? []).toEqual([]);
  });

  test('the schema refuses a log with a level that SARIF has not', () => {
    const changed = log(CHECKED);
    changed.runs[0].results[0].level = 'fatal';
    expect(validate(changed)).toBe(false);
  });

  test('each result names a rule of the log and the trace as an URI', () => {
    const [run] = log(CHECKED).runs;
    const ids = run.tool.driver.rules.map(({ id }: { id: string }) => id);
    for (const { ruleId, ruleIndex, locations } of run.results) {
      expect(ids[ruleIndex]).toBe(ruleId);
      expect(locations[0].physicalLocation.artifactLocation.uri).toBe(
        'a%20&%20b/t%20%22x%22.arrows',
      );
    }
  });
});

describe('JUnit XML', () => {
  const at = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
  const schema = published('jest-junit-reporter/src/__tests__/fixtures/junit.xsd');
  const errorsOf = async (contents: string) => {
    const xml = [{ fileName: 'vfr.xml', contents }];
    const { errors } = await validateXML({
      xml,
      schema: [{ fileName: 'junit.xsd', contents: schema }],
    });
    return errors.map(({ message }) => message);
  };

  test('a document validates against the published schema', async () => {
    expect(await errorsOf(toJUnit(CHECKED, RULES, at))).toEqual([]);
  });

  test('the schema refuses a document without the time of a suite', async () => {
    const changed = toJUnit(CHECKED, RULES, at).replace(/ timestamp="[^"]*"/, '');
    expect(await errorsOf(changed)).not.toEqual([]);
  });

  test('each rule is a test case, which fails once however many findings it has', () => {
    const xml = toJUnit(CHECKED.slice(0, 1), RULES, at);
    expect(xml).toContain(`tests="${RULES.length}" failures="2" errors="0"`);
    expect(xml.match(/<testcase /g)).toHaveLength(RULES.length);
    expect(xml.match(/<failure /g)).toHaveLength(2);
  });

  test('a trace that could not be checked is an error of its only test case', () => {
    const xml = toJUnit(CHECKED.slice(2), RULES, at);
    expect(xml).toMatch(
      /tests="1" failures="0" errors="1"[\s\S]*<error message="the file is cut &amp; /,
    );
  });
});
