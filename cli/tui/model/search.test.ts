/**
 * Goal: a search finds the events that have the text in one of their strings, and no others.
 * Method: random small traces of several batches, and each event looked at by itself.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../../tests/build-trace.js';
import { eventsWith } from './search.js';

const word = fc.constantFrom('vfio-PCI', 'nvme', 'Ärger', 'a', 'ab', '');
const maybe = fc.option(word, { nil: undefined });
const event = fc.record({ task: maybe, device: maybe, driver: maybe, name: maybe, text: maybe });
const given = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));

test('a search finds what is there, in any case of letters', async () => {
  const needle = fc.constantFrom('VFIO', 'pci', 'ärg', 'AB', 'a', 'mark', 'zzz', 'nvmea');
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 30 }), needle, async (events, text) => {
      const rows = events.map((row): EventRow => ({ kind: 'mark', ...given(row) }));
      const reader = traceOf(rows, { batchRows: 7 });
      const strings = rows.map(({ kind, task, device, driver, name, text: said }) =>
        [kind, task, device, driver, name, said].map((s) => s?.toLowerCase()),
      );
      const expected = strings.flatMap((of, seq) =>
        of.some((s) => s?.includes(text.toLowerCase())) ? [seq] : [],
      );
      expect([...(await eventsWith(reader, text))]).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});
