/** trace.dat of version 6: one part after the other (trace-cmd.dat.v6(5)). */
import type { ByteReader } from './byte-reader.js';
import {
  latencyText,
  OPTION,
  type Option,
  parseCommandLines,
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  readOptions,
  sizedText,
} from './common-sections.js';
import type { BufferData, CpuData, TraceFile } from './trace-file.js';

/** More CPUs than Linux supports; a damaged number must not decide what is allocated. */
export const CPUS_MAX = 1 << 14;
const MARKER_BYTES = 10;
const OPTION_BYTES_MAX = 1 << 24;

export function readVersion6(reader: ByteReader, pageSize: number): TraceFile {
  const headerPage = readHeaderInfo(reader);
  const ftrace = readFtraceFormats(reader);
  const formats = [...ftrace, ...readEventFormats(reader)];
  const kallsyms = sizedText(reader, 4);
  const printkFormats = sizedText(reader, 4).toString('utf8');
  const commandLines = parseCommandLines(sizedText(reader, 8).toString('utf8'));
  const written = reader.u32();
  const options = readOptionList(reader);
  const cpus = cpuCount(reader, options) ?? written;
  if (cpus > CPUS_MAX) throw reader.fail(`${cpus} CPUs`);
  const common = readOptions(options, reader.littleEndian);
  const buffers: BufferData[] = [
    { name: '', clock: common.clock, pageSize, compression: 'none', cpus: readCpus(reader, cpus) },
  ];
  let damage: TraceFile['damage'] = null;
  for (const { data } of options.filter(({ id }) => id === OPTION.buffer)) {
    try {
      buffers.push(readInstance(reader, data, cpus, pageSize, common.clock));
    } catch (error) {
      damage = { offset: Math.min(reader.at, reader.source.size), why: (error as Error).message };
    }
  }
  return {
    ...common,
    source: reader.source,
    version: 6,
    littleEndian: reader.littleEndian,
    headerPage,
    formats,
    kallsyms: () => kallsyms,
    printkFormats,
    commandLines,
    buffers,
    damage,
  };
}

/** Options if there are any, and then the marker before the data. */
function readOptionList(reader: ByteReader): Option[] {
  const options: Option[] = [];
  let marker = reader.bytes(MARKER_BYTES).toString('latin1');
  if (marker === 'options  \0') {
    for (let id = reader.u16(); id !== OPTION.done; id = reader.u16()) {
      const size = reader.u32();
      if (size > OPTION_BYTES_MAX) throw reader.fail(`an option of ${size} bytes`);
      options.push({ id, data: reader.bytes(size) });
    }
    marker = reader.bytes(MARKER_BYTES).toString('latin1');
  }
  if (marker === 'latency  \0') throw latencyText(reader.source.name);
  if (marker !== 'flyrecord\0') {
    throw reader.fail(`the data are ${JSON.stringify(marker.trimEnd())}, not of a ring buffer`);
  }
  return options;
}

function readCpus(reader: ByteReader, count: number): CpuData[] {
  const cpus: CpuData[] = [];
  for (let cpu = 0; cpu < count; cpu++) {
    cpus.push({ cpu, offset: reader.u64(), size: reader.u64() });
  }
  return cpus.filter(({ size }) => size > 0);
}

/** The buffer of an instance: the option says where its own list of CPUs is. */
function readInstance(
  reader: ByteReader,
  data: Buffer,
  cpus: number,
  pageSize: number,
  clock: string,
): BufferData {
  if (data.byteLength < 8) throw reader.fail('the option of an instance is cut');
  const offset = reader.littleEndian ? data.readBigUInt64LE(0) : data.readBigUInt64BE(0);
  reader.at = Number(offset);
  const own = cpuCount(reader, readOptionList(reader)) ?? cpus;
  if (own > CPUS_MAX) throw reader.fail(`${own} CPUs`);
  const name = data.toString('utf8', 8).replace(/\0.*$/s, '');
  return { name, clock, pageSize, compression: 'none', cpus: readCpus(reader, own) };
}

/** The number of CPUs in an option: of an instance, or of more CPUs than the header counts. */
function cpuCount({ littleEndian }: ByteReader, options: readonly Option[]): number | undefined {
  const data = options.find(({ id }) => id === OPTION.cpuCount)?.data;
  if (data === undefined || data.byteLength < 4) return undefined;
  return littleEndian ? data.readUInt32LE(0) : data.readUInt32BE(0);
}
