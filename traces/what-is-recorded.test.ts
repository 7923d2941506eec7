/**
 * Goal: what a recording could not record is told to whoever asks, and a damaged note is no crash.
 * Method: notes written and read back, and notes that somebody else wrote.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { notRecorded, recordedNotes, whatIsRecorded } from './index.js';

const refused = [
  { event: 'bind_store', group: 'binding', absent: true, reasons: ['no such function'] },
  { event: 'really_probe', group: 'binding', absent: false, reasons: ['drv: no such member'] },
];

test('notes give back what was put in', () => {
  const notes = recordedNotes({ groups: ['binding', 'vfio'], refused });
  expect(whatIsRecorded({ notes })).toEqual({ groups: ['binding', 'vfio'], refused });
  expect(whatIsRecorded({ notes: {} })).toBeNull();
});

test('a group is missing when it was not asked for or its probes were refused', () => {
  const notes = recordedNotes({ groups: ['binding', 'vfio'], refused });
  expect(notRecorded({ notes }, 'vfio')).toBeNull();
  expect(notRecorded({ notes }, 'binding')).toBe(
    'the kernel refused 1 probes of binding: bind_store',
  );
  expect(notRecorded({ notes }, 'sriov')).toBe('the probes of sriov were not asked for');
  expect(notRecorded({ notes: {} }, 'sriov')).toBeNull();
});

test('any text in the notes is read without an error', () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.string(), fc.json()), (groups, text) => {
      const notes = { 'probe groups': groups, 'refused probes': text };
      expect(whatIsRecorded({ notes })?.refused.every(({ reasons }) => reasons)).toBe(true);
    }),
  );
});
