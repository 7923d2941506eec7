import { type Command, InvalidArgumentError } from 'commander';

/** A kernel release as `uname -r` prints it, such as `6.1.0-56-amd64`; `6.12` is enough. */
export function parseRelease(text: string): string {
  if (/^\d+\.\d+/.test(text)) return text;
  throw new InvalidArgumentError('Write it like 6.12, or as uname -r prints it.');
}

/** Adds `--kernel` to a command that judges a trace by the rules of its kernel. */
export const kernelOption = (command: Command): Command =>
  command.option(
    '--kernel <release>',
    'kernel that was recorded, when the trace does not say',
    parseRelease,
  );
