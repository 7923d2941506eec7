import { type ByteSource, VfrError } from '../../../traces/index.js';
import { ByteReader } from './byte-reader.js';
import type { TraceFile } from './trace-file.js';
import { readVersion6 } from './version6.js';
import { readVersion7 } from './version7.js';

/** The first bytes of every trace.dat. */
export const MAGIC = Buffer.from('\x17\x08\x44tracing', 'latin1');
const PAGE_BYTES_MAX = 1 << 25;

/**
 * Reads everything of a trace.dat except its records.
 * @throws VfrError when it is not one, has an unknown version, or is too damaged to find its
 * records
 */
export function readTraceFile(source: ByteSource): TraceFile {
  const start = new ByteReader(source, true);
  if (!start.bytes(MAGIC.byteLength).equals(MAGIC)) throw start.fail('this is no trace.dat');
  const version = start.string();
  const [bigEndian] = start.bytes(2);
  const reader = new ByteReader(source, bigEndian === 0);
  reader.at = start.at;
  const pageSize = reader.u32();
  if (pageSize === 0 || pageSize > PAGE_BYTES_MAX) throw reader.fail(`pages of ${pageSize} bytes`);
  if (version === '6') return readVersion6(reader, pageSize);
  if (version === '7') return readVersion7(reader, pageSize);
  const what = `trace.dat of version ${JSON.stringify(version)}`;
  const next = 'Convert it with `trace-cmd convert --file-version 7`.';
  throw new VfrError('TRACEDAT_VERSION', what, next, { file: source.name });
}
