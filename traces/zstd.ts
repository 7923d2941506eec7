/** The only file that imports zstd-napi. Replace this file to use another implementation. */
import binding from 'zstd-napi/binding.js';
import { VfrError } from './errors.js';

/** How hard to compress. docs/performance.md has the figures that led to these choices. */
export interface Effort {
  /** zstd level, 1 to 19. */
  readonly level: number;
  /** Shortest match to look for; by default as the level defines. */
  readonly minMatch?: number;
}

/** For addresses and lengths: level 6 needs a third of the bytes of level 3, in the same time. */
export const DEFAULT_EFFORT: Effort = { level: 6 };
/** For all other columns with repetition: half the time of level 6, for 1 % more bytes. */
export const REPEAT_EFFORT: Effort = { level: 3 };
/**
 * For 64-bit columns in which every value is new (`ts`, `span`). Matches shorter than 5 bytes are
 * accidental; without them level 1 is as small as level 3.
 */
export const COUNTER_EFFORT: Effort = { level: 1, minMatch: 5 };

/** Bytes of output per step of a streamed decompression. */
const OUT_BYTES = 1 << 20;

const compressors = new Map<string, binding.CCtx>();
const decompressor = new binding.DCtx();
let scratch = Buffer.alloc(1 << 16);

function compressorFor({ level, minMatch }: Effort): binding.CCtx {
  const key = `${level}/${minMatch}`;
  let context = compressors.get(key);
  if (context === undefined) {
    context = new binding.CCtx();
    context.setParameter(binding.CParameter.compressionLevel, level);
    if (minMatch !== undefined) context.setParameter(binding.CParameter.minMatch, minMatch);
    // Without the content checksum most single-bit flips decompress without an error.
    context.setParameter(binding.CParameter.checksumFlag, 1);
    compressors.set(key, context);
  }
  return context;
}

/** One zstd frame with its content size and checksum. */
export function zstdCompress(data: Uint8Array, effort: Effort = DEFAULT_EFFORT): Uint8Array {
  const bound = binding.compressBound(data.byteLength);
  if (scratch.byteLength < bound) scratch = Buffer.alloc(bound);
  const length = compressorFor(effort).compress2(scratch, data);
  return new Uint8Array(scratch.subarray(0, length));
}

/**
 * Decompresses exactly `size` bytes. The caller has bounded `size` before anything is allocated.
 * @param memory where to write, if large enough: new memory costs half as much as decompressing
 * @throws Error when the frame is damaged or holds another number of bytes
 */
export function zstdDecompress(
  frame: Uint8Array,
  size: number,
  memory?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const fits = memory !== undefined && memory.byteLength >= size;
  const out = fits ? memory.subarray(0, size) : new Uint8Array(size);
  const length = decompressor.decompress(out, frame);
  if (length !== size) throw new Error(`zstd frame holds ${length} bytes, expected ${size}`);
  return out;
}

/** Decompresses a stream that arrives in pieces. */
export class ZstdDecoder {
  /** Bytes of the stream that were decompressed. */
  consumed = 0;
  /** Whether the stream is at a point where it may end. */
  whole = true;
  readonly #context = new binding.DCtx();
  // Two buffers in turn: allocating memory for every chunk costs half as much as decompressing.
  #out = Buffer.allocUnsafe(OUT_BYTES);
  #other = Buffer.allocUnsafe(OUT_BYTES);

  /**
   * Yields the output for the stream's next piece; a chunk is valid until the next but one.
   * @throws Error where the stream becomes invalid; earlier output was yielded
   */
  *push(piece: Uint8Array): Generator<Buffer, undefined> {
    let rest = piece;
    let produced = -1;
    // The decoder may hold output back if the buffer was too small, even with no input left.
    while (rest.byteLength > 0 || produced === OUT_BYTES) {
      let wanted: number;
      let consumed: number;
      [wanted, produced, consumed] = this.#context.decompressStream(this.#out, rest);
      this.whole = wanted === 0;
      this.consumed += consumed;
      rest = rest.subarray(consumed);
      if (produced > 0) yield this.#out.subarray(0, produced);
      [this.#out, this.#other] = [this.#other, this.#out];
    }
  }
}

/**
 * Decompresses a stream of any length chunk by chunk; a chunk is valid until the next but one.
 * @throws VfrError `ZSTD_DAMAGED` where the stream becomes invalid or ends too early; earlier
 * output was yielded
 */
export function* zstdStream(
  chunks: Iterable<Uint8Array>,
  file: string,
): Generator<Buffer, undefined> {
  const decoder = new ZstdDecoder();
  const damaged = (what: string) => {
    const next = 'What came before is usable; fetch the file again.';
    return new VfrError('ZSTD_DAMAGED', what, next, { file, offset: decoder.consumed });
  };
  for (const chunk of chunks) {
    const pieces = decoder.push(chunk);
    for (;;) {
      let piece: IteratorResult<Buffer, undefined>;
      try {
        piece = pieces.next();
      } catch (error) {
        throw damaged(`compressed data is damaged (${(error as Error).message})`);
      }
      if (piece.done === true) break;
      yield piece.value;
    }
  }
  if (!decoder.whole) throw damaged('compressed data end in the middle');
}
