import { zstdStream } from '../traces/index.js';

/** All bytes of a zstd file. */
export const zstdDecompressAll = (bytes: Buffer): Buffer =>
  Buffer.concat([...zstdStream([bytes], 'test data')]);
