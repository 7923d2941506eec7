/** Random access to files whose parts refer to each other: trace.dat, perf.data. */
import { type ByteSource, MemorySource, openSource, VfrError } from '../../traces/index.js';
import type { Input } from './input-stream.js';

/** What comes compressed or through a pipe is held in memory up to this size. */
const HELD_BYTES_MAX = 2 ** 30;

/** The input as a source: the file itself when it is one, else its bytes in memory. */
export function sourceOf(input: Input): ByteSource {
  const file = openIfSame(input);
  if (file !== null) return file;
  const chunks: Buffer[] = [];
  let held = 0;
  for (const chunk of input.chunks()) {
    held += chunk.byteLength;
    if (held > HELD_BYTES_MAX) {
      const what = `it has more than ${HELD_BYTES_MAX} bytes, and is compressed or a pipe`;
      const next = 'Decompress it into a file and import that.';
      throw new VfrError('INPUT_PIPE', what, next, { file: input.name });
    }
    chunks.push(Buffer.from(chunk));
  }
  return new MemorySource(Buffer.concat(chunks), input.name);
}

/** The file of an input that hands its bytes on unchanged, or null. */
function openIfSame(input: Input): ByteSource | null {
  if (input.size === 0 || input.name === '-') return null;
  let source: ByteSource;
  try {
    source = openSource(input.name);
  } catch (error) {
    if (error instanceof VfrError) return null;
    throw error;
  }
  const same =
    source.size === input.size && source.read(0, input.head.byteLength).equals(input.head);
  if (same) return input.wasRead === undefined ? source : counted(source, input.wasRead);
  source.close();
  return null;
}

/** The same source, which reports how much of it is read. */
const counted = (source: ByteSource, wasRead: (bytes: number) => void): ByteSource => ({
  name: source.name,
  size: source.size,
  read(offset, length) {
    const bytes = source.read(offset, length);
    wasRead(bytes.byteLength);
    return bytes;
  },
  close: () => source.close(),
});
