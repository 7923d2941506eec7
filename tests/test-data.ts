import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'zstd-napi';

const FOLDER = join(import.meta.dirname, 'data');

/** A file of tests/data; one that is stored as `name.zst` is decompressed. */
export function testData(name: string): Buffer {
  const plain = readFileSync(join(FOLDER, name));
  return name.endsWith('.zst') ? decompress(plain) : plain;
}
