/** Reports errors on stderr: what and where, the next step, and the code. */
import type { VfrError } from '../traces/index.js';
import { isVfrError } from './exit-codes.js';
import { note, noteLines } from './output.js';
import { printable } from './printable.js';

export function printError(error: unknown): void {
  if (isVfrError(error)) {
    printWhat(error);
    note(`     ${error.next} (${error.code})`);
    return;
  }
  const trace = error instanceof Error ? String(error.stack) : String(error);
  noteLines(lines(`vfr: internal error: ${trace}`).join('\n'));
  note('     This is a bug in vfr. Report it with the command line and the message above.');
}

/** DuckDB's messages point to a position on the line below; all other messages have one line. */
function printWhat({ message, what, code }: VfrError): void {
  if (code !== 'SQL_FAILED' || !message.endsWith(what)) {
    note(`vfr: ${message}`, 'red');
    return;
  }
  const [first, ...rest] = lines(`vfr: ${message}`);
  note(first, 'red');
  for (const line of rest) note(`     ${line}`, 'red');
}

const lines = (text: string) => text.split('\n').map(printable);
