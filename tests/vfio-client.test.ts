/**
 * Goal: the kernel that runs does for a user of VFIO what real kernels did, event by event.
 * Method: what each process of a recording did is done again by an actor on the functions of the
 * snapshot; every event of VFIO is compared, what the kernel writes to the hardware among them. Taken
 * from the recording are the operations, what resets of a function return, and memory that could not be
 * pinned.
 */
import { describe, expect, test } from 'vitest';
import { readRecording } from '../replay/enact/recording.js';
import { importedCapture } from './captures.js';
import { traceOf } from './cross-judge.js';
import { rowsOf } from './rewrite.js';
import { clientsOf, comparable, runOf } from './vfio-client.js';

describe.each([
  ['vfio-client-r1', '6.1', 7],
  ['k612-vfio-client-r1', '6.12', 6],
  ['k612.74-vfio-client-r1', '6.12.74', 7],
] as const)('%s', (capture, kernel, count) => {
  const reader = importedCapture(capture);
  const recording = readRecording(reader.read());
  const rows = rowsOf(reader).map((row, seqOf) => ({ ...row, seqOf }));
  const clients = [...clientsOf(rows)];

  test('the recording has as many processes that opened a device as clients ran', () =>
    expect(clients).toHaveLength(count));

  test.each(clients)('process %i does with %s what it did', (pid, address) => {
    const recorded = comparable(rows.filter((row) => row.pid === pid));
    const run = rowsOf(traceOf(runOf(recording, rows, pid, address, kernel), 1));
    const done = comparable(run.filter(({ kind }) => kind !== 'snapshot'));
    const at = recorded.findIndex((event, i) => event !== done[i]);
    expect({ at, recorded: recorded[at], done: done[at] }).toEqual({ at: -1 });
    expect(done).toHaveLength(recorded.length);
    expect(recorded.length).toBeGreaterThan(10);
  });
});
