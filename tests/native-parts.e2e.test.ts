/**
 * Goal: no binary comes onto the machine that the lock file does not cover. Method: zstd-napi's
 * install script asks prebuild-install whether to download; here its own configuration is read, the
 * way that script does, in the repository and as a global installation lays the package out.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from './build-trace.js';

const ROOT = join(import.meta.dirname, '..');
const RC = join(ROOT, 'node_modules', 'prebuild-install', 'rc.js');

function buildsFromSource(folder: string): unknown {
  const env = { PATH: process.env.PATH, HOME: folder };
  const ask = `JSON.stringify(require(${JSON.stringify(RC)})(require('./package.json')))`;
  const run = execFileSync(process.execPath, ['-p', ask], { cwd: folder, env, encoding: 'utf8' });
  return JSON.parse(run).buildFromSource;
}

describe('zstd-napi is compiled from its sources', () => {
  test('npm ci in the repository compiles zstd-napi from its sources', () => {
    expect(buildsFromSource(join(ROOT, 'node_modules', 'zstd-napi'))).toBe(true);
  });

  test('a global installation of the package compiles zstd-napi from its sources', () => {
    const { files } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(files).toContain('.prebuild-installrc');
    const vfr = join(scratchFolder(), 'lib', 'node_modules', 'vfr');
    const native = join(vfr, 'node_modules', 'zstd-napi');
    mkdirSync(native, { recursive: true });
    const description = join('zstd-napi', 'package.json');
    copyFileSync(join(ROOT, 'node_modules', description), join(native, 'package.json'));
    expect(buildsFromSource(native)).toBe(false);
    copyFileSync(join(ROOT, '.prebuild-installrc'), join(vfr, '.prebuild-installrc'));
    expect(buildsFromSource(native)).toBe(true);
  });
});
