/** Failed system calls that the surrounding code did not convert into a VfrError. */
import type { VfrError } from '../traces/index.js';
import { isVfrError } from './exit-codes.js';

/** The same as an error with a next step, or null if it is a bug. */
export async function expectedError(error: unknown): Promise<VfrError | null> {
  if (isVfrError(error)) return error;
  if (!isSystemError(error)) return null;
  const { fileError } = await import('../traces/index.js');
  return fileError(error, error.path ?? `(${error.syscall})`, error.syscall);
}

type SystemError = NodeJS.ErrnoException & { readonly code: string; readonly syscall: string };

/** Node's own errors, such as wrong arguments, have no errno. */
const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error && 'errno' in error && 'code' in error && 'syscall' in error;
