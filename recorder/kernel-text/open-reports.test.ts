/**
 * Goal: one error is one event, also when other CPUs print between its lines.
 * Method: an AER report as kernels of 6.18 print it, with lines of others between any two.
 */
import { describe, expect, test } from 'vitest';
import { importBytes } from '../../tests/import-bytes.js';
import { dmesg } from '../import/dmesg/index.js';

const REPORT = [
  'pcieport 0000:00:00.0: AER: Multiple Correctable error message received from 0000:01:00.0',
  'pci 0000:01:00.0: PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)',
  'pci 0000:01:00.0:   device [168c:003e] error status/mask=00000081/00006000',
  'pci 0000:01:00.0:    [ 0] RxErr                  (First)',
];
const rowsOf = (lines: readonly string[]) =>
  importBytes(dmesg, Buffer.from(lines.map((line) => `[   11.500000] ${line}\n`).join(''))).rows;

describe('a report', () => {
  test.each([1, 2, 3])('a report is one event with messages of others at %i', (at) => {
    const rows = rowsOf(REPORT.toSpliced(at, 0, 'Loaded X.509 cert', 'vfio-pci 0000:02:00.0: x'));
    expect(rows.map((row) => row.kind)).toEqual(['fault.aer', 'log', 'log']);
    expect(rows[0]).toMatchObject({ device: '0000:01:00.0', value: 0x81n });
  });

  test('a report of the same reporter is another one', () => {
    const rows = rowsOf([REPORT[0], ...REPORT]);
    expect(rows.map((row) => row.kind)).toEqual(['fault.aer', 'fault.aer']);
    expect(rows[0].value).toBeUndefined();
  });

  test('a report is left alone after many messages of others', () => {
    const others = Array.from({ length: 40 }, (_, i) => `line ${i}`);
    const rows = rowsOf([REPORT[0], ...others, ...REPORT.slice(1)]);
    expect(rows.filter((row) => row.kind === 'fault.aer').length).toBe(2);
    expect(rows.map((row) => row.text).slice(1, 41)).toEqual(others);
  });
});
