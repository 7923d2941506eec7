/** The parts of a perf.data, of a file or of a pipe. */
import { type ByteSource, VfrError } from '../../../traces/index.js';
import {
  ATTRIBUTE_BYTES_MIN,
  type Attribute,
  Attributes,
  readAttribute,
} from './event-attributes.js';
import { FEATURE, MAGIC, RECORD } from './perf-constants.js';
import { openOthers } from './perf-folder.js';
import { RecordWalk } from './record-walk.js';

const PIPE_HEADER_BYTES = 16;
const FILE_HEADER_BYTES = 104;
const FEATURES_OFFSET = 72;
const FEATURES = 256;
const SECTION_BYTES = 16;
/** Formats and symbols take some megabytes; a damaged size must not decide what is allocated. */
const PART_BYTES_MAX = 1 << 28;
const IDS_BYTES_MAX = 1 << 24;
/** Records at the beginning of a pipe among which its attributes and features are. */
const PIPE_HEAD_RECORDS = 100_000;

interface Section {
  readonly offset: number;
  readonly size: number;
}

export interface PerfFile {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly attributes: Attributes;
  /** Parts of the header by their number (`FEATURE`). */
  readonly features: ReadonlyMap<number, Buffer>;
  readonly data: { readonly start: number; readonly end: number };
  /** Files that have more records, and nothing else. */
  readonly others: readonly ByteSource[];
  /** Damage of the file, which does not prevent its records from being read. */
  readonly damage: { readonly offset: number; readonly why: string } | null;
}

/** @throws VfrError `PERFDATA_DAMAGED` when there are no records that could be read */
export function readPerfFile(source: ByteSource): PerfFile {
  const littleEndian = source.read(0, 8).equals(MAGIC);
  const header = source.read(0, FILE_HEADER_BYTES);
  if (header.byteLength < PIPE_HEADER_BYTES) throw damaged(source, 0, 'the header is cut');
  const size = u64(header, 8, littleEndian);
  if (size === BigInt(PIPE_HEADER_BYTES)) return readPipe(source, littleEndian);
  if (size !== BigInt(FILE_HEADER_BYTES) || header.byteLength < FILE_HEADER_BYTES)
    throw damaged(source, 8, `a header of ${size} bytes`);
  return readFile(source, header, littleEndian);
}

function readFile(source: ByteSource, header: Buffer, littleEndian: boolean): PerfFile {
  const section = (at: number) => sectionOf(header, at, littleEndian);
  const attributes = readAttributes(source, section(24), header, littleEndian);
  const data = section(40);
  const isUnfinished = data.size === 0;
  const end = isUnfinished ? source.size : data.offset + data.size;
  const features = new Map<number, Buffer>();
  let damage: PerfFile['damage'] = null;
  if (isUnfinished) damage = { offset: source.size, why: 'perf did not finish the file' };
  else if (end > source.size) damage = { offset: source.size, why: 'the file ends early' };
  else damage = readFeatures(source, header, end, littleEndian, features);
  const range = { start: data.offset, end: Math.min(end, source.size) };
  const others = features.has(FEATURE.dirFormat) ? openOthers(source.name) : [];
  if (features.has(FEATURE.dirFormat) && others.length === 0)
    damage ??= { offset: end, why: 'the files beside it that have the records are missing' };
  return { source, littleEndian, attributes, features, data: range, others, damage };
}

function readAttributes(
  source: ByteSource,
  { offset, size }: Section,
  header: Buffer,
  littleEndian: boolean,
): Attributes {
  const each = Number(u64(header, 16, littleEndian));
  const bytes = size > IDS_BYTES_MAX ? Buffer.alloc(0) : source.read(offset, size);
  const length = each - SECTION_BYTES;
  if (length < ATTRIBUTE_BYTES_MIN || bytes.byteLength < each)
    throw damaged(source, offset, 'what was recorded cannot be read');
  const attributes = new Attributes();
  for (let at = 0; at + each <= bytes.byteLength; at += each) {
    const ids = sectionOf(bytes, at + length, littleEndian);
    const found = ids.size > IDS_BYTES_MAX ? Buffer.alloc(0) : source.read(ids.offset, ids.size);
    const attribute = readAttribute(bytes.subarray(at, at + length), littleEndian);
    attributes.add(attribute, idsIn(found, littleEndian));
  }
  return attributes;
}

/**
 * Reads the features of a file.
 * @returns its damage
 */
function readFeatures(
  source: ByteSource,
  header: Buffer,
  end: number,
  littleEndian: boolean,
  features: Map<number, Buffer>,
): PerfFile['damage'] {
  let at = end;
  for (let bit = 0; bit < FEATURES; bit++) {
    const word = u64(header, FEATURES_OFFSET + 8 * (bit >> 6), littleEndian);
    if (((word >> BigInt(bit & 63)) & 1n) === 0n) continue;
    const entry = source.read(at, SECTION_BYTES);
    if (entry.byteLength < SECTION_BYTES) return { offset: at, why: 'the list of parts is cut' };
    const { offset, size } = sectionOf(entry, 0, littleEndian);
    at += SECTION_BYTES;
    const isWanted = (Object.values(FEATURE) as number[]).includes(bit);
    if (!isWanted || size > PART_BYTES_MAX) continue;
    features.set(bit, Buffer.from(source.read(offset, size)));
  }
  return null;
}

/** A pipe has attributes and features as records in front of the others. */
function readPipe(source: ByteSource, littleEndian: boolean): PerfFile {
  const data = { start: PIPE_HEADER_BYTES, end: source.size };
  const attributes = new Attributes();
  const features = new Map<number, Buffer>();
  const walk = new RecordWalk(source, data.start, data.end, littleEndian);
  let count = 0;
  for (const { type, bytes, next } of walk.records()) {
    if (type === RECORD.sample || ++count > PIPE_HEAD_RECORDS) break;
    if (type === RECORD.headerAttr) addAttribute(attributes, bytes.subarray(8), littleEndian);
    else if (type === RECORD.headerFeature && bytes.byteLength >= 16)
      features.set(Number(u64(bytes, 8, littleEndian)), Buffer.from(bytes.subarray(16)));
    else if (type === RECORD.tracingData && bytes.byteLength >= 12) {
      const size = littleEndian ? bytes.readUInt32LE(8) : bytes.readUInt32BE(8);
      if (size <= PART_BYTES_MAX)
        features.set(FEATURE.tracingData, Buffer.from(source.read(next, size)));
    }
  }
  if (attributes.first === undefined)
    throw damaged(source, data.start, 'what was recorded cannot be read');
  return { source, littleEndian, attributes, features, data, others: [], damage: null };
}

function addAttribute(attributes: Attributes, bytes: Buffer, littleEndian: boolean): void {
  if (bytes.byteLength < ATTRIBUTE_BYTES_MIN) return;
  const told = littleEndian ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  const size = Math.max(ATTRIBUTE_BYTES_MIN, Math.min(told, bytes.byteLength));
  const attribute: Attribute = readAttribute(bytes.subarray(0, size), littleEndian);
  attributes.add(attribute, idsIn(bytes.subarray(size), littleEndian));
}

function* idsIn(bytes: Buffer, littleEndian: boolean): Generator<bigint> {
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) yield u64(bytes, at, littleEndian);
}

/** Sizes and offsets that no file has become 0. */
function sectionOf(bytes: Buffer, at: number, littleEndian: boolean): Section {
  const number = (place: number) => {
    const value = u64(bytes, place, littleEndian);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? 0 : Number(value);
  };
  return { offset: number(at), size: number(at + 8) };
}

const u64 = (bytes: Buffer, at: number, littleEndian: boolean): bigint =>
  littleEndian ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at);

function damaged(source: ByteSource, offset: number, what: string): VfrError {
  const next = 'Record again, or import what `perf script` prints of it.';
  return new VfrError('PERFDATA_DAMAGED', what, next, { file: source.name, offset });
}
