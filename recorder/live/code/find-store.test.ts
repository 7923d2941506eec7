/**
 * Goal: the store of the value read is found in real kernel code, and only where it is certain.
 * Method: machine code of a real kernel; the expected places were read off a disassembly by hand
 * (and probes at them were checked against dumps of configuration space). The lengths of
 * instructions are compared with objdump's where it is installed. Synthetic code must be refused.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from '../../../tests/scratch.js';
import { testData } from '../../../tests/test-data.js';
import { findStore } from './find-store.js';
import { decodeInstruction } from './x86-instruction.js';

const codeOf = (name: string) =>
  Buffer.from(testData(`code/${name}.hex`).toString().replaceAll('\n', ''), 'hex');

const EXPECTED = [
  ['pci_bus_read_config_byte', 4, 1, 0x4d, 'dx'],
  ['pci_bus_read_config_word', 4, 2, 0x73, 'dx'],
  ['pci_bus_read_config_dword', 4, 4, 0x71, 'dx'],
  ['pci_user_read_config_byte', 3, 1, 0xb2, 'ax'],
  ['pci_user_read_config_word', 3, 2, 0xae, 'ax'],
  ['pci_user_read_config_dword', 3, 4, 0xa8, 'ax'],
] as const;

describe.each(EXPECTED)('%s', (name, argument, bytes, offset, register) => {
  const code = codeOf(name);

  test('the store of the value', () => {
    expect(findStore(code, argument, bytes)).toEqual({ offset, register });
  });

  test('no store of another size or through another argument', () => {
    expect(findStore(code, argument, bytes === 4 ? 2 : 4)).toMatch(/0 stores/);
    expect(findStore(code, 6, bytes)).toMatch(/does not keep/);
    expect(findStore(code, 7, bytes)).toMatch(/not in a register/);
  });

  test.skipIf(spawnSync('objdump', ['--version']).status !== 0)('objdump sees the same', () => {
    const folder = scratchFolder();
    try {
      writeFileSync(join(folder, 'code'), code);
      const args = ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-w', join(folder, 'code')];
      const text = spawnSync('objdump', args, { encoding: 'utf8' }).stdout;
      const starts = [...text.matchAll(/^\s+([0-9a-f]+):\t/gm)].map(([, at]) => parseInt(at!, 16));
      const ours: number[] = [];
      for (let at = 0; at < code.length; at += decodeInstruction(code, at)!.length) ours.push(at);
      expect(ours).toEqual(starts);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('code in which nothing is certain', () => {
  const find = (hex: string) => findStore(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 4, 4);

  test.each([
    ['48 89 cb 89 13 c3', { offset: 3, register: 'dx' }],
    ['49 89 cc 41 89 04 24 c3', { offset: 3, register: 'ax' }],
    ['49 89 cd 41 89 45 00 c3', { offset: 3, register: 'ax' }],
  ])('one store is found in the code %s', (hex, expected) => {
    expect(find(hex)).toEqual(expected);
  });

  test.each([
    ['48 89 cb 89 13 89 03 c3', /2 stores/],
    ['48 89 cb 89 53 04 c3', /0 stores/],
    ['48 89 cb 31 db 89 13 c3', /again/],
    ['48 89 cb 48 8b 1f 89 13 c3', /again/],
    ['48 89 cb bb 00 00 00 00 89 13 c3', /again/],
    ['48 89 cb 49 89 cc 89 13 c3', /does not keep/],
    ['89 11 c3', /does not keep/],
    ['c5 f8 77 48 89 cb 89 13 c3', /does not keep/],
  ])('no store is certain in the code %s', (hex, reason) => {
    expect(find(hex)).toMatch(reason);
  });
});

test('any bytes give an answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (code) => {
      const found = findStore(code, 4, 4);
      if (typeof found !== 'string') expect(found.offset).toBeLessThan(code.length);
    }),
  );
});
