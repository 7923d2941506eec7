/** Refuses what only a terminal can show. */

export const hasTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

/** @throws VfrError `NO_TERMINAL` when standard input or output is not one */
export async function requireTerminal(what: string): Promise<void> {
  if (hasTerminal()) return;
  const { VfrError } = await import('../traces/index.js');
  const next = 'Run it in one, or print the events with `vfr events`.';
  throw new VfrError('NO_TERMINAL', `${what} needs a terminal`, next);
}
