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

/** Kernels of captures with users of VFIO, whose text does not name them. */
const KERNELS: Readonly<Record<string, string>> = {
  'aer-bus-r1': '6.12.117',
  'igb-races-r1': '6.12.117',
  'igb-sriov-r1': '6.12.117',
  'iommufd-cdev-r1': '6.12.117',
  'k612.74-vfio-client-r1': '6.12.74',
  'k73-iommufd-cdev-r1': '7.3.4',
  'virtio-vfio-r1': '6.12.117',
};

export function enactedCapture(capture: string): Enacted {
  const reader = importedCapture(capture);
  return enact(reader.read(), reader.meta.kernel ?? KERNELS[capture] ?? 'unknown');
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);

/** One line of the table. */
export function rowOf(capture: string, enacted: Enacted): string {
  const { compared, equal, notReached, first, skipped, skippedShare } = enacted;
  const of = notReached === 0 ? String(compared) : `${compared} of ${compared + notReached}`;
  const share = `${(100 * skippedShare).toFixed(2)} %`;
  const cells = [capture, of, equal, sum(skipped), share, first === null ? '' : first.seq];
  return `| ${cells.join(' | ')} |`.replace('|  |', '| |');
}

if (isProgram(import.meta)) {
  for (const capture of CAPTURES) console.log(rowOf(capture, enactedCapture(capture)));
}
