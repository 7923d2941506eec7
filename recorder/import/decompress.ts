/** Inputs that are compressed as a whole. */
import { zstdStream } from '../../traces/index.js';
import { type Unpacker, unpacked } from './unpack.js';

/** An input can make xz use up to 4 GiB; no real file needs more than this. */
const XZ_MEMORY = '--memlimit-decompress=256MiB';

interface Compression {
  /** The bytes that its files start with. */
  readonly magic: Buffer;
  /** What decompresses it; zstd is part of vfr. */
  readonly by: Unpacker | 'zstd';
}

const COMPRESSIONS: readonly Compression[] = [
  { magic: Buffer.from('28b52ffd', 'hex'), by: 'zstd' },
  { magic: Buffer.from('1f8b08', 'hex'), by: { program: 'gzip', args: [] } },
  {
    magic: Buffer.from('fd377a585a00', 'hex'),
    by: { program: 'xz', args: ['--decompress', '--stdout', '--quiet', XZ_MEMORY] },
  },
  { magic: Buffer.from('425a68', 'hex'), by: { program: 'bzip2', args: ['-dc'] } },
  { magic: Buffer.from('04224d18', 'hex'), by: { program: 'lz4', args: ['-dc'] } },
];

/**
 * The plain bytes of a file that starts with `head`.
 * @throws VfrError while they are read: where the compressed bytes are damaged, or when the program
 * that decompresses them is not installed
 */
export function decompressed(
  head: Buffer,
  chunks: Iterable<Buffer>,
  file: string,
): Iterable<Buffer> {
  const by = COMPRESSIONS.find(({ magic }) => head.subarray(0, magic.byteLength).equals(magic))?.by;
  if (by === undefined) return chunks;
  return by === 'zstd' ? zstdStream(chunks, file) : unpacked(by, chunks, file);
}
