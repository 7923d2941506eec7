/**
 * Goal: what a driver serves in its own way, and nothing models, is held against nobody.
 * Method: a recording of a user of vfio-pci in which one value that he read is changed, and the same
 * with vfio-pci renamed to a variant.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../../tests/build-trace.js';
import { importedCapture } from '../../../tests/captures.js';
import { rowsOf } from '../../../tests/rewrite.js';
import { replay } from '../../index.js';

const reader = importedCapture('vfio-client-r1');
const kernel = reader.meta.kernel as string;
const rows = rowsOf(reader);
afterAll(() => reader.close());

/** Divergences when the user reads another vendor, and the driver has another name. */
function divergences(driver: string): number {
  const renamed = (text: string) => text.replaceAll('vfio-pci', driver);
  const at = rows.findIndex(
    ({ kind, path, phase, offset }) =>
      kind === 'config.read' && path === 'vfio' && phase === 'end' && offset === 0n,
  );
  expect(at).toBeGreaterThan(0);
  const changed = rows.map((row, seq): EventRow => {
    const same = seq === at ? { ...row, value: (row.value ?? 0n) ^ 1n } : { ...row };
    if (same.driver === 'vfio-pci') same.driver = driver;
    if (typeof same.text === 'string') same.text = renamed(same.text);
    return same;
  });
  const trace = traceOf(changed);
  return replay(trace.read(), { kernel }).divergences.length;
}

describe('another vendor in configuration space', () => {
  test('another vendor in configuration space is a divergence of vfio-pci', () => {
    expect(divergences('vfio-pci')).toBe(1);
  });

  test('another vendor in configuration space is a divergence of a variant that does not touch configuration space', () => {
    expect(divergences('mlx5_vfio_pci')).toBe(1);
  });

  test('another vendor in configuration space is none of a variant that serves configuration space itself', () => {
    expect(divergences('nvgrace_gpu_vfio_pci')).toBe(0);
  });
});
