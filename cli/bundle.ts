/**
 * Bundles the program into `dist/vfr/`: one file instead of the hundreds that it is made of, and
 * one more for each part that only some commands need. Starting it takes half the time.
 *
 * Packages with native code stay outside, where their binaries are.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { packageRoot } from './package.js';

/** Ink connects to React's developer tools, which are not there, when a user has DEV=true. */
const withoutDevtools: Plugin = {
  name: 'without-devtools',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/devtools\.js$/ }, () => ({ path: 'devtools', namespace: 'empty' }));
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: '' }));
    const contents = 'export const isDev = () => false;';
    onLoad({ filter: /\/ink\/build\/utils\.js$/ }, () => ({ contents }));
  },
};

const root = packageRoot();
const outdir = join(root, 'dist', 'vfr');
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: {
    main: join(root, 'dist', 'cli', 'main.js'),
    // The process in which users' SQL runs.
    'sql-child': join(root, 'dist', 'analysis', 'bounded', 'query-child.js'),
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.15',
  sourcemap: false,
  external: ['@duckdb/*', 'zstd-napi'],
  define: {
    // React's development build is slower, and warns of what no user can change.
    'process.env.NODE_ENV': '"production"',
  },
  plugins: [withoutDevtools],
  // Some packages inside are CommonJS and ask for parts of Node by `require`.
  banner: {
    js: `import { createRequire as makeRequire } from 'node:module';
const require = makeRequire(import.meta.url);`,
  },
  logLevel: 'warning',
});

/**
 * For the shell the second line starts Node, for Node it is a string and a comment. Node opens
 * /dev/null in the place of a standard output that is closed, and takes what is written for
 * written; the shell opens it for reading, so that writing fails.
 */
const LAUNCHER = `#!/bin/sh
':' //; { true 3>&1; } 2>/dev/null || exec 1</dev/null; exec node "$0" "$@"
`;
const main = join(outdir, 'main.js');
writeFileSync(main, LAUNCHER + readFileSync(main, 'utf8'));
chmodSync(main, 0o755);
