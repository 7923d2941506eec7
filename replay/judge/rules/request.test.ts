/**
 * Goal: the user of a device that is to be removed is asked once every ten seconds; what the
 * kernel's log has of it is a sample.
 * Method: traces written by hand: the function's events, which are all there, and lines of the log.
 */
import { expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../../tests/build-trace.js';
import { replay } from '../../index.js';

const DEVICE = '0000:02:00.1';

const called = (count: number): EventRow => ({
  kind: 'device.request',
  name: 'vfio_pci_core_request',
  device: DEVICE,
  value: BigInt(count),
});

/** A line of the kernel's log, in dmesg or in the text of another recording. */
const logged = (count: number, source: 'dmesg' | 'tracefs' = 'dmesg'): EventRow => ({
  ...called(count),
  name: 'Relaying device request',
  source,
});

function diverged(rows: readonly EventRow[]): readonly string[] {
  const { divergences } = replay(traceOf(rows).read());
  return divergences.map(({ seq, actual }) => `${seq}: ${actual}`);
}

test('every tenth request is logged, and fewer when the log is limited', () => {
  expect(diverged([0, 10, 20, 70, 0, 30].map((count) => logged(count)))).toEqual([]);
});

test('lines of the log among the function’s events count nothing', () => {
  const rows = [0, 1, 2].map(called);
  expect(diverged([...rows, logged(0, 'tracefs'), called(3)])).toEqual([]);
});

test('the function’s own counts have no gaps, from wherever the recording began', () => {
  expect(diverged([called(4), called(5)])).toEqual([]);
  expect(diverged([called(4), called(5), called(7)])).toEqual(['2: 7']);
  expect(diverged([called(4), called(0), called(1)])).toEqual([]);
});

test('a device is requested until the thread that closes it has released it', () => {
  const enable: EventRow = { kind: 'device.open', name: 'vfio_pci_core_enable', device: DEVICE };
  const user = { pid: 5, tid: 5 };
  const rows: EventRow[] = [
    { ...enable, ...user, phase: 'begin' },
    { ...enable, ...user, phase: 'end', span: 0, ret: 0n },
    { kind: 'device.close', name: 'vfio_pci_core_disable', device: DEVICE, ...user },
    called(0),
  ];
  expect(diverged(rows)).toEqual([]);
});
