/**
 * End-to-end tests run the built program, so it is built once before any test. Types are not looked
 * at here: `npm run types` does that.
 */
import { execFileSync } from 'node:child_process';

export default function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
