/** The laws of the tests themselves, in the form of laws.ts: from sources to what breaks them. */
import { bare, type Source } from './sources.js';

const E2E = /\.e2e\.test\.tsx?$/;
const PROP = /\.prop\.test\.ts$/;

/** Helpers of tests that start the built program, or run its commands. */
const HELPERS = [
  'tests/pseudo-terminal',
  'tests/served',
  'tests/tmux-terminal',
  'tests/vfr',
  'tests/vfr-in-process',
];
/** What starts a process of the built program. */
const OPENING = ['openSession', 'GrowingSession'];
const STARTED = [...OPENING, 'BoundedSession'];
/** A line of code, not of a comment, that names the built program or builds it. */
const BUILT = /^(?!\s*(?:\*|\/[/*])).*(?:'dist'|\bnpm\b)/m;

const importsOneOf = ({ imports }: Source, given: readonly string[]): boolean =>
  imports.some(
    ({ names, typeOnly }) => !typeOnly && names?.some((name) => given.includes(name)) === true,
  );

/** Files of the program that open a session: a test of one of them starts a process. */
const openersOf = (sources: readonly Source[]): readonly string[] =>
  sources
    .filter((source) => !source.test && importsOneOf(source, OPENING))
    .map(({ file }) => bare(file));

const startsProgram = (source: Source, openers: readonly string[]): boolean =>
  BUILT.test(source.text) ||
  importsOneOf(source, STARTED) ||
  source.imports.some(
    ({ file, typeOnly }) => !typeOnly && [...HELPERS, ...openers].includes(file ?? ''),
  );

/**
 * A test that starts the built program is named `.e2e.test.ts`, and no other: only these wait for a
 * build. A test named `.prop.test.ts` has properties.
 */
export function testFilesAreNamedByWhatTheyNeed(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  const openers = openersOf(sources);
  for (const source of sources.filter(({ test }) => test)) {
    const { file, imports } = source;
    if (startsProgram(source, openers) && !E2E.test(file))
      broken.push(`${file}: starts the built program, so its name ends in .e2e.test.ts`);
    if (!startsProgram(source, openers) && E2E.test(file))
      broken.push(`${file}: starts no built program, so its name ends in .test.ts`);
    if (PROP.test(file) && !imports.some(({ specifier }) => specifier === 'fast-check'))
      broken.push(`${file}: has no properties, so its name ends in .test.ts`);
  }
  return broken;
}

/** A word that a sentence begins with when its subject is elsewhere. */
const STARTS_WITHOUT_SUBJECT = new Set(
  (
    'is are was were has have had does do can cannot may must of with without in by to from that at ' +
    'where when whose for and but so on within nor finds gives says keeps needs takes goes ends gets ' +
    'shows stays tells becomes leaves puts lets knows survives refuses appears replays it'
  ).split(' '),
);
const WORDS_MIN = 3;
const PLACEHOLDER = /[%$]/;
const TITLES = [
  /^ *(?:test|it)\(\s*(['"`])((?:\\.|(?!\1).)*)\1,/gm,
  /^ *(?:test|it)\.(?:each|skipIf|runIf)\b[\s\S]*?\)\(\s*(['"`])((?:\\.|(?!\1).)*)\1,/gm,
];

/**
 * The name of a test says of what and what without the names around it, since a line of a report may
 * show it alone: it begins with its subject and has three words besides its parameters.
 */
export function testNamesSayWhatTheyTest(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const { file, text } of sources.filter(({ test }) => test))
    for (const pattern of TITLES)
      for (const [, , title] of text.matchAll(pattern)) {
        const words = title.split(' ');
        const own = words.filter((word) => !PLACEHOLDER.test(word));
        if (STARTS_WITHOUT_SUBJECT.has(words[0]) || own.length < WORDS_MIN)
          broken.push(`${file}: ${title}`);
      }
  return broken;
}
