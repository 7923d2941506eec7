/**
 * Writes a version 7 trace.dat anew in other ways that the format allows; for tests. Everything is
 * read here by the offsets of the manual, not by the importer.
 */
import { zstdDecompress } from '../traces/index.js';

const OPTION_DONE = 0;
const OPTION_BUFFER = 3;
const SECTION_HEADER = 16;
const PAGE = 4096;

const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

interface Option {
  readonly id: number;
  readonly data: Buffer;
}

interface Section {
  readonly id: number;
  readonly flags: number;
  readonly body: Buffer;
}

/** Where the offset of the first options section is: behind name and version of the compression. */
function firstOptionsAt(file: Buffer): number {
  const name = 18;
  return file.indexOf(0, file.indexOf(0, name) + 1) + 1;
}

function sectionAt(file: Buffer, offset: number): Section {
  const size = Number(file.readBigUInt64LE(offset + 8));
  const start = offset + SECTION_HEADER;
  const flags = file.readUInt16LE(offset + 2);
  const raw = file.subarray(start, start + size);
  const body =
    (flags & 1) === 0
      ? raw
      : Buffer.from(zstdDecompress(raw.subarray(8, 8 + raw.readUInt32LE(0)), raw.readUInt32LE(4)));
  return { id: file.readUInt16LE(offset), flags, body };
}

function allOptions(file: Buffer): Option[] {
  const options: Option[] = [];
  let next = Number(file.readBigUInt64LE(firstOptionsAt(file)));
  while (next !== 0) {
    const { body } = sectionAt(file, next);
    next = 0;
    for (let at = 0; at < body.length; ) {
      const id = body.readUInt16LE(at);
      const size = body.readUInt32LE(at + 2);
      const data = body.subarray(at + 6, at + 6 + size);
      at += 6 + size;
      if (id === OPTION_DONE) next = Number(data.readBigUInt64LE(0));
      else options.push({ id, data });
    }
  }
  return options;
}

const optionsSection = (options: readonly Option[], next: number): Buffer => {
  const body = Buffer.concat([
    ...options.map(({ id, data }) => Buffer.concat([u16(id), u32(data.length), data])),
    u16(OPTION_DONE),
    u32(8),
    u64(next),
  ]);
  return Buffer.concat([u16(0), u16(0), u32(0), u64(body.length), body]);
};

/** The same file with its options in one section, and one more instance with the same data. */
export function withInstance(file: Buffer, name: string, clock: string): Buffer {
  const options = allOptions(file);
  const buffer = options.find(({ id }) => id === OPTION_BUFFER)!.data;
  const offset = buffer.subarray(0, 8);
  const oldName = buffer.indexOf(0, 8);
  const rest = buffer.subarray(buffer.indexOf(0, oldName + 1) + 1);
  const data = Buffer.concat([offset, Buffer.from(`${name}\0${clock}\0`), rest]);
  const section = optionsSection([...options, { id: OPTION_BUFFER, data }], 0);
  const changed = Buffer.concat([file, section]);
  changed.writeBigUInt64LE(BigInt(file.length), firstOptionsAt(file));
  return changed;
}

/** The same file with all sections and data compressed by `compress`, called `name` in the file. */
export function recompress(
  file: Buffer,
  name: 'zlib' | 'none',
  compress: (data: Buffer) => Buffer,
): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  const add = (...buffers: Buffer[]) => {
    for (const buffer of buffers) {
      parts.push(buffer);
      length += buffer.length;
    }
  };
  const compressed = name !== 'none';
  add(file.subarray(0, 18), Buffer.from(`${name}\0one\0`), u64(0));
  const pointer = length - 8;
  const options = allOptions(file).map(({ id, data }): Option => {
    if (id < 16) return { id, data };
    const section = sectionAt(file, Number(data.readBigUInt64LE(0)));
    const packed = compress(section.body);
    const body = compressed
      ? Buffer.concat([u32(packed.length), u32(section.body.length), packed])
      : packed;
    const offset = length;
    add(u16(id), u16(compressed ? 1 : 0), u32(0), u64(body.length), body);
    return { id, data: u64(offset) };
  });
  const changed = options.map((option) =>
    option.id === OPTION_BUFFER ? { id: OPTION_BUFFER, data: copyData(file, option.data) } : option,
  );
  const at = length;
  add(optionsSection(changed, 0));
  const result = Buffer.concat(parts);
  result.writeBigUInt64LE(BigInt(at), pointer);
  return result;

  function copyData(source: Buffer, data: Buffer): Buffer {
    const copy = Buffer.from(data);
    copy.writeBigUInt64LE(BigInt(length), 0);
    add(u16(OPTION_BUFFER), u16(compressed ? 1 : 0), u32(0), u64(0));
    const strings = copy.indexOf(0, copy.indexOf(0, 8) + 1) + 1;
    const count = copy.readUInt32LE(strings + 4);
    for (let i = 0; i < count; i++) {
      const entry = strings + 8 + i * 20;
      const chunks = chunksAt(source, Number(copy.readBigUInt64LE(entry + 4)));
      add(Buffer.alloc((PAGE - (length % PAGE)) % PAGE));
      const start = length;
      if (compressed) {
        add(u32(chunks.length));
        for (const chunk of chunks) {
          const packed = compress(chunk);
          add(u32(packed.length), u32(chunk.length), packed);
        }
      } else add(...chunks);
      copy.writeBigUInt64LE(BigInt(start), entry + 4);
      copy.writeBigUInt64LE(BigInt(length - start - (compressed ? 4 : 0)), entry + 12);
    }
    return copy;
  }
}

function chunksAt(file: Buffer, offset: number): Buffer[] {
  const chunks: Buffer[] = [];
  let at = offset + 4;
  for (let count = file.readUInt32LE(offset); count > 0; count--) {
    const size = file.readUInt32LE(at);
    const plain = file.readUInt32LE(at + 4);
    chunks.push(Buffer.from(zstdDecompress(file.subarray(at + 8, at + 8 + size), plain)));
    at += 8 + size;
  }
  return chunks;
}
