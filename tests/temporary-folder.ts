/**
 * Gives all tests, and the programs that they start, a temporary folder of their own. It must be
 * empty when the tests have ended.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const PREFIX = 'vfr-tests-';

/** Each project calls this; the first one makes the folder, and removes it after all of them. */
export default function setUp(): (() => void) | undefined {
  if (basename(tmpdir()).startsWith(PREFIX)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  process.env.TMPDIR = folder;
  return () => {
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the tests left ${left.join(', ')} in ${folder}`);
  };
}
