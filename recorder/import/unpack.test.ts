/**
 * Goal: an input that another program compressed is read as its plain bytes, whatever the sizes,
 * and what is damaged, cut or cannot be decompressed here is told.
 * Method: the programs themselves compress; those that a machine does not have are left out there.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { scratchFolder } from '../../tests/scratch.js';
import { testData } from '../../tests/test-data.js';
import { VfrError } from '../../traces/index.js';
import { openInput } from './input-stream.js';

const folder = scratchFolder();
const file = join(folder, 'input');

/** The bytes of an input, and why they ended. */
function readAll(bytes: Buffer): { readonly plain: Buffer; readonly why: string | undefined } {
  writeFileSync(file, bytes);
  const input = openInput(file);
  const plain = Buffer.concat([...input.chunks()].map((chunk) => Buffer.from(chunk)));
  return { plain, why: input.failure?.why };
}

/** Text, then what cannot be compressed: more than a chunk of either. */
const text = testData('strace/dpdk.strace.zst');
const plain = Buffer.concat([text, randomBytes(3 << 19), Buffer.alloc(3 << 20), text]);
const compress = (program: string, bytes: Buffer) =>
  program === 'gzip'
    ? gzipSync(bytes)
    : spawnSync(program, ['-c', '-1'], { input: bytes, maxBuffer: 1 << 28 }).stdout;
const isInstalled = (program: string) =>
  program === 'gzip' || spawnSync(program, ['--version'], { input: '' }).error === undefined;

const path = process.env.PATH;
afterAll(() => {
  process.env.PATH = path;
});

describe.each(['gzip', 'xz', 'bzip2', 'lz4'].filter(isInstalled))('%s', (program) => {
  const compressed = compress(program, plain);

  test('a compressed file gives the plain bytes', () => {
    const read = readAll(compressed);
    expect(read.plain.equals(plain)).toBe(true);
    expect(read.why).toBeUndefined();
  });

  test('a compressed file of two files one behind the other gives both', () => {
    const one = compress(program, text);
    expect(readAll(Buffer.concat([one, one])).plain.equals(Buffer.concat([text, text]))).toBe(true);
  });

  test('a compressed file that is cut gives what came before, and tells', () => {
    const read = readAll(compressed.subarray(0, -100));
    expect(read.plain.equals(plain.subarray(0, read.plain.byteLength))).toBe(true);
    expect(read.plain.byteLength).toBeGreaterThan(1 << 20);
    expect(read.why).toMatch(`${program} made are damaged`);
  });

  test('a compressed file that is damaged in its middle tells', () => {
    const damaged = Buffer.from(compressed);
    damaged.fill(0x55, damaged.byteLength >> 1, (damaged.byteLength >> 1) + 64);
    expect(readAll(damaged).why).toMatch(`${program} made are damaged`);
  });
});

test('nothing is left to be told when a large output is not read to its end', () => {
  writeFileSync(file, gzipSync(Buffer.alloc(1 << 28)));
  const input = openInput(file);
  const chunks = input.chunks()[Symbol.iterator]();
  for (let i = 0; i < 3; i++) expect(chunks.next().value?.byteLength).toBeGreaterThan(0);
  expect(process.memoryUsage.rss()).toBeLessThan(1 << 30);
});

test('a compression whose program is not installed is refused with its name', () => {
  writeFileSync(file, Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(100)]));
  process.env.PATH = folder;
  try {
    openInput(file);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(VfrError);
    expect(error).toMatchObject({ code: 'INPUT_COMPRESSED', kind: 'unsupported' });
    expect((error as VfrError).next).toMatch('Install xz');
  } finally {
    process.env.PATH = path;
  }
});
