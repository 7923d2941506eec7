/**
 * Goal: every case of BindBench comes out as it says, and docs/bindbench.md says what comes out.
 * Method: the cases are run; their recordings are held against the judge, which knows no scenarios.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { replay } from '../../replay/index.js';
import { MemorySource, TraceReader, VfrError } from '../../traces/index.js';
import { publishedCaseSchema } from './case-form.js';
import { exploreCase } from './explore-case.js';
import { recordingOf } from './extract-case.js';
import { EXAMPLE, pageOf } from './page.js';
import { isWritten, readCase, readCases } from './read-case.js';
import { scoreCase } from './score-case.js';

const cases = readCases('bench/bindbench/cases');
const written = cases.filter(isWritten);
const scores = written.map(scoreCase);
const example = readFileSync(EXAMPLE, 'utf8');

test.each(scores)('$id is found by explore and explain, and nothing in its fixed form', (score) => {
  const { explore, explain, falseAlarms, differences } = score;
  expect({ falseAlarms, differences }).toEqual({ falseAlarms: 0, differences: [] });
  expect(['found', 'silent']).toContain(explore);
  expect(explain).not.toBe('missed');
});

test('nine of ten races are predicted from the recording of a run that ended well', () => {
  const verdicts = scores.map(({ predictive }) => predictive).filter((one) => one !== null);
  const found = verdicts.filter((one) => one !== 'missed').length;
  expect(found / verdicts.length).toBeGreaterThanOrEqual(0.9);
});

test('the judge agrees with the recordings of every case', () => {
  // The judge knows no kernel with such bugs.
  for (const one of written.filter(({ racy }) => racy.bugs === undefined)) {
    const racy = exploreCase(one, one.racy);
    for (const found of [racy.goodRun, racy.badRun]) {
      if (found === null) continue;
      const reader = new TraceReader(new MemorySource(recordingOf(racy, found)));
      const { diverged, unmodelled } = replay(reader.read(), reader.meta);
      expect({ id: one.id, diverged, unmodelled }).toEqual({
        id: one.id,
        diverged: 0,
        unmodelled: 0,
      });
    }
  }
});

test('docs/bindbench.md is printed from the cases', async () => {
  const page = pageOf(cases, scores, example);
  await expect(page).toMatchFileSnapshot('../../docs/bindbench.md');
});

test('docs/case.schema.json is the schema that cases are held against', async () => {
  await expect(publishedCaseSchema()).toMatchFileSnapshot('../../docs/case.schema.json');
});

const mistakeOf = (change: (text: string) => string): { line?: number; what: string } => {
  try {
    readCase(change(example), 'case.json');
  } catch (error) {
    if (error instanceof VfrError) return { line: error.place?.line ?? 0, what: error.what };
  }
  return { what: 'none' };
};
const lineOf = (text: string, of = example): number =>
  of.slice(0, of.indexOf(text)).split('\n').length;

test('a mistake in a scenario of a case is reported with its line', () => {
  const wrong = (text: string) => text.replace('bus/pci/drivers_probe', 'bus/pci/drivers_prove');
  const { line, what } = mistakeOf(wrong);
  expect(line).toBe(lineOf('"/sys/bus/pci/drivers_probe"'));
  expect(what).toContain('no such attribute');
});

test('a deciding pair with an unknown operation is reported with its line', () => {
  const { line, what } = mistakeOf((text) => text.replace('"does": 1', '"does": 7'));
  expect(line).toBe(lineOf('"does": 1'));
  expect(what).toContain('no operation 7');
});

test('a case with several mistakes is reported with all of them', () => {
  const { what } = mistakeOf((text) =>
    text.replace('"does": 1', '"does": 7').replace('"does": 1', '"does": 8'),
  );
  expect(what).toContain('no operation 7');
  expect(what).toMatch(/^case\.json:\d+: .*no operation 8$/m);
});

test('a case with an unknown member is reported', () => {
  const { what } = mistakeOf((text) => text.replace('"fixed"', '"fxed"'));
  expect(what).toContain('nothing is called "fxed"');
});
