/**
 * The one place that knows zstd-napi. Replace this file to use another implementation.
 */
import binding from 'zstd-napi/binding.js';

/** Measured on the shipped recording: level 3 is smallest per unit of time; 9 is hardly smaller. */
export const DEFAULT_LEVEL = 3;

const compressors = new Map<number, binding.CCtx>();
const decompressor = new binding.DCtx();
let scratch = Buffer.alloc(1 << 16);

function compressorFor(level: number): binding.CCtx {
  let context = compressors.get(level);
  if (context === undefined) {
    context = new binding.CCtx();
    context.setParameter(binding.CParameter.compressionLevel, level);
    // Without the content checksum most single-bit flips decompress without an error.
    context.setParameter(binding.CParameter.checksumFlag, 1);
    compressors.set(level, context);
  }
  return context;
}

/** One zstd frame with its content size and checksum. */
export function zstdCompress(data: Uint8Array, level = DEFAULT_LEVEL): Uint8Array {
  const bound = binding.compressBound(data.byteLength);
  if (scratch.byteLength < bound) scratch = Buffer.alloc(bound);
  const length = compressorFor(level).compress2(scratch, data);
  return new Uint8Array(scratch.subarray(0, length));
}

/**
 * Decompresses exactly `size` bytes. The caller has bounded `size` before anything is allocated.
 * @throws Error when the frame is damaged or holds another number of bytes.
 */
export function zstdDecompress(frame: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  const length = decompressor.decompress(out, frame);
  if (length !== size) throw new Error(`zstd frame holds ${length} bytes, expected ${size}`);
  return out;
}
