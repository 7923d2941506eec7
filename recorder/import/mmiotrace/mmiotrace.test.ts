/**
 * Goal: every access of an mmiotrace recording is an access to a place in a BAR.
 * Method: real recordings against counts and sums made by splitting the text, and single lines
 * against their meaning.
 */
import { describe, expect, test } from 'vitest';
import { countBy, importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { mmiotrace } from './index.js';

const KIND_OF: Record<string, string> = {
  R: 'region.read',
  W: 'region.write',
  MAP: 'mmap',
  UNMAP: 'munmap',
  MARK: 'mark',
  PCIDEV: 'snapshot',
};

describe.each([
  ['e1000e', '0000:02:00.0', 0xfe640000n],
  ['nvme', '0000:01:00.0', null],
])('the recording of %s', (name, device, bar0) => {
  const bytes = testData(`mmiotrace/${name}.txt.zst`);
  const lines = bytes.toString().trimEnd().split('\n');
  const { rows, report } = importBytes(mmiotrace, bytes, 777);

  test('a recording of mmiotrace has one event per line, of the kind of the line', () => {
    const types = lines.map((line) => line.split(' ')[0]);
    expect(report).toEqual({ records: countBy(types, (t) => t), unparsed: 0, lost: 0 });
    const kinds = types.filter((t) => t !== 'VERSION').map((t) => KIND_OF[t]);
    expect(rows.map((row) => row.kind)).toEqual(kinds);
    expect(mmiotrace.detect(bytes.subarray(0, 65536), 'x')).toBe(1);
  });

  test('a recording of mmiotrace has the values of the text, at places in the BARs of the device', () => {
    const accesses = rows.filter((row) => /^region\./.test(row.kind));
    const words = lines.map((line) => line.split(' ')).filter(([t]) => t === 'R' || t === 'W');
    expect(accesses.map((row) => row.value)).toEqual(words.map((w) => BigInt(w[5])));
    expect(accesses.map((row) => row.length)).toEqual(words.map((w) => BigInt(w[1])));
    for (const row of accesses) expect(row.device).toBe(device);
    if (bar0 === null) return;
    accesses.forEach((row, i) => {
      if (row.region === 0) expect(row.offset! + bar0).toBe(BigInt(words[i][4]));
    });
    expect(new Set(accesses.map((row) => row.region))).toEqual(new Set([0, 3]));
  });
});

describe('a line', () => {
  const importText = (text: string) => importBytes(mmiotrace, Buffer.from(text));

  test('a line of an address in no known BAR keeps the address', () => {
    const { rows } = importText('W 8 5.000001 7 0xfe680010 0xffffffffffffffff 0x0 0\n');
    expect(rows[0]).toEqual({
      seq: 0,
      ts: 5_000_001_000n,
      source: 'mmiotrace',
      kind: 'region.write',
      phase: 'point',
      path: 'kernel',
      name: 'mmio',
      offset: 0xfe68_0010n,
      length: 8n,
      value: 0xffff_ffff_ffff_ffffn,
    });
  });

  test('a line of an I/O BAR is no place in memory, and a 64-bit BAR loses its flags', () => {
    const { rows } = importText(
      [
        'PCIDEV 3b02 10de2230 1f a0000000 d000000c 0 e0000000c e001 0 0 1000000 10000000 0 2000000 80 0 0 vfio-pci',
        'R 4 1.000000 1 0xe00000100 0x1 0x0 0',
        'R 4 1.000000 1 0xe001 0x1 0x0 0',
        '',
      ].join('\n'),
    );
    expect(rows[0]).toMatchObject({ kind: 'snapshot', device: '0000:3b:00.2', driver: 'vfio-pci' });
    expect(rows[1]).toMatchObject({ device: '0000:3b:00.2', region: 3, offset: 0x100n });
    expect(rows[2].device).toBeUndefined();
  });

  test('a line about lost events is a loss', () => {
    const { rows, report } = importText('MARK 0.000000 Lost 17 events.\nR 4 1.0 1 nonsense\n');
    expect(rows.map((row) => [row.kind, row.value])).toEqual([
      ['lost', 17n],
      ['log', undefined],
    ]);
    expect([report.lost, report.unparsed]).toEqual([17, 1]);
  });
});
