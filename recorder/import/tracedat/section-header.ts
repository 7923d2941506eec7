import type { ByteReader } from './byte-reader.js';

const COMPRESSED = 1;

/** The header of a section (trace-cmd.dat.v7(5)). */
export interface Section {
  readonly id: number;
  readonly compressed: boolean;
  /** Bytes of the section after its header. */
  readonly size: number;
}

/** Reads the header at the reader's position, and leaves the reader at the section's contents. */
export function readSectionHeader(reader: ByteReader): Section {
  const id = reader.u16();
  const flags = reader.u16();
  reader.u32();
  return { id, compressed: (flags & COMPRESSED) !== 0, size: reader.u64() };
}
