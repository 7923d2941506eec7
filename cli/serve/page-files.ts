/** The files of the page, which the build puts next to the program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { PALETTE } from '../../analysis/index.js';
import { packageRoot } from '../package.js';

export interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** The files by their names in the address; the page itself has an empty one. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const folder = join(packageRoot(), 'dist', 'vfr', 'page');
  if (!existsSync(folder)) throw new Error(`the page was not built: ${folder} is missing`);
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const bytes = readFileSync(join(folder, name));
    files.set(name === 'index.html' ? '' : name, { type, bytes });
  }
  files.set('palette.css', { type: TYPES['.css'], bytes: Buffer.from(PALETTE) });
  return files;
}
