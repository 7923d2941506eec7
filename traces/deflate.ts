/** Buffers as Arrow's BodyCompression stores them: their length as i64 LE, then a zstd frame. */
import type { ColumnMemory } from './column-memory.js';
import { type Effort, zstdCompress, zstdDecompress } from './zstd.js';

/** Length prefix that Arrow uses for an uncompressed buffer. */
const STORED = -1n;
const LENGTH_PREFIX_BYTES = 8;

/** Compresses a buffer, or stores it uncompressed when that is not larger. */
export function deflate(data: Uint8Array, effort: Effort): Uint8Array {
  if (data.byteLength === 0) return data;
  const frame = zstdCompress(data, effort);
  if (frame.byteLength >= data.byteLength) return prefixed(STORED, data);
  return prefixed(BigInt(data.byteLength), frame);
}

/** A frame preceded by its decompressed length. */
export function prefixed(length: bigint, frame: Uint8Array): Uint8Array {
  const out = new Uint8Array(LENGTH_PREFIX_BYTES + frame.byteLength);
  new DataView(out.buffer).setBigInt64(0, length, true);
  out.set(frame, LENGTH_PREFIX_BYTES);
  return out;
}

/**
 * Reverses `deflate`.
 * @param bytesMax upper bound of the buffer's decompressed size, checked before allocation
 * @param memory where to write the bytes; omit it to allocate new memory
 * @throws Error when the buffer is damaged or larger than `bytesMax`
 */
export function inflate(
  stored: Uint8Array,
  bytesMax: number,
  memory?: ColumnMemory,
): Uint8Array<ArrayBuffer> {
  if (stored.byteLength === 0) return new Uint8Array(0);
  if (stored.byteLength < LENGTH_PREFIX_BYTES) throw new Error('buffer shorter than its prefix');
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const length = view.getBigInt64(0, true);
  const payload = stored.subarray(LENGTH_PREFIX_BYTES);
  if (length === STORED) {
    if (payload.byteLength > bytesMax) throw new Error(`stored buffer over ${bytesMax} bytes`);
    return new Uint8Array(payload);
  }
  if (length < 0n || length > BigInt(bytesMax)) {
    throw new Error(`decompressed size ${length} out of range 0..${bytesMax}`);
  }
  return zstdDecompress(payload, Number(length), memory?.allocate(Number(length)));
}
