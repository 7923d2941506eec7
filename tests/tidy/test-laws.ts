/** The laws of the tests themselves, in the form of laws.ts: from sources to what breaks them. */
import type { Source } from './sources.js';

const E2E = /\.e2e\.test\.tsx?$/;
const PROP = /\.prop\.test\.ts$/;

/** Files that start the built program, or a process of it. */
const STARTERS = ['tests/vfr', 'tests/vfr-in-process', 'cli/seqs', 'cli/tui/queries'];
const STARTED = ['openSession', 'BoundedSession'];
/** A line of code, not of a comment, that names the built program or builds it. */
const BUILT = /^(?!\s*(?:\*|\/[/*])).*(?:'dist'|\bnpm\b)/m;

const startsProgram = ({ imports, text }: Source): boolean =>
  BUILT.test(text) ||
  imports.some(
    ({ file, names, typeOnly }) =>
      !typeOnly &&
      (STARTERS.includes(file ?? '') || names?.some((name) => STARTED.includes(name)) === true),
  );

/**
 * A test that starts the built program is named `.e2e.test.ts`, and no other: only these wait for a
 * build. A test named `.prop.test.ts` has properties.
 */
export function testFilesAreNamedByWhatTheyNeed(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const source of sources.filter(({ test }) => test)) {
    const { file, imports } = source;
    if (startsProgram(source) && !E2E.test(file))
      broken.push(`${file}: starts the built program, so its name ends in .e2e.test.ts`);
    if (!startsProgram(source) && E2E.test(file))
      broken.push(`${file}: starts no built program, so its name ends in .test.ts`);
    if (PROP.test(file) && !imports.some(({ specifier }) => specifier === 'fast-check'))
      broken.push(`${file}: has no properties, so its name ends in .test.ts`);
  }
  return broken;
}
