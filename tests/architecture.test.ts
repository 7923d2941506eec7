/**
 * Goal: the architecture of docs/architecture.md holds in the code, not only in the text.
 * Method: read every source file and hold its imports and words against the laws.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const FOLDERS = ['traces', 'recorder', 'replay', 'analysis', 'cli'] as const;
type Folder = (typeof FOLDERS)[number];

/** Which folders a folder may import; data flows from traces to cli. */
const LAW: Record<Folder, readonly Folder[]> = {
  traces: [],
  recorder: ['traces'],
  replay: ['traces'],
  analysis: ['traces', 'replay'],
  cli: ['traces', 'recorder', 'replay', 'analysis'],
};

/** The one place that may import a package; a folder where an adapter needs more than a file. */
const ADAPTERS: Record<string, string> = {
  'apache-arrow': 'traces/arrow.ts',
  'zstd-napi': 'traces/zstd.ts',
  '@duckdb': 'analysis/duckdb',
  ink: 'cli/tui/',
  react: 'cli/tui/',
};

interface Source {
  readonly file: string;
  readonly folder: Folder;
  readonly text: string;
  readonly imports: readonly string[];
}

function sourcesOf(folder: Folder): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => {
      const file = join(folder, name);
      const text = readFileSync(file, 'utf8');
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((m) => m[1]);
      return { file, folder, text, imports };
    });
}

const sources = FOLDERS.flatMap(sourcesOf);
const isTest = ({ file }: Source) => /\.test\.tsx?$/.test(file);
const production = sources.filter((source) => !isTest(source));

/** Imports of files of the project, as paths from its root. */
const local = ({ file, imports }: Source) =>
  imports
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(file), name)));

describe('the import law', () => {
  test('a folder imports only what it may', () => {
    const broken = production.flatMap((source) =>
      local(source)
        .map((path) => path.split('/')[0])
        .filter((to) => to !== source.folder && !LAW[source.folder].includes(to as Folder))
        .map((to) => `${source.file} imports ${to}/`),
    );
    expect(broken).toEqual([]);
  });

  test('a folder is imported by its public face', () => {
    const broken = production.flatMap((source) =>
      local(source)
        .filter((path) => path.split('/')[0] !== source.folder)
        .filter((path) => !/^(?:\w+|recorder\/import)\/index\.js$/.test(path))
        .map((path) => `${source.file} imports ${path}`),
    );
    expect(broken).toEqual([]);
  });

  test('each package of others is known to one adapter', () => {
    const broken = production.flatMap((source) =>
      source.imports
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
        .flatMap((name) => {
          const owner = Object.keys(ADAPTERS).find((p) => name === p || name.startsWith(`${p}/`));
          const fine = owner === undefined || source.file.startsWith(ADAPTERS[owner]);
          return fine ? [] : [`${source.file} imports ${name}`];
        }),
    );
    expect(broken).toEqual([]);
  });
});

describe('replay is pure', () => {
  /** What would make two runs differ: clocks, randomness, the environment, the file system. */
  const impure =
    /\b(?:Date\b|Math\.random|performance\.|process\.|setTimeout|setInterval|setImmediate|queueMicrotask|crypto\.|require\()|from 'node:/;

  test('no clock, file system, environment or randomness', () => {
    const broken = production
      .filter((source) => source.folder === 'replay')
      .flatMap(({ file, text }) =>
        text
          .split('\n')
          .filter((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line) && impure.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      );
    expect(broken).toEqual([]);
  });

  test('it waits for nothing: no promise decides an order', () => {
    const broken = production
      .filter((source) => source.folder === 'replay')
      .filter(({ text }) => /\b(?:async |await |Promise\b)/.test(text))
      .map(({ file }) => file);
    expect(broken).toEqual([]);
  });
});

describe('tidiness', () => {
  const LINES_MAX = 400;
  const COLUMNS_MAX = 100;

  test('files stay small enough to be read at once', () => {
    const broken = production
      .map(({ file, text }) => ({ file, lines: text.split('\n').length }))
      .filter(({ lines }) => lines > LINES_MAX)
      .map(({ file, lines }) => `${file}: ${lines} lines`);
    expect(broken).toEqual([]);
  });

  test('lines fit a screen', () => {
    const broken = production.flatMap(({ file, text }) =>
      text
        .split('\n')
        .map((line, i) => ({ line, at: `${file}:${i + 1}` }))
        .filter(({ line }) => [...line].length > COLUMNS_MAX && !/https?:/.test(line))
        .map(({ at }) => at),
    );
    expect(broken).toEqual([]);
  });

  test('nothing is left for later', () => {
    const broken = sources
      .filter(({ file, text }) => file !== __filename && /\b(?:TODO|FIXME|XXX|HACK)\b/.test(text))
      .map(({ file }) => file);
    expect(broken).toEqual([]);
  });

  test('every folder says what it is for', () => {
    for (const folder of FOLDERS) {
      const text = readFileSync(join(folder, 'README.md'), 'utf8');
      expect(text, folder).toMatch(/may import/i);
    }
  });
});
