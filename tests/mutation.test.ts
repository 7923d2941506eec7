/**
 * Goal: a replay notices when the kernel did something else than it must have: a prediction that
 * fits everything predicts nothing.
 * Method: judged events of recordings of real kernels, a few of each kind, are left out, repeated,
 * and changed in every field that is judged; the replay has to tell at that event or directly after
 * it. docs/replay.md has the figures of a longer run.
 */
import { describe, expect, test } from 'vitest';
import { importedCapture } from './captures.js';
import { type Tried, tryMutants } from './mutation-run.js';
import { isJudged } from './mutation-table.js';

const CAPTURES = [
  'sriov-on-r1',
  'k612-sriov-on-r1',
  'vfio-client-r1',
  'k612-vfio-client-r1',
  'nested-linux-r1',
  'many-writers-r2',
];
/** Events of each kind and recording. */
const PLACES = 2;

const tried = CAPTURES.flatMap((capture) => {
  const reader = importedCapture(capture);
  const found = tryMutants(capture, reader, PLACES, 11);
  reader.close();
  return found.filter(isJudged);
});

const seen = ({ outcome }: Tried) => outcome === 'exact' || outcome === 'later';

describe.each([
  ['changed', 0.97],
  ['deleted', 0.9],
  ['doubled', 0.9],
] as const)('a %s event', (how, least) => {
  const all = tried.filter((one) => one.mutation.type === how);

  test(`a mutated event is seen at once in ${least * 100} % of the cases`, () => {
    const missed = all
      .filter((one) => !seen(one))
      .map((one) => `${one.capture} ${one.seq} ${one.what} ${one.how}: ${one.outcome}`);
    expect(all.length).toBeGreaterThan(200);
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(all.length * (1 - least));
  });
});
