/**
 * Goal: the laws of tests/architecture.test.ts find what they are there to find.
 * Method: a breach of each is planted in sources made up for it; the same sources without it pass.
 */
import { describe, expect, test } from 'vitest';
import {
  everyExportIsUsed,
  everyFileIsReached,
  fileNamesAreUnique,
  filesAreSmall,
  foldersAreImportedByTheirFace,
  foldersImportOnlyWhatTheyMay,
  functionsFitAScreen,
  importsHaveNoCycles,
  linesFitAScreen,
  mayImport,
  nestedFoldersImportWhatTheirReadmeSays,
  nothingIsLeftForLater,
  packagesAreKnownToOneAdapter,
  replayHasNoModuleState,
  replayIsPure,
  valuesHaveOneAbsence,
} from './laws.js';
import { parseSource, type Source } from './sources.js';

const tree = (files: Record<string, string>): Source[] =>
  Object.entries(files).map(([file, text]) => parseSource(file, text));

describe('imports', () => {
  test('a folder below that imports one above is found', () => {
    const law = foldersImportOnlyWhatTheyMay;
    expect(law(tree({ 'traces/a.ts': "import { x } from '../cli/index.js';" }))).toEqual([
      'traces/a.ts: imports cli/',
    ]);
    expect(law(tree({ 'cli/a.ts': "import { x } from '../traces/index.js';" }))).toEqual([]);
  });

  test('a dynamic import counts like any other', () => {
    const text = "const { x } = await import('../analysis/index.js');";
    expect(foldersImportOnlyWhatTheyMay(tree({ 'replay/a.ts': text }))).toHaveLength(1);
  });

  test('a way past the public face of a folder is found', () => {
    const law = foldersAreImportedByTheirFace;
    expect(law(tree({ 'cli/a.ts': "import { x } from '../traces/reader.js';" }))).toEqual([
      'cli/a.ts: imports traces/reader',
    ]);
    expect(law(tree({ 'traces/a.ts': "import { x } from './reader.js';" }))).toEqual([]);
  });

  test('a package that is imported outside of its adapter is found', () => {
    const law = packagesAreKnownToOneAdapter;
    expect(law(tree({ 'cli/a.ts': "import * as a from 'apache-arrow/ipc';" }))).toHaveLength(1);
    expect(law(tree({ 'traces/arrow.ts': "import * as a from 'apache-arrow';" }))).toEqual([]);
  });

  test('files that import each other through a third are found', () => {
    const cycle = tree({
      'traces/a.ts': "import { b } from './b.js';",
      'traces/b.ts': "import type { C } from './c.js';",
      'traces/c.ts': "export { a } from './a.js';",
    });
    expect(importsHaveNoCycles(cycle)).toEqual(['traces/a -> traces/b -> traces/c -> traces/a']);
    expect(importsHaveNoCycles(cycle.slice(0, 2))).toEqual([]);
  });
});

describe('nested folders', () => {
  const readmes = new Map([
    ['replay', '# replay'],
    ['replay/rules', 'Rules. May import: `../machine`, `traces`, `../walk.ts`. More.'],
    ['replay/machine', 'The machine. May import: nothing of ours.'],
  ]);
  const broken = (file: string, text: string) =>
    nestedFoldersImportWhatTheirReadmeSays(tree({ [file]: text }), readmes);

  test('the sentence of a README is read as paths', () => {
    expect(mayImport('replay/rules', readmes.get('replay/rules')!)).toEqual([
      'replay/machine',
      'traces',
      'replay/walk.ts',
    ]);
    expect(mayImport('replay', '# replay')).toBeNull();
  });

  test('an import that the README does not name is found', () => {
    const file = 'replay/machine/a.ts';
    expect(broken(file, "import { r } from '../rules/r.js';")).toHaveLength(1);
    expect(broken(file, "import { r } from './b.js';")).toEqual([]);
  });

  test('imports that a README names are fine: a folder, a file, a public face', () => {
    const file = 'replay/rules/a.ts';
    expect(broken(file, "import { m } from '../machine/m.js';")).toEqual([]);
    expect(broken(file, "import { w } from '../walk.js';")).toEqual([]);
    expect(broken(file, "import { t } from '../../traces/index.js';")).toEqual([]);
  });
});

describe('dead code', () => {
  const files = tree({
    'cli/main.ts': "import { a } from './a.js';\nvoid import('./lazy.js');",
    'cli/a.ts': 'export const a = 1;\nexport const b = 2;',
    'cli/lazy.ts': 'export const lazy = 1;',
    'cli/dead.ts': 'const dead = 1;',
    'cli/dead.test.ts': "import { dead } from './dead.js';",
  });

  test('a file that only a test reaches is found', () => {
    expect(everyFileIsReached(files, ['cli/main.ts'])).toEqual([
      'cli/dead.ts: nothing that vfr runs leads here',
    ]);
  });

  test('an export that nobody imports is found', () => {
    expect(everyExportIsUsed(files, files)).toEqual(['cli/a.ts: nobody imports b']);
  });
});

describe('file names', () => {
  test('two files of the same name are found', () => {
    const files = { 'traces/copy.ts': '', 'replay/judge/copy.ts': '' };
    expect(fileNamesAreUnique(tree(files))).toEqual(['copy: traces/copy.ts, replay/judge/copy.ts']);
    expect(fileNamesAreUnique(tree(files), ['copy'])).toEqual([]);
  });

  test('an index, a test and a command may have the name of another file', () => {
    const files = {
      ...{ 'traces/index.ts': '', 'replay/index.ts': '' },
      ...{ 'traces/copy.ts': '', 'replay/copy.test.ts': '', 'cli/commands/copy.ts': '' },
    };
    expect(fileNamesAreUnique(tree(files))).toEqual([]);
  });
});

describe('replay', () => {
  test.each([
    'const now = Date.now();',
    'const x = Math.random();',
    "import { readFileSync } from 'node:fs';",
    'export async function f() {}',
    'if (process.env.X) f();',
  ])('what makes replay impure is found: %s', (text) => {
    expect(replayIsPure(tree({ 'replay/a.ts': text }))).toHaveLength(1);
    expect(replayIsPure(tree({ 'cli/a.ts': text }))).toEqual([]);
  });

  test('a comment may name a clock', () => {
    expect(replayIsPure(tree({ 'replay/a.ts': '/** Not Date.now(). */' }))).toEqual([]);
  });

  test('a variable of a module is found, one of a function is none', () => {
    expect(replayHasNoModuleState(tree({ 'replay/a.ts': 'let trial = 1;' }))).toHaveLength(1);
    expect(replayHasNoModuleState(tree({ 'replay/a.ts': '  let local = 1;' }))).toEqual([]);
  });
});

describe('size', () => {
  const long = (lines: number) => 'x();\n'.repeat(lines);

  test('a long file is found', () => {
    expect(filesAreSmall(tree({ 'cli/a.ts': long(10) }), 10)).toEqual(['cli/a.ts: 11 lines']);
    expect(filesAreSmall(tree({ 'cli/a.ts': long(9) }), 10)).toEqual([]);
  });

  test.each([
    ['function f(a: number): void {', '}'],
    ['export const f = (a: number) => {', '};'],
    ['  #method(a: number): void {', '  }'],
    ['  private async method(a: number): Promise<void> {', '  }'],
  ])('a long function is found: %s', (begin, end) => {
    const text = `${begin}\n${long(60)}${end}\n`;
    expect(functionsFitAScreen(tree({ 'cli/a.ts': text }), 60)).toHaveLength(1);
    expect(functionsFitAScreen(tree({ 'cli/a.ts': text }), 61)).toEqual([]);
  });

  test('a long class is no long function', () => {
    const text = `export class A {\n${long(80)}}\n`;
    expect(functionsFitAScreen(tree({ 'cli/a.ts': text }), 60)).toEqual([]);
  });

  test('a line that leaves the screen is found, an address on the web may', () => {
    expect(linesFitAScreen(tree({ 'cli/a.ts': 'x'.repeat(101) }), 100)).toEqual(['cli/a.ts:1']);
    expect(linesFitAScreen(tree({ 'cli/a.ts': `https://${'x'.repeat(101)}` }), 100)).toEqual([]);
  });

  test('what is left for later is found', () => {
    const text = `// ${'TO'}${'DO'}: later`;
    expect(nothingIsLeftForLater(tree({ 'cli/a.ts': text }))).toEqual(['cli/a.ts']);
  });

  test('a value that may be null or undefined is found', () => {
    const law = valuesHaveOneAbsence;
    const text = 'let driver: string | null | undefined;';
    expect(law(tree({ 'replay/a.ts': text }))).toEqual(['replay/a.ts:1: null and undefined']);
    expect(law(tree({ 'replay/a.ts': "let driver: string | null | 'unknown';" }))).toEqual([]);
  });
});
