/**
 * The tracing data of a perf.data: formats of events and the names that go with them, laid out as
 * the beginning of a trace.dat (kernel tools/perf/util/trace-event-read.c).
 */
import { type ByteSource, MemorySource } from '../../../traces/index.js';
import { ByteReader } from '../tracedat/byte-reader.js';
import {
  parseCommandLines,
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  sizedText,
} from '../tracedat/common-sections.js';
import type { RecordContext } from '../tracedat/dat-records.js';
import { MAGIC } from '../tracedat/read-file.js';

/** Versions before this one have no names of tasks. */
const VERSION_NAMES = 0.6;

/** @throws VfrError when they are damaged before the end of the formats */
export function readTracingData(bytes: Buffer, { name }: ByteSource): RecordContext {
  const source = new MemorySource(bytes, name);
  const start = new ByteReader(source, true);
  if (!start.bytes(MAGIC.byteLength).equals(MAGIC)) throw start.fail('these are no tracing data');
  const version = Number.parseFloat(start.string());
  const [bigEndian] = start.bytes(2);
  const reader = new ByteReader(source, bigEndian === 0);
  reader.at = start.at;
  reader.u32();
  const headerPage = readHeaderInfo(reader);
  const formats = [...readFtraceFormats(reader), ...readEventFormats(reader)];
  const kallsyms = sizedText(reader, 4);
  const printkFormats = sizedText(reader, 4).toString('utf8');
  const names = version >= VERSION_NAMES ? sizedText(reader, 8).toString('utf8') : '';
  return {
    source,
    littleEndian: reader.littleEndian,
    headerPage,
    formats,
    kallsyms: () => kallsyms,
    printkFormats,
    commandLines: parseCommandLines(names),
    stats: [],
  };
}
