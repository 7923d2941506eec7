/**
 * End-to-end tests run the built program, so it is built once before any test. Types are not looked
 * at here: `npm run types` does that.
 *
 * All tests, and the programs that they start, have a temporary folder of their own, which has to be
 * empty at the end.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setUp(): () => void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'vfr-tests-'));
  process.env.TMPDIR = folder;
  return () => {
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the tests left ${left.join(', ')} in ${tmpdir()}`);
  };
}
