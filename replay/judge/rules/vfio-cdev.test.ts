/**
 * Goal: what a newer kernel takes of a character device is not held against an older one, which may
 * have got it from there; what none of them returns is.
 * Method: a recording of 6.12, in which a call that 6.12 refuses ends in another way.
 */
import { afterAll, expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../../tests/build-trace.js';
import { importedCapture } from '../../../tests/captures.js';
import { rowsOf } from '../../../tests/rewrite.js';
import { replay } from '../../index.js';

const reader = importedCapture('iommufd-cdev-r1');
const kernel = '6.12.117+deb13-amd64';
const rows = rowsOf(reader);
afterAll(() => reader.close());

const REFUSED = -22n;
const FLAG = 1;

/** Ends of a call that had the flag, and an argument of so many bytes at least. */
function endsWithFlag(name: string, least: number): number[] {
  const begins = rows.flatMap((row, seq) => {
    if (row.name !== name || row.path !== 'vfio' || row.phase !== 'begin') return [];
    const { buffer, byteOffset, length } = row.data ?? new Uint8Array(0);
    const [argsz, flags] = length < 8 ? [0, 0] : new Uint32Array(buffer.slice(byteOffset), 0, 2);
    return flags === FLAG && argsz >= least ? [seq] : [];
  });
  const ends = rows.flatMap(({ span, ret }, seq) =>
    ret === REFUSED && span !== undefined && begins.includes(Number(span)) ? [seq] : [],
  );
  expect(ends.length).toBeGreaterThan(2);
  return ends;
}

function verdicts(ends: readonly number[], ret: bigint): string[] {
  const changed = rows.map((row, seq): EventRow => (ends.includes(seq) ? { ...row, ret } : row));
  const trace = traceOf(changed);
  const found: string[] = [];
  const observe = ({ seq }: { seq: number }, { type }: { type: string }) => {
    if (ends.includes(seq)) found.push(type);
  };
  replay(trace.read(), { kernel, observe });
  return [...new Set(found)];
}

test('a token that 6.12 refuses may be looked at, but fails with an errno of BIND', () => {
  const ends = endsWithFlag('VFIO_DEVICE_BIND_IOMMUFD', 16);
  expect(verdicts(ends, REFUSED)).not.toContain('diverge');
  expect(verdicts(ends, -14n)).toEqual(['unknown']);
  expect(verdicts(ends, -71n)).toContain('diverge');
});

test('a PASID that 6.12 refuses may be attached', () => {
  const ends = endsWithFlag('VFIO_DEVICE_ATTACH_IOMMUFD_PT', 16);
  expect(verdicts(ends, REFUSED)).not.toContain('diverge');
  expect(verdicts(ends, 0n)).toEqual(['unknown']);
});
