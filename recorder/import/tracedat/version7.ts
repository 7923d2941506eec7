/**
 * trace.dat of version 7: sections, found by the options that refer to them (trace-cmd.dat.v7(5)).
 */
import { MemorySource, VfrError } from '../../../traces/index.js';
import { ByteReader } from './byte-reader.js';
import { correctedClock } from './clock-correction.js';
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
import { type Compression, compressionOf, decompress } from './compression.js';
import { recoverBuffers } from './recover-buffers.js';
import { readSectionHeader, type Section } from './section-header.js';
import type { BufferData, CpuData, TraceFile } from './trace-file.js';
import { CPUS_MAX } from './version6.js';

const SECTION_OPTIONS = 0;
/** Sections of options refer to each other; a loop of them must end. */
const OPTION_SECTIONS_MAX = 1 << 12;

export function readVersion7(reader: ByteReader, pageSize: number): TraceFile {
  const compression = compressionOf(reader.string(), reader.source.name);
  reader.string();
  const first = reader.u64();
  const sectionsAt = reader.at;
  const options: Option[] = [];
  let damage: TraceFile['damage'] = null;
  try {
    readOptionSections(reader, first, compression, options);
  } catch (error) {
    damage = { offset: Math.min(reader.at, reader.source.size), why: (error as Error).message };
  }
  const section = (id: number) => openSection(reader, options, id, compression);
  const common = readOptions(options, reader.littleEndian);
  let buffers = options
    .filter(({ id }) => id === OPTION.buffer)
    .map(({ data }) => readBuffer(reader, data, compression))
    .map((buffer) => ({ ...buffer, clock: correctedClock(buffer.clock, common.tscRate) }));
  if (buffers.length === 0 && options.some(({ id }) => id === OPTION.bufferText)) {
    throw latencyText(reader.source.name);
  }
  if (damage !== null && buffers.length === 0) {
    buffers = recoverBuffers(reader, sectionsAt, compression, common, pageSize);
  }
  return {
    ...common,
    clock: buffers.find(({ name }) => name === '')?.clock ?? buffers[0]?.clock ?? common.clock,
    source: reader.source,
    version: 7,
    littleEndian: reader.littleEndian,
    headerPage: readHeaderInfo(section(OPTION.headerInfo)),
    formats: [
      ...optional(() => readFtraceFormats(section(OPTION.ftraceEvents)), []),
      ...readEventFormats(section(OPTION.eventFormats)),
    ],
    kallsyms: () => optional(() => sizedText(section(OPTION.kallsyms), 4), Buffer.alloc(0)),
    printkFormats: optional(() => sizedText(section(OPTION.printk), 4).toString('utf8'), ''),
    commandLines: optional(
      () => parseCommandLines(sizedText(section(OPTION.commandLines), 8).toString('utf8')),
      new Map(),
    ),
    buffers,
    damage,
  };
}

/** A part without which the rest is still worth reading. */
function optional<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof VfrError) return otherwise;
    throw error;
  }
}

function readOptionSections(
  reader: ByteReader,
  first: number,
  compression: Compression,
  options: Option[],
): void {
  let next = first;
  for (let sections = 0; next !== 0; sections++) {
    reader.at = next;
    const header = readSectionHeader(reader);
    if (header.id !== SECTION_OPTIONS || sections > OPTION_SECTIONS_MAX) {
      throw reader.fail('there are no options where they must be');
    }
    const body = readBody(reader, header, compression);
    for (;;) {
      const id = body.u16();
      const data = body.bytes(body.u32());
      if (id === OPTION.done) {
        next = number64(data, reader.littleEndian);
        break;
      }
      options.push({ id, data });
    }
  }
}

/** The contents of the section whose header was just read. */
function readBody(reader: ByteReader, section: Section, compression: Compression): ByteReader {
  const { source, littleEndian } = reader;
  if (!section.compressed) {
    return new ByteReader(new MemorySource(reader.bytes(section.size), source.name), littleEndian);
  }
  const size = reader.u32();
  const plainSize = reader.u32();
  const start = reader.at;
  const data = reader.bytes(size);
  try {
    const plain = decompress(compression, data, plainSize);
    return new ByteReader(new MemorySource(Buffer.from(plain), source.name), littleEndian);
  } catch (error) {
    reader.at = start;
    throw reader.fail(`a section cannot be decompressed: ${(error as Error).message}`);
  }
}

/**
 * The section that an option refers to.
 * @throws VfrError when there is none
 */
function openSection(
  reader: ByteReader,
  options: readonly Option[],
  id: number,
  compression: Compression,
): ByteReader {
  const option = options.find((candidate) => candidate.id === id);
  if (option === undefined) throw reader.fail(`the section of option ${id} is missing`);
  reader.at = number64(option.data, reader.littleEndian);
  const header = readSectionHeader(reader);
  if (header.id !== id) throw reader.fail(`section ${header.id} is where ${id} must be`);
  return readBody(reader, header, compression);
}

function number64(data: Buffer, littleEndian: boolean): number {
  return new ByteReader(new MemorySource(data), littleEndian).u64();
}

/** Reads a BUFFER option, which describes one ring buffer. */
function readBuffer(reader: ByteReader, data: Buffer, compression: Compression): BufferData {
  const option = new ByteReader(new MemorySource(data, reader.source.name), reader.littleEndian);
  reader.at = option.u64();
  const { compressed } = readSectionHeader(reader);
  const name = option.string();
  const clock = option.string();
  const pageSize = option.u32();
  const count = option.u32();
  if (count > CPUS_MAX) throw reader.fail(`${count} CPUs`);
  const cpus: CpuData[] = [];
  for (let i = 0; i < count; i++) {
    cpus.push({ cpu: option.u32(), offset: option.u64(), size: option.u64() });
  }
  return { name, clock, pageSize, compression: compressed ? compression : 'none', cpus };
}
