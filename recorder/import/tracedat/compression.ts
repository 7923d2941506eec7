import { inflateSync } from 'node:zlib';
import { VfrError, zstdDecompress } from '../../../traces/index.js';

/** How the sections of a trace.dat are compressed (trace-cmd.dat.v7(5)). */
export type Compression = 'none' | 'zlib' | 'zstd';

/** trace-cmd compresses some tens of pages at a time; formats and symbols are a few megabytes. */
export const PLAIN_BYTES_MAX = 1 << 27;

/** @throws VfrError when trace-cmd knows an algorithm that vfr does not */
export function compressionOf(name: string, file: string): Compression {
  if (name === 'none' || name === 'zlib' || name === 'zstd') return name;
  const what = `it is compressed with ${JSON.stringify(name)}`;
  const next = 'Convert it with `trace-cmd convert --compression none`.';
  throw new VfrError('TRACEDAT_COMPRESSION', what, next, { file });
}

/**
 * Decompresses exactly `size` bytes, at most `PLAIN_BYTES_MAX`.
 * @param memory may be used for them, when it is large enough
 * @throws Error when the data are damaged or of another size
 */
export function decompress(
  compression: Compression,
  data: Buffer,
  size: number,
  memory?: Uint8Array<ArrayBuffer>,
): Uint8Array {
  if (size > PLAIN_BYTES_MAX) throw new Error(`${size} bytes in one piece`);
  if (compression === 'zstd') return zstdDecompress(data, size, memory);
  const plain = compression === 'zlib' ? inflateSync(data, { maxOutputLength: size }) : data;
  if (plain.byteLength !== size) throw new Error(`${plain.byteLength} bytes, expected ${size}`);
  return plain;
}
