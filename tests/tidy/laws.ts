/**
 * The laws of the code. Each is a function from sources to the places that break it, as
 * `file: what is wrong`; an empty list means that the law holds.
 */
import { basename, dirname, join, normalize } from 'node:path';
import { bare, FOLDERS, type Folder, folderOf, type Import, type Source } from './sources.js';

/** Which folders a folder may import; data flows from traces to cli. */
const MAY_IMPORT: Record<Folder, readonly Folder[]> = {
  traces: [],
  recorder: ['traces'],
  replay: ['traces'],
  analysis: ['traces', 'replay'],
  cli: ['traces', 'recorder', 'replay', 'analysis'],
};

/** The one place that may import a package; a folder where an adapter needs more than a file. */
const ADAPTERS: Record<string, string> = {
  'apache-arrow': 'traces/arrow',
  'zstd-napi': 'traces/zstd.ts',
  '@duckdb': 'analysis/duckdb',
  protobufjs: 'analysis/export/perfetto-encoder.ts',
  '@observablehq/plot': 'analysis/report/plot.ts',
  linkedom: 'analysis/report/plot.ts',
  ink: 'cli/tui/',
  react: 'cli/tui/',
  hono: 'cli/serve/page-app.ts',
  '@hono/node-server': 'cli/serve/http-server.ts',
  '@codemirror': 'cli/serve/page/sql-editor.ts',
};

const production = (sources: readonly Source[]) => sources.filter(({ test }) => !test);

/** Every import of a production file that leads to a file of the project. */
function* localImports(sources: readonly Source[]): Generator<[Source, string, Import]> {
  for (const source of production(sources))
    for (const i of source.imports) if (i.file !== null) yield [source, i.file, i];
}

export function foldersImportOnlyWhatTheyMay(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const [source, to] of localImports(sources)) {
    const [from, target] = [folderOf(source.file) as Folder, folderOf(to) as Folder];
    if (target !== from && !MAY_IMPORT[from].includes(target))
      broken.push(`${source.file}: imports ${target}/`);
  }
  return broken;
}

export function foldersAreImportedByTheirFace(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const [source, to] of localImports(sources)) {
    const inside = folderOf(to) === folderOf(source.file);
    if (!inside && !/^(?:\w+|recorder\/import)\/index$/.test(to))
      broken.push(`${source.file}: imports ${to}`);
  }
  return broken;
}

export function packagesAreKnownToOneAdapter(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const source of production(sources))
    for (const { specifier, file } of source.imports) {
      if (file !== null || specifier.startsWith('node:')) continue;
      const owner = Object.keys(ADAPTERS).find(
        (name) => specifier === name || specifier.startsWith(`${name}/`),
      );
      if (owner !== undefined && !source.file.startsWith(ADAPTERS[owner]))
        broken.push(`${source.file}: imports ${specifier}`);
    }
  return broken;
}

/**
 * The sentence "May import: `a`, `b`." of a folder's README, as paths from the root. A name is
 * looked for beside the folder first, then at the root; null when the README has no such sentence.
 */
export function mayImport(folder: string, readme: string): readonly string[] | null {
  const sentence = /May import:([^.]*(?:\.(?!\s)[^.]*)*)\./.exec(readme.replaceAll('\n', ' '));
  if (sentence === null) return null;
  return [...sentence[1].matchAll(/`([^`]+)`/g)].map(([, name]) => {
    const path = name.replace(/\/$/, '');
    return (FOLDERS as readonly string[]).includes(path) ? path : normalize(join(folder, path));
  });
}

/** Whether a file is `path`, or lies in the folder `path` or a folder inside of it. */
const isIn = (file: string, path: string): boolean => file === path || file.startsWith(`${path}/`);

/**
 * Folders inside of the five import what their README says, and the folders inside of them. A
 * folder's README covers the files of its subfolders that have none of their own.
 * @param readmes text of each README by the path of its folder
 */
export function nestedFoldersImportWhatTheirReadmeSays(
  sources: readonly Source[],
  readmes: ReadonlyMap<string, string>,
): string[] {
  const broken: string[] = [];
  const home = (file: string): string => {
    let folder = dirname(file);
    while (!readmes.has(folder) && folder !== '.') folder = dirname(folder);
    return folder;
  };
  for (const [source, to] of localImports(sources)) {
    const [from, target] = [home(source.file), home(to)];
    if (!from.includes('/') || from === target || target.startsWith(`${from}/`)) continue;
    const allowed = mayImport(from, readmes.get(from)!);
    const fine = allowed?.some((path) => isIn(to, bare(path)));
    if (fine !== true) broken.push(`${source.file}: imports ${to}, its README does not say so`);
  }
  return broken;
}

/** Files that import each other, directly or through others; types count, too. */
export function importsHaveNoCycles(sources: readonly Source[]): string[] {
  const next = new Map<string, readonly string[]>();
  for (const { file, imports } of production(sources))
    next.set(
      bare(file),
      imports.flatMap((i) => i.file ?? []),
    );
  const done = new Set<string>();
  const path: string[] = [];
  const broken: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) broken.push([...path.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const to of next.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return broken;
}

/**
 * Files that no way from an entry leads to.
 * @param entries files that are started or imported from outside, such as `cli/main.ts`
 */
export function everyFileIsReached(
  sources: readonly Source[],
  entries: readonly string[],
): string[] {
  const all = new Map(production(sources).map((source) => [bare(source.file), source]));
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const i of all.get(file)?.imports ?? []) if (i.file !== null) visit(i.file);
  };
  for (const entry of entries) visit(bare(entry));
  return [...all]
    .filter(([file]) => !reached.has(file))
    .map(([, { file }]) => `${file}: nothing that vfr runs leads here`);
}

const EXPORTED =
  /^export (?:declare )?(?:async )?(?:abstract )?(?:function\*?|const|let|class|enum) (\w+)/gm;

/**
 * Values that no other file imports: an export promises that somebody outside needs it. Types may be
 * exported with what has them in its signature; public faces (`index.ts`) export for users outside.
 * @param users all sources that may use an export, tests included
 */
export function everyExportIsUsed(sources: readonly Source[], users: readonly Source[]): string[] {
  const used = new Set<string>();
  const whole = new Set<string>();
  for (const { imports } of users)
    for (const { file, names } of imports) {
      if (file === null) continue;
      if (names === null) whole.add(file);
      for (const name of names ?? []) used.add(`${file}:${name}`);
    }
  const broken: string[] = [];
  for (const { file, text } of production(sources)) {
    if (file.endsWith('/index.ts') || whole.has(bare(file))) continue;
    for (const [, name] of text.matchAll(EXPORTED))
      if (!used.has(`${bare(file)}:${name}`)) broken.push(`${file}: nobody imports ${name}`);
  }
  return broken;
}

/** Files of these folders are named after the command, the view or the driver that they declare. */
const NAMED_BY_WHAT_THEY_DECLARE = ['cli/commands', 'analysis/sql', 'replay/model/drivers'];

/** Files of the same name in several folders: a search for a file by its name shows each concept once. */
export function fileNamesAreUnique(
  sources: readonly Source[],
  exceptions: readonly string[] = [],
): string[] {
  const files = new Map<string, string[]>();
  for (const { file } of production(sources)) {
    const name = basename(bare(file));
    if (name === 'index' || NAMED_BY_WHAT_THEY_DECLARE.includes(dirname(file))) continue;
    files.set(name, [...(files.get(name) ?? []), file]);
  }
  return [...files]
    .filter(([name, { length }]) => length > 1 && !exceptions.includes(name))
    .map(([name, places]) => `${name}: ${places.join(', ')}`);
}

/** What would make two runs differ: clocks, randomness, the environment, the file system. */
const IMPURE =
  /\b(?:Date\b|Math\.random|performance\.|process\.|setTimeout|setInterval|setImmediate|queueMicrotask|crypto\.|require\()|from 'node:/;
const WAITS = /\b(?:async |await |Promise\b)/;
const COMMENT = /^\s*(?:\*|\/\/|\/\*)/;

const replayLines = function* (sources: readonly Source[]): Generator<[string, string]> {
  for (const { file, text } of production(sources))
    if (folderOf(file) === 'replay')
      for (const line of text.split('\n')) if (!COMMENT.test(line)) yield [file, line];
};

export function replayIsPure(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const [file, line] of replayLines(sources))
    if (IMPURE.test(line) || WAITS.test(line)) broken.push(`${file}: ${line.trim()}`);
  return broken;
}

/** A variable of a module is shared by all replays of a process. */
export function replayHasNoModuleState(sources: readonly Source[]): string[] {
  const broken: string[] = [];
  for (const [file, line] of replayLines(sources))
    if (/^(?:export )?(?:let|var) /.test(line)) broken.push(`${file}: ${line}`);
  return broken;
}

export function filesAreSmall(sources: readonly Source[], linesMax: number): string[] {
  return production(sources)
    .map(({ file, text }) => ({ file, lines: text.split('\n').length }))
    .filter(({ lines }) => lines > linesMax)
    .map(({ file, lines }) => `${file}: ${lines} lines`);
}

const FUNCTION =
  /^(\s*)(?:export )?(?:(?:public|private|protected|static|override|get|set|async) )*(?:function\*? )?(?:const )?([#\w]+)\b[^;]*\{$/;
const NO_FUNCTION =
  /^\s*(?:if|for|while|switch|return|class|interface|type|enum|import|export \{)\b/;

/** Functions that do not fit a screen, as the formatter lays them out. */
export function functionsFitAScreen(sources: readonly Source[], linesMax: number): string[] {
  const broken: string[] = [];
  for (const { file, text } of production(sources)) {
    const lines = text.split('\n');
    for (const [i, line] of lines.entries()) {
      const match = FUNCTION.exec(line);
      if (match === null || NO_FUNCTION.test(line) || !/\)|=>/.test(line)) continue;
      const end = lines.findIndex((l, j) => j > i && l.startsWith(`${match[1]}}`));
      if (end - i > linesMax) broken.push(`${file}:${i + 1}: ${match[2]} has ${end - i} lines`);
    }
  }
  return broken;
}

export function linesFitAScreen(sources: readonly Source[], columnsMax: number): string[] {
  return production(sources).flatMap(({ file, text }) =>
    text
      .split('\n')
      .map((line, i) => ({ line, at: `${file}:${i + 1}` }))
      .filter(({ line }) => [...line].length > columnsMax && !/https?:/.test(line))
      .map(({ at }) => at),
  );
}

export function nothingIsLeftForLater(sources: readonly Source[]): string[] {
  const word = new RegExp(
    `\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`,
  );
  return sources.filter(({ text }) => word.test(text)).map(({ file }) => file);
}

/**
 * A value has one absence. With two, `null` and `undefined` mean different things that no reader can
 * tell apart; `'unknown'` or another word says what the second one is.
 */
export function valuesHaveOneAbsence(sources: readonly Source[]): string[] {
  const both = /\bnull \| undefined\b|\bundefined \| null\b/;
  return production(sources).flatMap(({ file, text }) =>
    text
      .split('\n')
      .flatMap((line, i) => (both.test(line) ? [`${file}:${i + 1}: null and undefined`] : [])),
  );
}
