/** The package that the program runs from. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder with the package.json, for a program that runs from sources or from a build. */
export function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('the program was taken out of its package');
    folder = above;
  }
  return folder;
}

export const version = (): string =>
  JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version;
