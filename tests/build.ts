/**
 * Builds the program once, before the tests that start it. Types are not checked here: `npm run types`
 * does that.
 */
import { execFileSync } from 'node:child_process';

export default function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
