/**
 * Bundles the program into `dist/vfr/`: one file instead of hundreds of modules, plus one for each
 * part that only some commands need. This halves the start-up time.
 *
 * Packages with native code are not bundled and stay next to their binaries.
 */
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { packageRoot } from './package.js';

/** With DEV=true, Ink connects to React's developer tools, which are not bundled. */
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
    // React's development build is slower, and its warnings are useless to users.
    'process.env.NODE_ENV': '"production"',
  },
  plugins: [withoutDevtools],
  // Some bundled packages are CommonJS and load parts of Node with `require`.
  banner: {
    js: `import { createRequire as makeRequire } from 'node:module';
const require = makeRequire(import.meta.url);`,
  },
  logLevel: 'warning',
});

/** The front end of `vfr serve`, from its sources: tsc does not compile what is for a browser. */
const page = join(root, 'cli', 'serve', 'page');
await build({
  entryPoints: [join(page, 'page.ts')],
  outdir: join(outdir, 'page'),
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  format: 'esm',
  platform: 'browser',
  target: ['chrome110', 'firefox115', 'safari16'],
  minify: true,
  logLevel: 'warning',
});
for (const file of ['index.html', 'page.css'])
  copyFileSync(join(page, file), join(outdir, 'page', file));

/**
 * To the shell the second line starts Node; to Node it is a string and a comment. If standard
 * output is closed, Node opens /dev/null in its place and treats every write as successful. The
 * shell therefore opens /dev/null for reading, so that writing fails.
 */
const LAUNCHER = `#!/bin/sh
':' //; { true 3>&1; } 2>/dev/null || exec 1</dev/null; exec node "$0" "$@"
`;
const main = join(outdir, 'main.js');
writeFileSync(main, LAUNCHER + readFileSync(main, 'utf8'));
chmodSync(main, 0o755);
