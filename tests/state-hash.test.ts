/**
 * Goal: the same recording gives the same hash of verdicts and state, on every machine and version of
 * Node; a change of the models that changes what they say of a recording is noticed.
 * Method: pinned hashes of the shipped recordings, found equal on Node 20, 22 and 24. A model that
 * predicts more, or better, moves them: then look at what moved, and pin the new ones.
 */
import { expect, test } from 'vitest';
import { replay } from '../replay/index.js';
import { importedCapture } from './captures.js';

const HASHES: Readonly<Record<string, string>> = {
  'dma-fault-r1': 'f0be83ba026085b7',
  'hotplug-r1': 'a311d47b6745e1f0',
  'k612-sriov-on-r1': '4e5ef584c18e389d',
  'k612-vfio-client-r1': '7f21d8fb7aebdcf2',
  'many-writers-r1': '9b0541b5598f9bbe',
  'many-writers-r2': '72372fb8d40d0f93',
  'nested-linux-r1': '5d8ed07ef02604b2',
  'sriov-off-r1': '6951771af57187d3',
  'sriov-on-r1': 'ef325c3f66d02c2b',
  'sriov-tracecmd-r1': '0facc995310d8127',
  'sriov-tracecmd-r2': '89b3975092f4262c',
  'udev-r1': '36de991652b9a925',
  'vfio-client-r1': 'bec60535f6479b87',
};

test.each(Object.entries(HASHES))('%s', (capture, hash) => {
  const reader = importedCapture(capture);
  const { stateHash, diverged, unmodelled } = replay(reader.read(), { kernel: reader.meta.kernel });
  reader.close();
  expect({ diverged, unmodelled, stateHash }).toEqual({
    diverged: 0,
    unmodelled: 0,
    stateHash: hash,
  });
});
