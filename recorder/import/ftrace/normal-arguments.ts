/** The arguments of a system call in one form for all inputs. */
export function normalArguments(text: string): string {
  const bare = text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1) : text;
  const plain = bare.includes('=') ? plainFields(bare) : bare;
  return plain.replace(/(?:: |=)(?:0x)?0*([0-9a-f]+),?(?= |$)/g, ': 0x$1,').replace(/,$/, '');
}

/**
 * Fields without the number of the call. With the option `fields`, numbers are printed twice, and
 * pointers to strings in parentheses.
 */
const plainFields = (text: string): string =>
  text
    .replace(/^__syscall_nr=\w+ /, '')
    .replace(/(?:^| )\(-?\d+\)/g, '')
    .replace(/=\((0x[0-9a-f]+)\)/g, '=$1')
    .trimStart();
