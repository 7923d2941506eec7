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
  'dma-fault-r1': '4308ee03e39924e6',
  'hotplug-r1': 'b87868a29d3622fe',
  'k612-sriov-on-r1': '858bcc4a31f2c851',
  'k612-vfio-client-r1': 'e1af465b413805cb',
  'many-writers-r1': '074d48b73c094e96',
  'many-writers-r2': '8d9307c8a8bfbddf',
  'nested-linux-r1': '5a5b73a8c9ac4ee0',
  'sriov-off-r1': 'ccc92f801797ccac',
  'sriov-on-r1': '4b139cc3220f06f8',
  'sriov-tracecmd-r1': '2d0e8e43c4c3ce40',
  'sriov-tracecmd-r2': '968aef2712050b9f',
  'udev-r1': '8759feeaf24cbd0a',
  'vfio-client-r1': 'e7eb21e8ff3b7af2',
};

test.each(
  Object.entries(HASHES),
)('the state hash of a recording is as before: %s', (capture, hash) => {
  const reader = importedCapture(capture);
  const { stateHash, diverged, unmodelled } = replay(reader.read(), { kernel: reader.meta.kernel });
  reader.close();
  expect({ diverged, unmodelled, stateHash }).toEqual({
    diverged: 0,
    unmodelled: 0,
    stateHash: hash,
  });
});
