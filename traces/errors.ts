import { type ErrorCode, type ErrorKind, errorKind } from './error-catalogue.js';

/** Where it went wrong; every part that is known is given. */
export interface Place {
  readonly file?: string;
  /** Byte offset in the file. */
  readonly offset?: number;
  /** Line number, from 1. */
  readonly line?: number;
}

/**
 * An expected failure. It carries a stable code (documented in docs/errors.md), a sentence that
 * says what is wrong, where, and what to do next. Programmer errors are assertions instead.
 */
export class VfrError extends Error {
  override readonly name = 'VfrError';

  constructor(
    readonly code: ErrorCode,
    readonly what: string,
    readonly next: string,
    readonly place: Place = {},
    options?: ErrorOptions,
  ) {
    super(`${formatPlace(place)}${what}`, options);
  }

  get kind(): ErrorKind {
    return errorKind(this.code);
  }
}

function formatPlace(place: Place): string {
  if (place.file === undefined) return '';
  const file = place.file === '' ? '""' : place.file;
  const line = place.line === undefined ? '' : `:${place.line}`;
  const offset = place.offset === undefined ? '' : ` at byte ${place.offset}`;
  return `${file}${line}${offset}: `;
}

/** Turns a failed system call on a file into an error that says what to do about it. */
export function fileError(error: unknown, file: string, doing: string): VfrError {
  const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
  const [what, next] = FILE_ERRORS[code] ?? [
    `${doing} failed with ${code}`,
    'Check the file and the disk it is on.',
  ];
  return new VfrError(`FILE_${code}` as ErrorCode, what, next, { file }, { cause: error });
}

const FILE_ERRORS: Record<string, readonly [string, string]> = {
  ENOENT: ['no such file or directory', 'Check the path.'],
  EACCES: ['permission denied', 'Change the permissions or run as another user.'],
  EPERM: ['operation not permitted', 'Change the permissions or run as root.'],
  EISDIR: ['is a directory', 'Name a file instead.'],
  ENOTDIR: ['a part of the path is not a directory', 'Check the path.'],
  ENOSPC: ['no space left on the device', 'Free some space and try again.'],
  EROFS: ['the file system is read-only', 'Choose another place.'],
  EBADF: ['it is closed, or not open for this', 'Open it, or name a file.'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter one.'],
  ELOOP: ['the links lead in a circle', 'Check where they lead with `ls -l`.'],
  EMFILE: ['too many open files', 'Allow more: `ulimit -n 1024`.'],
  ENFILE: ['too many open files on this machine', 'End other programs.'],
  ENOMEM: ['out of memory', 'End other programs, or take a part of the input.'],
};
