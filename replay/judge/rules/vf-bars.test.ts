/**
 * Goal: BARs of a VF have the size that the kernel gave them, whatever limit a driver set.
 * Method: a recording of igb, which allows 7 of the 8 VFs that its hardware has, with a user of
 * VFIO who reads the BARs of one; the values that the kernel gave him are the reference.
 */
import { describe, expect, test } from 'vitest';
import { importedCapture } from '../../../tests/captures.js';
import { replay } from '../../index.js';

describe('a PF whose driver allows fewer VFs than the hardware has', () => {
  const reader = importedCapture('igb-sriov-r1');
  const { kinds, divergences } = replay(reader.read(), { kernel: '6.12.117' });
  reader.close();

  test('configuration space with BARs is read as recorded', () => {
    // Reads that follow a reset teach what the function is now; they are not predicted.
    expect(kinds['config.read']).toMatchObject({ matched: 240, diverged: 0, unknown: 0 });
  });

  test('numbers of VFs beyond the limit are refused, the same number again is not', () => {
    expect(kinds['sysfs.write']).toMatchObject({ diverged: 0, unknown: 0 });
    expect(divergences).toEqual([]);
  });
});
