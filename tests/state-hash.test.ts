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
  'k612-sriov-on-r1': '5b6a6207d8667ba3',
  'k612-vfio-client-r1': '7f21d8fb7aebdcf2',
  'nested-linux-r1': '2e462313e3da055e',
  'sriov-off-r1': '6951771af57187d3',
  'sriov-on-r1': '17d9b00d6795e438',
  'sriov-tracecmd-r1': '0facc995310d8127',
  'sriov-tracecmd-r2': '89b3975092f4262c',
  'udev-r1': '687fa22177d50f0f',
  'vfio-client-r1': '3c1af4f7852193ca',
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
