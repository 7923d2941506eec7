/**
 * What went wrong, in the terms of the exit codes that the `vfr` program promises:
 * `usage` 2, `damaged` and `incomplete` and `unreadable` 3, `unsupported` 4.
 */
export type ErrorKind = 'usage' | 'damaged' | 'incomplete' | 'unreadable' | 'unsupported';

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
    readonly kind: ErrorKind,
    readonly code: string,
    readonly what: string,
    readonly next: string,
    readonly place: Place = {},
    options?: ErrorOptions,
  ) {
    super(`${formatPlace(place)}${what}`, options);
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
  const [kind, what, next] = FILE_ERRORS[code] ?? [
    'unreadable',
    `${doing} failed with ${code}`,
    'Check the file and the disk it is on.',
  ];
  return new VfrError(kind, `FILE_${code}`, what, next, { file }, { cause: error });
}

const FILE_ERRORS: Record<string, readonly [ErrorKind, string, string]> = {
  ENOENT: ['unreadable', 'no such file or directory', 'Check the path.'],
  EACCES: ['unreadable', 'permission denied', 'Change the permissions or run as another user.'],
  EPERM: ['unreadable', 'operation not permitted', 'Change the permissions or run as root.'],
  EISDIR: ['unreadable', 'is a directory', 'Name a file instead.'],
  ENOTDIR: ['unreadable', 'a part of the path is not a directory', 'Check the path.'],
  ENOSPC: ['unreadable', 'no space left on the device', 'Free some space and try again.'],
  EROFS: ['unreadable', 'the file system is read-only', 'Choose another place.'],
  EBADF: ['unreadable', 'it is closed, or not open for this', 'Open it, or name a file.'],
  ENAMETOOLONG: ['unreadable', 'the name is too long', 'Choose a shorter one.'],
  ELOOP: ['unreadable', 'the links lead in a circle', 'Check where they lead with `ls -l`.'],
  EMFILE: ['unsupported', 'too many open files', 'Allow more: `ulimit -n 1024`.'],
  ENFILE: ['unsupported', 'too many open files on this machine', 'End other programs.'],
  ENOMEM: ['unsupported', 'out of memory', 'End other programs, or take a part of the input.'],
};
