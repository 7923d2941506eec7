import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'zstd-napi';

/** Beside this file; the built one, which the sweeps use, has it in the sources. */
const BESIDE = join(import.meta.dirname, 'data');
const FOLDER = existsSync(BESIDE) ? BESIDE : join(import.meta.dirname, '../../tests/data');

/** A file of tests/data; one that is stored as `name.zst` is decompressed. */
export function testData(name: string): Buffer {
  const plain = readFileSync(join(FOLDER, name));
  return name.endsWith('.zst') ? decompress(plain) : plain;
}
