/**
 * Goal: a replay notices when the kernel did something else than it must have: a prediction that
 * fits everything predicts nothing.
 * Method: one response of a recording is changed (an errno, a driver, a value, an address) at random
 * places; the first divergence of the replay has to be that very event.
 */
import { describe, expect, test } from 'vitest';
import { type Checkpoint, Replayer } from '../replay/index.js';
import type { Batch, TraceReader } from '../traces/index.js';
import { importedCapture } from './captures.js';
import { type Mutation, mutate, mutationOf, randomNumbers } from './mutation.js';

const CAPTURES = [
  'sriov-on-r1',
  'sriov-off-r1',
  'sriov-tracecmd-r2',
  'k612-sriov-on-r1',
  'udev-r1',
  'vfio-client-r1',
  'k612-vfio-client-r1',
  'nested-linux-r1',
  'dma-fault-r1',
];
/** Changed responses per recording; together more than 200. */
const PLACES = 24;
/** Events after the changed one in which it may come to light. */
const AFTER = 2000;
/** Share of the changes that must be told exactly. */
const SHARE_MIN = 0.95;

/** Every change that can be made to a recording, and a checkpoint every so many events. */
function survey(reader: TraceReader, batches: readonly Batch[]) {
  const random = randomNumbers(7);
  const drivers = reader.dictionaries.driver;
  const mutations: Mutation[] = [];
  const replayer = new Replayer({
    kernel: reader.meta.kernel,
    observe: (e, verdict) => {
      const mutation = mutationOf(e, verdict, drivers, random);
      if (mutation !== null) mutations.push(mutation);
    },
  });
  const checkpoints: Checkpoint[] = [];
  for (const batch of batches) {
    const end = batch.seqFirst + batch.rows;
    for (let from: number = batch.seqFirst; from < end; from += 500) {
      checkpoints.push(replayer.checkpoint());
      replayer.feed(batch, from + 500);
    }
  }
  return { mutations, checkpoints };
}

/** The first divergence when one response is changed; null when there is none. */
function firstDivergence(
  reader: TraceReader,
  batches: readonly Batch[],
  from: Checkpoint,
  mutation: Mutation,
): number | null {
  const { kernel } = reader.meta;
  const replayer = new Replayer({ kernel, until: mutation.seq + AFTER }, from);
  for (const batch of batches) {
    const inside = mutation.seq >= batch.seqFirst && mutation.seq < batch.seqFirst + batch.rows;
    replayer.feed(inside ? mutate(batch, mutation) : batch);
  }
  return replayer.result().divergences[0]?.seq ?? null;
}

interface Missed extends Mutation {
  readonly found: number | null;
}

function check(capture: string): { tried: number; missed: Missed[] } {
  const reader = importedCapture(capture);
  const batches = [...reader.read()];
  const { mutations, checkpoints } = survey(reader, batches);
  const random = randomNumbers(capture.length * 31 + 5);
  const missed: Missed[] = [];
  for (let i = 0; i < PLACES; i++) {
    const mutation = mutations[random(mutations.length)];
    const from = checkpoints.findLast(({ seq }) => seq <= mutation.seq) ?? checkpoints[0];
    const found = firstDivergence(reader, batches, from, mutation);
    if (found !== mutation.seq) missed.push({ ...mutation, found });
  }
  reader.close();
  return { tried: PLACES, missed };
}

describe('a changed response', () => {
  test('is the first divergence', () => {
    const results = CAPTURES.map((capture) => ({ capture, ...check(capture) }));
    const tried = results.reduce((sum, r) => sum + r.tried, 0);
    const missed = results.flatMap((r) =>
      r.missed.map(
        ({ seq, kind, phase, name, column, to, found }) =>
          `${r.capture} ${seq} ${kind} ${phase} ${name}: ${column} to ${to}, found ${found}`,
      ),
    );
    expect(tried).toBeGreaterThan(200);
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(tried * (1 - SHARE_MIN));
  });
});
