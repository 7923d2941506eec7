/** Inputs that are compressed as a whole: zstd is read, others are told what to do about. */
import { VfrError, zstdStream } from '../../traces/index.js';

const ZSTD = 'zstd';
/** Compressions by the bytes that their files start with. */
const MAGICS: readonly (readonly [program: string, magic: Buffer])[] = [
  [ZSTD, Buffer.from('28b52ffd', 'hex')],
  ['gzip', Buffer.from('1f8b08', 'hex')],
  ['xz', Buffer.from('fd377a585a00', 'hex')],
  ['bzip2', Buffer.from('425a68', 'hex')],
  ['lz4', Buffer.from('04224d18', 'hex')],
];

/**
 * The plain bytes of a file that starts with `head`.
 * @throws VfrError `INPUT_COMPRESSED` for compressions that are not read here
 */
export function decompressed(
  head: Buffer,
  chunks: Iterable<Buffer>,
  file: string,
): Iterable<Buffer> {
  const program = MAGICS.find(([, magic]) => head.subarray(0, magic.byteLength).equals(magic))?.[0];
  if (program === undefined) return chunks;
  if (program === ZSTD) return zstdStream(chunks, file);
  const what = `it is compressed with ${program}`;
  const next = `Use a pipe: ${program} -dc INPUT | vfr import - -o OUTPUT.`;
  throw new VfrError('INPUT_COMPRESSED', what, next, { file });
}
