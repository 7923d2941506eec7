/**
 * Goal: the architecture of docs/architecture.md holds in the code, not only in the text.
 * Method: read every source file and hold it against the laws of tests/tidy.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as laws from './tidy/laws.js';
import { factsHaveOneHome } from './tidy/one-home.js';
import { wordsArePlain } from './tidy/plain-words.js';
import { FOLDERS, readSources } from './tidy/sources.js';
import { testFilesAreNamedByWhatTheyNeed, testNamesSayWhatTheyTest } from './tidy/test-laws.js';

const sources = FOLDERS.flatMap(readSources);
/** What is not part of the program: tests, measurements, and the kernels they run on. */
const others = ['tests', 'bench', 'lab'].flatMap(readSources);

/** Text of each README by the path of its folder. */
const readmes = new Map(
  FOLDERS.flatMap((folder) => [
    folder,
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ])
    .filter((folder) => existsSync(join(folder, 'README.md')))
    .map((folder) => [folder, readFileSync(join(folder, 'README.md'), 'utf8')]),
);

/** Every page: those of docs/, the READMEs, and the ones beside package.json. */
const pages = ['.', 'docs', 'lab', 'tests', 'bench', ...FOLDERS].flatMap((folder) =>
  readdirSync(folder, { recursive: folder !== '.', encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))
    .map((file) => ({ file, text: readFileSync(file, 'utf8') })),
);

describe('the import law', () => {
  test('a folder imports only what it may', () => {
    expect(laws.foldersImportOnlyWhatTheyMay(sources)).toEqual([]);
  });

  test('a folder is imported by its public face', () => {
    expect(laws.foldersAreImportedByTheirFace(sources)).toEqual([]);
  });

  test('files do not import each other in a circle', () => {
    expect(laws.importsHaveNoCycles(sources)).toEqual([]);
  });

  test('each package of others is known to one adapter', () => {
    expect(laws.packagesAreKnownToOneAdapter(sources)).toEqual([]);
  });

  test('a folder inside of these imports what its README says', () => {
    expect(laws.nestedFoldersImportWhatTheirReadmeSays(sources, readmes)).toEqual([]);
  });
});

test('replay is pure: no clock, file system, environment, randomness or promise', () => {
  expect(laws.replayIsPure(sources)).toEqual([]);
});

test('replay keeps nothing in its modules: replays do not meet', () => {
  expect(laws.replayHasNoModuleState(sources)).toEqual([]);
});

test('facts that several parts know are written in one place', () => {
  expect(factsHaveOneHome(sources)).toEqual([]);
});

test('no file is left that vfr does not run', () => {
  const faces = FOLDERS.map((name) => `${name}/index.ts`);
  const processes = [
    'cli/main.ts',
    'cli/bundle.ts',
    'analysis/bounded/query-child.ts',
    'cli/serve/page/page.ts',
  ];
  // What prints pages of docs/ is run by their tests.
  const printers = ['events-page', 'reported-races'].map((name) => `recorder/catalogue/${name}.ts`);
  const entries = [...faces, ...processes, ...printers, 'analysis/sql/reference.ts'];
  expect(laws.everyFileIsReached(sources, entries)).toEqual([]);
});

test('what a file exports is imported somewhere', () => {
  expect(laws.everyExportIsUsed(sources, [...sources, ...others])).toEqual([]);
});

test('the name of a file is found once', () => {
  // A race (analysis/races) and a run of the kernel (replay) both have operations and an outcome.
  const exceptions = ['operation', 'outcome'];
  expect(laws.fileNamesAreUnique(sources, exceptions)).toEqual([]);
});

describe('tidiness', () => {
  test('files stay small enough to be read at once', () => {
    expect(laws.filesAreSmall(sources, 400)).toEqual([]);
  });

  test('functions fit a screen', () => {
    expect(laws.functionsFitAScreen(sources, 65)).toEqual([]);
  });

  test('lines fit a screen', () => {
    expect(laws.linesFitAScreen(sources, 100)).toEqual([]);
  });

  test('comments and pages are plain English', () => {
    const code = sources.filter(({ test }) => !test);
    expect(wordsArePlain([...code, ...pages])).toEqual([]);
  });

  test('a value has one absence', () => {
    expect(laws.valuesHaveOneAbsence(sources)).toEqual([]);
  });

  test('nothing is left for later', () => {
    expect(laws.nothingIsLeftForLater(sources)).toEqual([]);
  });

  test.each(FOLDERS)('%s says what it is for and what it may import', (folder) => {
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(/may import/i);
  });
});

describe('tests', () => {
  const all = [...sources, ...others];

  test('a test that starts the built program has a name that says so', () => {
    expect(testFilesAreNamedByWhatTheyNeed(all)).toEqual([]);
  });
  test('the name of a test says of what and what, without the names around it', () => {
    expect(testNamesSayWhatTheyTest(all)).toEqual([]);
  });
});
