/**
 * The one place that knows apache-arrow: encodes and decodes Arrow IPC messages and the buffers of
 * their bodies. Replace this file to use another implementation.
 */
import { BodyCompressionMethod } from 'apache-arrow/fb/body-compression-method';
import { CompressionType } from 'apache-arrow/fb/compression-type';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { MetadataVersion } from 'apache-arrow/fb/metadata-version';
import { compressionRegistry } from 'apache-arrow/ipc/compression/registry';
import {
  BodyCompression,
  BufferRegion,
  DictionaryBatch,
  FieldNode,
  Message,
  RecordBatch,
} from 'apache-arrow/ipc/metadata/message';
import { Field, Schema } from 'apache-arrow/schema';
import * as types from 'apache-arrow/type';
import { assert } from './assert.js';
import type { ColumnBuffers } from './columns.js';
import { CRC_KEY, CRC_PLACEHOLDER } from './frame.js';
import { COLUMNS, type Column, DICT_COLUMNS, type DictColumn } from './schema.js';
import { zstdCompress, zstdDecompress } from './zstd.js';

compressionRegistry.set(CompressionType.ZSTD, {
  encode: (data) => zstdCompress(data),
  decode: (data) => new Uint8Array(zstdDecompress(data, frameContentSize(data))),
});

/** Content size of a frame that `zstdCompress` made; only for readers that use Arrow's registry. */
function frameContentSize(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flag = frame[4] >> 6;
  const single = (frame[4] >> 5) & 1;
  const at = 5 + (single === 1 ? 0 : 1);
  if (flag === 0) return frame[at];
  if (flag === 1) return view.getUint16(at, true) + 256;
  return flag === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

/** Dictionary id of a dictionary column in the Arrow schema: its place among them. */
const dictionaryId = (name: DictColumn) => DICT_COLUMNS.indexOf(name);

function arrowType(column: Column): types.DataType {
  switch (column.type) {
    case 'u64':
      return new types.Uint64();
    case 'i64':
      return new types.Int64();
    case 'u32':
      return new types.Uint32();
    case 'u16':
      return new types.Uint16();
    case 'i16':
      return new types.Int16();
    case 'utf8':
      return new types.Utf8();
    case 'binary':
      return new types.Binary();
    case 'dict':
      return new types.Dictionary(
        new types.Utf8(),
        new types.Int32(),
        dictionaryId(column.name as DictColumn),
      );
  }
}

const withCrc = (entries: Iterable<readonly [string, string]> = []) =>
  new Map<string, string>([...entries, [CRC_KEY, CRC_PLACEHOLDER]]);

/** The opening message: columns with their documentation, and what the trace says of itself. */
export function encodeSchema(metadata: ReadonlyMap<string, string>): Uint8Array {
  const fields = COLUMNS.map(
    (c) => new Field(c.name, arrowType(c), c.nullable, new Map([['doc', c.doc]])),
  );
  const dictionaries = new Map(DICT_COLUMNS.map((name) => [dictionaryId(name), new types.Utf8()]));
  const schema = new Schema(fields, new Map(metadata), dictionaries, MetadataVersion.V5);
  return Message.encode(
    new Message(0, MetadataVersion.V5, MessageHeader.Schema, schema, withCrc()),
  );
}

/** Metadata and body of one message, ready to be sealed in a frame. */
export interface EncodedMessage {
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * A record batch of `rows` rows.
 * @param columns one entry per column of the schema, in its order
 * @param entries custom metadata of the message
 */
export function encodeBatch(
  rows: number,
  columns: readonly ColumnBuffers[],
  entries: Iterable<readonly [string, string]>,
  level: number,
): EncodedMessage {
  assert(columns.length === COLUMNS.length, 'a batch has every column of the schema');
  const { header, body } = encodeBody(rows, columns, level);
  const message = new Message(
    body.byteLength,
    MetadataVersion.V5,
    MessageHeader.RecordBatch,
    header,
    withCrc(entries),
  );
  return { metadata: Message.encode(message), body };
}

/** A dictionary batch that replaces the dictionary of `name` by all of its strings so far. */
export function encodeDictionary(
  name: DictColumn,
  size: number,
  strings: ColumnBuffers,
  level: number,
): EncodedMessage {
  const { header, body } = encodeBody(size, [strings], level);
  const message = new Message(
    body.byteLength,
    MetadataVersion.V5,
    MessageHeader.DictionaryBatch,
    new DictionaryBatch(header, dictionaryId(name), false),
    withCrc(),
  );
  return { metadata: Message.encode(message), body };
}

function encodeBody(rows: number, columns: readonly ColumnBuffers[], level: number) {
  const nodes = columns.map((c) => new FieldNode(rows, c.nullCount));
  const parts = columns.flatMap((c) => [c.validity, ...c.buffers]).map((b) => deflate(b, level));
  const regions: BufferRegion[] = [];
  let offset = 0;
  for (const part of parts) {
    regions.push(new BufferRegion(offset, part.byteLength));
    offset = (offset + part.byteLength + 7) & ~7;
  }
  const body = new Uint8Array(offset);
  parts.forEach((part, i) => {
    body.set(part, regions[i].offset);
  });
  const compression = new BodyCompression(CompressionType.ZSTD, BodyCompressionMethod.BUFFER);
  return { header: new RecordBatch(rows, nodes, regions, compression), body };
}

/** Arrow's length prefix for a buffer that is stored as it is (IPC format, BodyCompression). */
const STORED = -1n;
const LENGTH_PREFIX_BYTES = 8;

/** A buffer as Arrow's BodyCompression wants it: its length as i64 LE, then a zstd frame. */
function deflate(data: Uint8Array, level: number): Uint8Array {
  if (data.byteLength === 0) return data;
  const frame = zstdCompress(data, level);
  const smaller = frame.byteLength < data.byteLength;
  const payload = smaller ? frame : data;
  const out = new Uint8Array(LENGTH_PREFIX_BYTES + payload.byteLength);
  new DataView(out.buffer).setBigInt64(0, smaller ? BigInt(data.byteLength) : STORED, true);
  out.set(payload, LENGTH_PREFIX_BYTES);
  return out;
}

/** Where one buffer lies in a message's body. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

/** A decoded message. Every number in it is still to be held against its bounds. */
export type DecodedMessage =
  | {
      readonly type: 'schema';
      readonly bodyLength: number;
      readonly columns: readonly { readonly name: string; readonly type: string }[];
      readonly metadata: ReadonlyMap<string, string>;
    }
  | {
      readonly type: 'batch';
      readonly bodyLength: number;
      readonly rows: number;
      readonly nullCounts: readonly number[];
      readonly regions: readonly Region[];
      readonly metadata: ReadonlyMap<string, string>;
    }
  | {
      readonly type: 'dictionary';
      readonly bodyLength: number;
      readonly id: number;
      readonly rows: number;
      readonly regions: readonly Region[];
    };

/**
 * Decodes the metadata of a message, whose CRC has been verified before.
 * @throws Error when it is not an Arrow message (a hostile file can have a right CRC)
 */
export function decodeMessage(metadata: Uint8Array): DecodedMessage {
  const message = Message.decode(metadata);
  const header: unknown = message.header();
  const bodyLength = message.bodyLength;
  if (header instanceof Schema) {
    const columns = header.fields.map((f) => ({ name: f.name, type: String(f.type) }));
    return { type: 'schema', bodyLength, columns, metadata: header.metadata };
  }
  if (header instanceof RecordBatch) {
    const { length: rows, nodes, buffers: regions } = header;
    const nullCounts = nodes.map((n) => n.nullCount);
    return { type: 'batch', bodyLength, rows, nullCounts, regions, metadata: message.metadata };
  }
  if (header instanceof DictionaryBatch) {
    const { id, length: rows, buffers: regions } = header;
    return { type: 'dictionary', bodyLength, id, rows, regions };
  }
  throw new Error('unknown Arrow message type');
}

/** The Arrow types of this version's columns, to compare a file's schema with. */
export const SCHEMA_TYPES: readonly { readonly name: string; readonly type: string }[] =
  COLUMNS.map((c) => ({ name: c.name, type: String(arrowType(c)) }));

export const dictionaryColumn = (id: number): DictColumn | undefined => DICT_COLUMNS[id];

/**
 * Undoes `deflate` for one buffer.
 * @param bytesMax upper bound of the buffer's decompressed size, checked before allocation
 * @throws Error when the buffer is damaged or larger than it may be
 */
export function inflate(stored: Uint8Array, bytesMax: number): Uint8Array<ArrayBuffer> {
  if (stored.byteLength === 0) return new Uint8Array(0);
  if (stored.byteLength < LENGTH_PREFIX_BYTES) throw new Error('buffer shorter than its prefix');
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const length = view.getBigInt64(0, true);
  const payload = stored.subarray(LENGTH_PREFIX_BYTES);
  if (length === STORED) {
    if (payload.byteLength > bytesMax) throw new Error(`stored buffer over ${bytesMax} bytes`);
    return new Uint8Array(payload);
  }
  if (length < 0n || length > BigInt(bytesMax)) {
    throw new Error(`decompressed size ${length} out of range 0..${bytesMax}`);
  }
  return zstdDecompress(payload, Number(length));
}
