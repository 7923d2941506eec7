import { InvalidArgumentError } from 'commander';

/** A kernel release as `uname -r` prints it, such as `6.1.0-56-amd64`; `6.12` is enough. */
export function parseRelease(text: string): string {
  if (/^\d+\.\d+/.test(text)) return text;
  throw new InvalidArgumentError('Write it like 6.12, or as uname -r prints it.');
}
