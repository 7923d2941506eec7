import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export const FOLDERS = ['traces', 'recorder', 'replay', 'analysis', 'cli'] as const;
export type Folder = (typeof FOLDERS)[number];

export interface Import {
  /** As written: a package, `node:…`, or a relative path. */
  readonly specifier: string;
  /** The file that it leads to, from the root and without extension; null for packages. */
  readonly file: string | null;
  /** It imports types only and leaves no trace in the compiled program. */
  readonly typeOnly: boolean;
  /** Names as the imported file exports them; null when all are meant (`* as`, `import()`). */
  readonly names: readonly string[] | null;
}

export interface Source {
  /** Path from the root of the project, such as `traces/trace-reader.ts`. */
  readonly file: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly test: boolean;
}

const STATIC = /(?:^|\n)(import|export)\s+(type\s+)?([^'";]*?)\s*from\s*'([^']+)'/g;
const DYNAMIC = /(?:const|let)?\s*(\{[^{}]*\})?\s*=?\s*(?:await\s+)?\bimport\(\s*'([^']+)'\s*\)/g;
const BARE = /(?:^|\n)import\s+'([^']+)'/g;

/** A source file as the laws see it. `file` decides where its relative imports lead. */
export function parseSource(file: string, text: string): Source {
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, names: readonly string[] | null) =>
    imports.push({ specifier, file: resolve(file, specifier), typeOnly, names });
  for (const [, , type, clause, specifier] of text.matchAll(STATIC)) {
    const named = /\{([^}]*)\}/.exec(clause)?.[1];
    const parts = (named ?? '').split(',').map((part) => part.trim());
    const written = parts.filter((part) => part !== '');
    const allTypes = written.length > 0 && written.every((part) => part.startsWith('type '));
    const names = clause.includes('*')
      ? null
      : written.map((part) =>
          part
            .replace(/^type /, '')
            .split(' as ')[0]
            .trim(),
        );
    const onlyNamed = clause.trim().startsWith('{');
    add(specifier, type !== undefined || (onlyNamed && allTypes), names);
  }
  for (const [, clause, specifier] of text.matchAll(DYNAMIC)) {
    const parts = clause?.slice(1, -1).split(',') ?? null;
    const names = parts?.map((part) => part.split(':')[0].trim()).filter((name) => name !== '');
    add(specifier, false, names ?? null);
  }
  for (const [, specifier] of text.matchAll(BARE)) add(specifier, false, []);
  return { file, text, imports, test: /\.test\.tsx?$/.test(file) };
}

function resolve(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return bare(normalize(join(dirname(from), specifier)));
}

/** All TypeScript below a folder of the project, in the order of their paths. */
export function readSources(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .sort()
    .map((name) => join(folder, name))
    .map((file) => parseSource(file, readFileSync(file, 'utf8')));
}

/** A path without its extension: imports name what the compiler makes (`.js`) of a source. */
export const bare = (file: string): string => file.replace(/\.(?:js|tsx?)$/, '');

export const folderOf = (file: string): string => file.slice(0, file.indexOf('/'));
