/** End-to-end tests run the built program, so it is built once before any test. */
import { execFileSync } from 'node:child_process';

export default function build(): void {
  execFileSync('npx', ['tsc', '-p', 'tsconfig.json'], { stdio: 'inherit' });
}
