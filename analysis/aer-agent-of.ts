import { aerAgent } from '../replay/index.js';
import type { Batch } from '../traces/index.js';

/**
 * Which agent of the transaction reports an error of PCI Express, as the recorded kernel names it.
 * @param row of an event of kind `fault.aer`
 * @param release of the kernel; undefined when the trace does not state it
 * @returns null when the event does not show it
 */
export function aerAgentOf(batch: Batch, row: number, release: string | undefined): string | null {
  const value = batch.column('value');
  const report = {
    name: batch.column('name').at(row),
    text: batch.column('text').text(row),
    value: value.has(row) ? value.big(row) : null,
  };
  return aerAgent(report, release ?? null);
}
