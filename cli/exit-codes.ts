/** Exit codes of the `vfr` program; scripts and CI rely on them. */
import type { ErrorKind, VfrError } from '../traces/index.js';

export const EXIT = {
  fine: 0,
  /** A race, a divergence, a difference, damage that `vfr verify` found. */
  finding: 1,
  usage: 2,
  /** The input is damaged or unreadable, or `--strict` was given and it is incomplete. */
  input: 3,
  /** Not possible on this machine: no root, no tracefs. */
  unsupported: 4,
  internal: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of each kind of expected failure. */
export const EXIT_BY_KIND: Record<ErrorKind, ExitCode> = {
  usage: EXIT.usage,
  input: EXIT.input,
  unsupported: EXIT.unsupported,
};

/** The exit code of an error of any origin. */
export function exitCodeOf(error: unknown): ExitCode {
  return isVfrError(error) ? EXIT_BY_KIND[error.kind] : EXIT.internal;
}

/**
 * Recognises a VfrError by its name. `instanceof` would load the trace library, and with it native
 * code, for every `--help`.
 */
export function isVfrError(error: unknown): error is VfrError {
  return error instanceof Error && error.name === 'VfrError';
}

/** Sets the exit code for a command that found what it searched for. Traces left out count more. */
export function reportFinding(): void {
  if (process.exitCode !== EXIT.input) process.exitCode = EXIT.finding;
}

/** Sets the exit code for a command that answers for some of its traces, and had to omit others. */
export function reportOmission(): void {
  process.exitCode = EXIT.input;
}
