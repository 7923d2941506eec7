/**
 * Goal: the laws of the tests find what they are there to find.
 * Method: a breach of each is planted in sources made up for it; the same sources without it pass.
 */
import { describe, expect, test } from 'vitest';
import { parseSource } from './sources.js';
import { testFilesAreNamedByWhatTheyNeed, testNamesSayWhatTheyTest } from './test-laws.js';

describe('the name of a test file', () => {
  const broken = (file: string, text: string) =>
    testFilesAreNamedByWhatTheyNeed([parseSource(file, text)]);

  test.each([
    "import { vfr } from '../tests/vfr.js';",
    "import { vfrInProcess } from '../tests/vfr-in-process.js';",
    "import { openSession } from './index.js';",
    `const program = join(ROOT, '${'di'}${'st'}');`,
  ])('a test that starts the built program must be named e2e: %s', (text) => {
    expect(broken('cli/a.test.ts', text)).toHaveLength(1);
    expect(broken('cli/a.e2e.test.ts', text)).toEqual([]);
  });

  test.each([
    "import { races } from '../analysis/index.js';",
    "import type { Outcome } from '../tests/vfr.js';",
    `/** ${'np'}${'m'} run golden prints this. */`,
  ])('a test that starts no built program must not be named e2e: %s', (text) => {
    expect(broken('cli/a.e2e.test.ts', text)).toHaveLength(1);
    expect(broken('cli/a.test.ts', text)).toEqual([]);
  });

  test('a test of a file that opens a session must be named e2e', () => {
    const opener = parseSource(
      'cli/seqs.ts',
      "import { openSession } from '../analysis/index.js';",
    );
    const text = "import { seqs } from './seqs.js';";
    const law = (file: string) =>
      testFilesAreNamedByWhatTheyNeed([opener, parseSource(file, text)]);
    expect(law('cli/a.test.ts')).toHaveLength(1);
    expect(law('cli/a.e2e.test.ts')).toEqual([]);
  });

  test('a test named prop must use fast-check', () => {
    expect(broken('cli/a.prop.test.ts', '')).toHaveLength(1);
    expect(broken('cli/a.prop.test.ts', "import fc from 'fast-check';")).toEqual([]);
  });

  test('a file that holds no tests may start the program', () => {
    expect(broken('tests/a.ts', "import { vfr } from './vfr.js';")).toEqual([]);
  });
});

describe('the name of a test', () => {
  /** Texts are put together: this file is itself among those that the law reads. */
  const broken = (...lines: readonly string[]) =>
    testNamesSayWhatTheyTest([parseSource('cli/a.test.ts', lines.join('\n'))]);
  const test_ = (title: string) => `${'te'}st('${title}', () => {`;
  const each = (title: string) => [`${'te'}st.each([`, "  ['a', 1],", `])('${title}', (a) => {`];

  test('a test must not begin with the verb of a subject that is elsewhere', () => {
    expect(broken(test_('is refused by the reader'))).toEqual([
      'cli/a.test.ts: is refused by the reader',
    ]);
    expect(broken(test_('a damaged batch is refused'))).toEqual([]);
  });

  test('a test must have three words besides its parameters', () => {
    expect(broken(...each('%s'))).toHaveLength(1);
    expect(broken(...each('a name is read: %s'))).toEqual([]);
    expect(broken(test_('limits'))).toHaveLength(1);
  });
});
