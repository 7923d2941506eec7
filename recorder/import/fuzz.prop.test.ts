/**
 * Goal: no input, however broken, makes an importer crash, hang or keep more than the input has.
 * Method: parts of real recordings, mutated as fast-check likes (bytes changed, cut out, repeated,
 * hostile pieces put in, the end cut off), read in chunks of random size. Whatever comes out must
 * be a trace that reads back, with no more events and bytes than the input can account for.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importBytes } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import { VfrError } from '../../traces/index.js';
import { dmesg } from './dmesg/index.js';
import type { Importer } from './importer.js';
import { configSpace } from './lspci/config-file.js';
import { lspci } from './lspci/index.js';
import { mmiotrace } from './mmiotrace/index.js';
import { qemuText } from './qemu/qemu-text.js';
import { qemuSimpletrace } from './qemu/simpletrace.js';
import { strace } from './strace/index.js';
import { udevadm } from './udevadm/index.js';

const PART_BYTES = 6000;

/** A simpletrace file with one mapping and records of it. */
function simpletrace(): Buffer {
  const word = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    return bytes;
  };
  const name = Buffer.from('vfio_pci_reset');
  const text = Buffer.from('0000:02:00.0');
  const size = (value: number) => word(BigInt(value)).subarray(0, 4);
  const mapping = [word(0n), word(5n), size(name.byteLength), name];
  const length = 24 + 4 + text.byteLength;
  const event = [word(1n), word(5n), word(77n), size(length), size(9), size(text.byteLength), text];
  const header = [word(2n ** 64n - 1n), word(0xf2b1_77cb_0aa4_29b4n), word(4n)];
  return Buffer.concat([...header, ...mapping, ...Array.from({ length: 50 }, () => event).flat()]);
}

const SAMPLES: readonly { readonly importer: Importer; readonly bytes: Buffer }[] = [
  { importer: qemuText, bytes: testData('qemu/nested-linux.log.zst') },
  { importer: qemuText, bytes: testData('qemu/outer.log.zst') },
  { importer: qemuSimpletrace, bytes: simpletrace() },
  { importer: strace, bytes: testData('strace/edu.strace.zst') },
  { importer: strace, bytes: testData('strace/dpdk.strace.zst') },
  { importer: dmesg, bytes: testData('dmesg/dma-fault-r1.txt.zst') },
  { importer: mmiotrace, bytes: testData('mmiotrace/e1000e.txt.zst') },
  { importer: udevadm, bytes: testData('udevadm/monitor.txt.zst') },
  { importer: lspci, bytes: testData('lspci/lspci-vvvnn-xxxx.txt.zst') },
  { importer: lspci, bytes: testData('lspci/lspci-xxxx-n.txt.zst') },
];

/** Pieces that parsers trip over. */
const HOSTILE = [
  '\n',
  '\0',
  '\r\n',
  '"',
  '\\',
  '<',
  '>',
  '{',
  ' <unfinished ...>',
  '<... ioctl resumed>',
  ') = ',
  '0x',
  '-',
  '9'.repeat(40),
  'f'.repeat(40),
  '18446744073709551615',
  '18446744073.999999999',
  ' '.repeat(2000),
  '['.repeat(2000),
  ': '.repeat(1000),
  '\u{1f600}',
];

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly repeat: boolean;
  readonly insert: Uint8Array;
}

const insertArbitrary = fc.oneof(
  fc.constantFrom(...HOSTILE).map((piece) => Buffer.from(piece)),
  fc.uint8Array({ maxLength: 12 }),
);
const editArbitrary: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(PART_BYTES),
  remove: fc.oneof(fc.constant(0), fc.constant(1), fc.nat(300)),
  repeat: fc.boolean(),
  insert: insertArbitrary,
});

function mutate(bytes: Buffer, edits: readonly Edit[]): Buffer {
  let result = bytes;
  for (const { at, remove, repeat, insert } of edits) {
    const head = result.subarray(0, at);
    const cut = result.subarray(at, at + remove);
    const tail = result.subarray(at + (repeat ? 0 : remove));
    result = Buffer.concat(repeat ? [head, insert, cut, tail] : [head, insert, tail]);
  }
  return result;
}

describe.each(SAMPLES)('$importer.format', ({ importer, bytes }) => {
  test('an importer survives every mutation of a real recording', () => {
    const header = importer === qemuSimpletrace ? 24 : 0;
    const last = Math.max(header, bytes.byteLength - PART_BYTES);
    fc.assert(
      fc.property(
        fc.integer({ min: header, max: last }),
        fc.array(editArbitrary, { maxLength: 8 }),
        fc.integer({ min: 1, max: 5000 }),
        (start, edits, chunk) => {
          const from = header === 0 ? start : 24;
          const part = mutate(bytes.subarray(from, from + PART_BYTES), edits);
          const input = Buffer.concat([bytes.subarray(0, header), part]);
          const { rows, report } = importBytes(importer, input, chunk);
          const lines = input.toString('latin1').split('\n').length;
          const most = header === 0 ? 2 * lines + 1 : input.byteLength / 8;
          expect(rows.length).toBeLessThanOrEqual(most);
          expect(report.unparsed).toBeLessThanOrEqual(rows.length);
          const held = rows.reduce((n, row) => n + (row.text?.length ?? 0), 0);
          expect(held).toBeLessThanOrEqual(6 * input.byteLength + 400 * rows.length);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('an importer reads a line without end in time that grows with its length only', () => {
    const header = importer === qemuSimpletrace ? 24 : 0;
    const line = bytes.subarray(header, header + 150);
    for (const piece of HOSTILE) {
      const endless = Buffer.alloc(200_000, piece.trim() === '' ? `${piece}x` : piece);
      const input = Buffer.concat([bytes.subarray(0, header), line, endless, line]);
      importer.detect(input.subarray(0, 1 << 16), 'x');
      expect(importBytes(importer, input).rows.length).toBeLessThan(input.byteLength);
    }
  });

  test('an importer takes any bytes at all, or says why not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (random) => {
        const input = Buffer.from(random);
        const confidence = importer.detect(input, 'random');
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
        try {
          importBytes(importer, input, 100);
        } catch (error) {
          expect(error).toBeInstanceOf(VfrError);
        }
      }),
    );
  });
});

test('a configuration space is taken as far as it is one, whatever is in it', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 5000 }),
      fc.integer({ min: 1, max: 5000 }),
      (random, chunk) => {
        const bytes = Buffer.from(random);
        const { rows, report } = importBytes(configSpace, bytes, chunk, '0000:01:00.0.bin');
        expect(rows.length).toBe(1);
        expect(rows[0]).toMatchObject({ kind: 'snapshot', device: '0000:01:00.0' });
        expect(rows[0].data).toEqual(bytes.subarray(0, 4096));
        expect(report.stopped === undefined).toBe([64, 256, 4096].includes(bytes.byteLength));
      },
    ),
  );
});
