/**
 * Goal: what a recording lacks makes responses unknown, never wrong: a replay of an incomplete
 * recording blames nobody.
 * Method: recordings of real kernels that replay without a divergence, with parts taken away: the
 * snapshot, the beginning, and pieces in the middle that the recorder noticed it lost.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { importedCapture } from '../../../tests/captures.js';
import { randomNumbers } from '../../../tests/mutation.js';
import { rowsOf, without } from '../../../tests/rewrite.js';
import type { TraceReader } from '../../../traces/index.js';
import { replay } from './replayer.js';

const CAPTURES = [
  'sriov-on-r1',
  'k612-sriov-on-r1',
  'udev-r1',
  'many-writers-r2',
  'vfio-client-r1',
  'nested-linux-r1',
];

const BINDING: ReadonlySet<string> = new Set([
  'match',
  'probe',
  'bind',
  'unbind',
  'override',
  'sysfs.write',
  'device.add',
  'device.remove',
  'sriov.enable',
  'vf.add',
  'vf.remove',
]);

const divergences = (reader: TraceReader) => {
  const result = replay(reader.read());
  return result.divergences.map((d) => `${d.seq} ${d.kind} ${d.name} ${d.expected} | ${d.actual}`);
};

describe.each(CAPTURES)('%s', (capture) => {
  const reader = importedCapture(capture);
  const rows = rowsOf(reader);
  afterAll(() => reader.close());

  test('a recording replays as recorded', () => {
    expect(divergences(without(rows, () => false, false))).toEqual([]);
  });

  test('a recording without its snapshot', () => {
    expect(divergences(without(rows, (_, row) => row.kind === 'snapshot', false))).toEqual([]);
  });

  test('a recording begun in the middle, without a snapshot', () => {
    for (const share of [0.2, 0.5, 0.7]) {
      const from = Math.floor(rows.length * share);
      expect(divergences(without(rows, (seq) => seq < from, false))).toEqual([]);
    }
  });

  test('a recording begun long after its snapshot', () => {
    for (const share of [0.2, 0.5, 0.7]) {
      const from = Math.floor(rows.length * share);
      const late = without(rows, (seq, row) => seq < from && row.kind !== 'snapshot', false);
      expect(divergences(late)).toEqual([]);
    }
  });

  test('a recording made without one of the probes of binding', () => {
    const binding = rows.filter(({ kind }) => BINDING.has(kind));
    const names = new Set(binding.map(({ name }) => name ?? ''));
    const blamed = [...names].flatMap((missing) => {
      const found = divergences(without(rows, (_, row) => row.name === missing, false));
      return found.slice(0, 1).map((d) => `without ${missing}: ${d} (${found.length})`);
    });
    expect(blamed).toEqual([]);
  });

  test('a recording with losses that were noticed', () => {
    const random = randomNumbers(rows.length);
    for (let i = 0; i < 3; i++) {
      const from = 200 + random(rows.length - 400);
      const to = from + 1 + random(150);
      const lossy = without(rows, (seq) => seq >= from && seq < to, true);
      expect(divergences(lossy), `${from} to ${to}`).toEqual([]);
    }
  });
});
