/**
 * The one place that knows zstd-napi. Replace this file to use another implementation.
 */
import binding from 'zstd-napi/binding.js';
import { VfrError } from './errors.js';

/** Measured on the shipped recording: level 3 is smallest per unit of time; 9 is hardly smaller. */
export const DEFAULT_LEVEL = 3;

/** Bytes of output per step of a streamed decompression. */
const OUT_BYTES = 1 << 20;

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

/**
 * Decompresses a stream of any length chunk by chunk.
 * @throws VfrError `ZSTD_DAMAGED` where the stream stops making sense; what came before was yielded
 */
export function* zstdStream(
  chunks: Iterable<Uint8Array>,
  file: string,
): Generator<Buffer, undefined> {
  const context = new binding.DCtx();
  let offset = 0;
  for (const chunk of chunks) {
    let rest = chunk;
    let produced = -1;
    // The decoder may hold output back when the buffer was too small, even with no input left.
    while (rest.byteLength > 0 || produced === OUT_BYTES) {
      const out = Buffer.allocUnsafe(OUT_BYTES);
      let consumed: number;
      try {
        [, produced, consumed] = context.decompressStream(out, rest);
      } catch (error) {
        const what = `compressed data is damaged (${(error as Error).message})`;
        const next = 'What came before is usable; fetch the file again.';
        throw new VfrError('damaged', 'ZSTD_DAMAGED', what, next, { file, offset });
      }
      offset += consumed;
      rest = rest.subarray(consumed);
      if (produced > 0) yield out.subarray(0, produced);
    }
  }
}
