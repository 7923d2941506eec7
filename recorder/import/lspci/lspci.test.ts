/**
 * Goal: a dump of lspci gives the configuration spaces byte by byte, and what else it says.
 * Method: dumps printed by the real lspci against the raw spaces and sysfs attributes of the same
 * machine, read by other means.
 */
import { describe, expect, test } from 'vitest';
import { importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { configSpace } from './config-file.js';
import { lspci } from './index.js';

const STATE = 'captures/udev-r1/state-before';
const devices = JSON.parse(testData(`${STATE}/devices.json`).toString()).devices as Record<
  string,
  Record<string, string>
>;
const raw = (bdf: string) => testData(`${STATE}/config/${bdf}.bin`);

describe.each(['lspci-xxxx-n', 'lspci-vvvnn-xxxx'])('%s', (name) => {
  const text = testData(`lspci/${name}.txt.zst`);
  const { rows, report } = importBytes(lspci, text);

  test('the output of lspci is detected as lspci', () => {
    expect(lspci.detect(text.subarray(0, 65536), 'x')).toBeGreaterThan(0.5);
  });

  test('the output of lspci has every function with all bytes of its space', () => {
    expect(rows.map((row) => row.device)).toEqual(Object.keys(devices).sort());
    expect(report).toEqual({ records: { function: rows.length }, unparsed: 0, lost: 0 });
    for (const row of rows) {
      expect(row.kind).toBe('snapshot');
      expect(row.data!.equals(raw(row.device!))).toBe(true);
    }
  });

  test('names ids and class as sysfs does', () => {
    for (const row of rows) {
      const said = JSON.parse(row.text!);
      const sysfs = devices[row.device!];
      for (const key of ['vendor', 'device', 'class', 'revision']) {
        expect([row.device, key, said[key]]).toEqual([row.device, key, sysfs[key]]);
      }
    }
  });
});

test('-v and -k tell driver and IOMMU group', () => {
  const { rows } = importBytes(lspci, testData('lspci/lspci-vvvnn-xxxx.txt.zst'));
  for (const row of rows) {
    expect(row.driver ?? null).toBe(devices[row.device!].driver ?? null);
    expect(JSON.parse(row.text!).iommu_group).toBe(devices[row.device!].iommu_group ?? null);
  }
});

test('a row that does not follow the one before is not believed', () => {
  const row = (at: string) => `${at}: ${'11 '.repeat(15)}11\n`;
  const text = `0001:02:00.0 0200: 8086:10d3\n${row('00')}${row('20')}\nnoise\n`;
  const { rows, report } = importBytes(lspci, Buffer.from(text));
  expect(report.unparsed).toBe(2);
  const snapshot = rows.find((r) => r.kind === 'snapshot')!;
  expect([snapshot.device, snapshot.data!.byteLength]).toEqual(['0001:02:00.0', 16]);
});

test("a copy of sysfs's config file is the function that its name says", () => {
  const bytes = raw('0000:02:00.0');
  expect(configSpace.detect(bytes, '/x/config/0000:02:00.0.bin')).toBeGreaterThan(0.5);
  expect(configSpace.detect(bytes, '/x/config/e1000e.bin')).toBe(0);
  expect(configSpace.detect(bytes.subarray(1), '0000:02:00.0.bin')).toBe(0);
  const { rows, report } = importBytes(configSpace, bytes, 100, '0000:02:00.0.bin');
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ source: 'sysfs', device: '0000:02:00.0' });
  expect(rows[0].data!.equals(bytes)).toBe(true);
  expect(report).toEqual({ records: { function: 1 }, unparsed: 0, lost: 0 });
});

test('a driver may have a blank in its name', () => {
  const text = '00:1b.0 Audio device: Intel\n\tKernel driver in use: HDA Intel\n';
  expect(importBytes(lspci, Buffer.from(text)).rows[0].driver).toBe('HDA Intel');
});
