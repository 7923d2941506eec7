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

/** BIND of a device on 7.3, which ends so; another device is opened before. */
function bound(device: string, known: boolean, ret: bigint) {
  const user = { pid: 5, tid: 5 };
  const text = JSON.stringify({ vendor: '0x8086', device: '0x1', class: '0x0' });
  const driver = 'vfio-pci';
  const present = (address: string): EventRow => ({
    ...{ kind: 'snapshot', name: 'start', device: address, driver, text },
    data: new Uint8Array(4096),
  });
  const data = new Uint8Array(Uint32Array.of(16, 0, 5).buffer);
  const call: EventRow = {
    kind: 'ioctl',
    name: 'VFIO_DEVICE_BIND_IOMMUFD',
    path: 'vfio',
    device,
    ...user,
  };
  const enable: EventRow = {
    kind: 'device.open',
    name: 'vfio_pci_core_enable',
    device: '0000:02:00.0',
  };
  const changed: EventRow[] = [present('0000:02:00.0'), ...(known ? [present(device)] : [])];
  const opened = changed.push({ ...enable, ...user, phase: 'begin' }) - 1;
  changed.push({ ...enable, ...user, phase: 'end', span: opened, ret: 0n });
  const span = changed.push({ ...call, phase: 'begin', offset: 8n, data }) - 1;
  changed.push({ ...call, phase: 'end', span, ret });
  const trace = traceOf(changed);
  return replay(trace.read(), { kernel: '7.3.4' }).divergences.map(({ actual }) => actual);
}

test('a function that came during the recording may be a VF, which needs a token', () => {
  expect(bound('0000:09:10.0', false, -13n)).toEqual([]);
  expect(bound('0000:09:00.0', true, -13n)).toEqual(['-EACCES']);
});

test('a kernel without character devices of VFIO has no BIND', () => {
  expect(bound('0000:09:00.0', true, -25n)).toEqual([]);
});
