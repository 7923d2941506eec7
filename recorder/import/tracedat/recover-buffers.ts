/**
 * Finds the ring buffers of a version 7 file whose end is missing: the list of buffers is the last
 * thing that trace-cmd writes.
 */
import type { ByteReader } from './byte-reader.js';
import type { Compression } from './compression.js';
import { readSectionHeader } from './section-header.js';
import type { BufferData, CpuData, CpuStats } from './trace-file.js';

const SECTION_BUFFER = 3;
const SECTIONS_MAX = 1 << 12;

interface Known {
  readonly clock: string;
  readonly stats: readonly CpuStats[];
}

/** Walks over the sections in the order of the file; which CPU is which is then a guess. */
export function recoverBuffers(
  reader: ByteReader,
  start: number,
  compression: Compression,
  { clock, stats }: Known,
  pageSize: number,
): BufferData[] {
  const buffers: BufferData[] = [];
  reader.at = start;
  for (let i = 0; i < SECTIONS_MAX && reader.at < reader.source.size; i++) {
    let header: ReturnType<typeof readSectionHeader>;
    try {
      header = readSectionHeader(reader);
    } catch {
      break;
    }
    const end = reader.at + header.size;
    if (header.id === SECTION_BUFFER) {
      const used = header.compressed ? compression : 'none';
      const limit = header.size === 0 ? reader.source.size : Math.min(end, reader.source.size);
      const cpus = header.compressed ? compressedCpus(reader, limit, pageSize) : [];
      const named = cpus.map((data, at) => ({ ...data, cpu: stats[at]?.cpu ?? at }));
      buffers.push({ name: '', clock, pageSize, compression: used, cpus: named });
    }
    if (header.size === 0) break;
    reader.at = end;
  }
  return buffers;
}

/** The data of each CPU start on a page with the number of their chunks. */
function compressedCpus(reader: ByteReader, end: number, pageSize: number): CpuData[] {
  const cpus: CpuData[] = [];
  let at = nextPage(reader.at, pageSize);
  while (at + 4 <= end) {
    const offset = at;
    reader.at = at;
    let chunks = reader.u32();
    while (chunks > 0 && reader.at + 8 <= end) {
      const size = reader.u32();
      reader.u32();
      reader.at += size;
      chunks--;
    }
    if (reader.at === offset + 4) break;
    cpus.push({ cpu: cpus.length, offset, size: Math.min(reader.at, end) - offset - 4 });
    at = nextPage(reader.at, pageSize);
  }
  return cpus;
}

const nextPage = (at: number, pageSize: number) => Math.ceil(at / pageSize) * pageSize;
