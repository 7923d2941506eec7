import { type ErrorCode, type ErrorKind, errorFacts } from './error-catalogue.js';

/** Where an error happened; fields that are not known are omitted. */
export interface ErrorLocation {
  readonly file?: string;
  /** Byte offset in the file. */
  readonly offset?: number;
  /** Line number, from 1. */
  readonly line?: number;
}

/**
 * An expected failure. It has a stable code (see docs/errors.md), a sentence that says what is
 * wrong, a place, and the next step. Programming errors are assertions instead.
 */
export class VfrError extends Error {
  override readonly name = 'VfrError';

  constructor(
    readonly code: ErrorCode,
    readonly what: string,
    readonly next: string,
    readonly place: ErrorLocation = {},
    options?: ErrorOptions,
  ) {
    super(`${formatPlace(place)}${what}`, options);
  }

  /** System calls that are not in the list fail because of the input. */
  get kind(): ErrorKind {
    return errorFacts(this.code)?.kind ?? 'input';
  }
}

function formatPlace(place: ErrorLocation): string {
  if (place.file === undefined) return '';
  const file = place.file === '' ? '""' : place.file;
  const line = place.line === undefined ? '' : `:${place.line}`;
  const offset = place.offset === undefined ? '' : ` at byte ${place.offset}`;
  return `${file}${line}${offset}: `;
}

/** Converts a failed system call on a file into an error with a next step. */
export function fileError(error: unknown, file: string, doing: string): VfrError {
  const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
  const code = `FILE_${errno}` as ErrorCode;
  const { what, next } = errorFacts(code)?.message ?? {
    what: `${doing} failed with ${errno}`,
    next: 'Check the file and the disk it is on.',
  };
  return new VfrError(code, what, next, { file }, { cause: error });
}
