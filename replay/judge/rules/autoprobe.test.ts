/**
 * Goal: a gate before the drivers of VFs that changed without a write is found where writes are
 * recorded, and nobody is blamed where they are not.
 * Method: a recording of a real kernel in which the gate was switched, without the first write or any.
 */
import { afterAll, expect, test } from 'vitest';
import { importedCapture } from '../../../tests/captures.js';
import { rowsOf, without } from '../../../tests/rewrite.js';
import { replay } from '../../index.js';

const AUTOPROBE = 'sriov_drivers_autoprobe';
const reader = importedCapture('many-writers-r2');
const rows = rowsOf(reader);
afterAll(() => reader.close());

/** The recording without any write of the flag, as one that tells which probes it was made with. */
function withoutWrites(notes: Readonly<Record<string, string>>) {
  const left = without(rows, (_, { name }) => name === AUTOPROBE, false);
  const { divergences, unknown } = replay(left.read(), { kernel: reader.meta.kernel, notes });
  return { unknown, found: divergences.map(({ path, actual }) => [path, actual]) };
}

test('a changed autoprobe gate is a divergence where the recording has all writes', () => {
  const [first, ...later] = withoutWrites({ 'probe groups': 'binding vfio' }).found;
  expect(first).toEqual(['0000:01:00.0/cause', 'nobody asked for this']);
  // The write that switched it on again is missing, too: each VF that is probed tells so.
  for (const [path] of later) expect(path).toMatch(/\/sriov\/autoprobe$/);
});

test.each([
  ['says nothing', {}],
  ['was made without probes of binding', { 'probe groups': 'vfio' }],
  [
    'lacks one of them',
    {
      'probe groups': 'binding',
      'refused probes': JSON.stringify([
        { event: AUTOPROBE, group: 'binding', absent: true, reasons: ['no such function'] },
      ]),
    },
  ],
])('a changed autoprobe gate is unknown where the recording %s', (_, notes) => {
  const { found, unknown } = withoutWrites(notes);
  expect(found).toEqual([]);
  expect(unknown).toBeGreaterThan(0);
});

test('a changed autoprobe gate is a divergence where another write was recorded', () => {
  const all = rowsOf(reader);
  const write = all.findIndex(({ name }) => name === AUTOPROBE);
  // The same write, again at the end.
  const late = [...all, { ...all[write] }];
  const left = without(late, (seq) => seq === write, false);
  const { divergences } = replay(left.read(), { kernel: reader.meta.kernel });
  expect(divergences.map(({ path, actual }) => [path, actual])).toEqual([
    ['0000:01:00.0/cause', 'nobody asked for this'],
  ]);
});
