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
  'dma-fault-r1': '64510da199285a14',
  'hotplug-r1': 'f25ddb2c84b141c5',
  'k612-sriov-on-r1': '40e8957a1206a4c3',
  'k612-vfio-client-r1': '64e7d6cdba5b7c52',
  'many-writers-r1': '72b60cbed8ba31c6',
  'many-writers-r2': 'e4688b98ba32ffe3',
  'nested-linux-r1': 'f92ff24fdd96cc65',
  'sriov-off-r1': 'fd09a3b1cf85bfcf',
  'sriov-on-r1': '2d48c41197cf1a06',
  'sriov-tracecmd-r1': '44fe33782cd5c0af',
  'sriov-tracecmd-r2': '76770d0bf9c5c05c',
  'udev-r1': '4d0b3ee8e26d4c57',
  'vfio-client-r1': '6b4bfd2c7b2ead77',
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
