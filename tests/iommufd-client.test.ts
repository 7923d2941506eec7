/**
 * Goal: the kernel that runs does for a user of character devices what real kernels did, event by
 * event, and an iommufd answers with the same numbers and addresses.
 * Method: what each process of a recording did is done again by an actor, until it came to a device by
 * its group. Taken from the recording are the operations, what resets return, and errors of memory and
 * of the IOMMU's hardware. Two processes are left out: a native driver had changed the configuration
 * space of one's device since the snapshot, and the other's reset of a bus failed in hardware.
 */
import { describe, expect, test } from 'vitest';
import { readRecording } from '../replay/enact/recording.js';
import { importedCapture } from './captures.js';
import { traceOf } from './cross-judge.js';
import { answersOf, cdevClientsOf, cdevRunOf, partOf, recordedBy } from './iommufd-client.js';
import { rowsOf } from './rewrite.js';
import { comparable } from './vfio-client.js';

describe.each([
  ['iommufd-cdev-r1', '6.12.117', [1101, 1146]],
] as const)('%s', (capture, kernel, leftOut) => {
  const reader = importedCapture(capture);
  const recording = readRecording(reader.read());
  const rows = rowsOf(reader).map((row, seqOf) => ({ ...row, seqOf }));
  const isRecorded = recordedBy(rows);
  const clients = cdevClientsOf(rows).filter(
    ([pid]) => !(leftOut as readonly number[]).includes(pid),
  );

  test('the recording has nine other processes that bound a device', () =>
    expect(clients).toHaveLength(9));

  test.each(
    clients.map((pids) => [pids[0], pids] as const),
  )('process %i does with character devices what it did', (_, pids) => {
    const { part } = partOf(rows, pids);
    const run = rowsOf(traceOf(cdevRunOf(recording, rows, pids, kernel), 1));
    const recorded = comparable(part.filter(isRecorded));
    const done = comparable(run.filter((e) => e.kind !== 'snapshot' && isRecorded(e)));
    const at = recorded.findIndex((event, i) => event !== done[i]);
    expect({ at, recorded: recorded[at], done: done[at] }).toEqual({ at: -1 });
    expect(done).toHaveLength(recorded.length);
    expect(answersOf(run)).toEqual(answersOf(part));
  });
});
