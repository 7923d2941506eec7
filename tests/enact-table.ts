/**
 * The captures of real kernels run again, as the table of docs/kernel.md has them:
 *
 *   node dist/tests/enact-table.js
 */
import { readdirSync } from 'node:fs';
import { type Enacted, enact } from '../replay/index.js';
import { importedCapture } from './captures.js';
import { isProgram } from './sweeps/options.js';

/** Captures that are text of tracefs with a snapshot of the machine. */
export const CAPTURES: readonly string[] = readdirSync('tests/data/captures', {
  withFileTypes: true,
})
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

export function enactedCapture(capture: string): Enacted {
  const reader = importedCapture(capture);
  return enact(reader.read(), reader.meta.kernel ?? 'unknown');
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);

/** One line of the table. */
export function rowOf(capture: string, enacted: Enacted): string {
  const { compared, equal, notReached, first, skippedFunctions } = enacted;
  const of = notReached === 0 ? String(compared) : `${compared} of ${compared + notReached}`;
  const cells = [capture, of, equal, sum(skippedFunctions), first === null ? '' : first.seq];
  return `| ${cells.join(' | ')} |`.replace('|  |', '| |');
}

if (isProgram(import.meta)) {
  for (const capture of CAPTURES) console.log(rowOf(capture, enactedCapture(capture)));
}
