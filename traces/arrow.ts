/**
 * Encodes Arrow IPC messages and the buffers of their bodies. This file, arrow-types.ts and
 * arrow-file.ts are the only ones that import apache-arrow: replace them to use another
 * implementation. (Decoding uses no library: arrow-message.ts.)
 */
import { crc32 } from 'node:zlib';
import { BodyCompressionMethod } from 'apache-arrow/fb/body-compression-method';
import { CompressionType } from 'apache-arrow/fb/compression-type';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { MetadataVersion } from 'apache-arrow/fb/metadata-version';
import {
  BodyCompression,
  BufferRegion,
  DictionaryBatch,
  FieldNode,
  Message,
  RecordBatch,
} from 'apache-arrow/ipc/metadata/message';
import { Schema } from 'apache-arrow/schema';
import * as types from 'apache-arrow/type';
import { arrowFields, dictionaryId } from './arrow-types.js';
import { assert } from './assert.js';
import { type ColumnBuffers, NO_BYTES } from './column-buffers.js';
import { countingFrame, isCountable } from './counting-frame.js';
import { deflate, prefixed } from './deflate.js';
import { COLUMNS, type ColumnName, DICT_COLUMNS, type DictColumn } from './event-schema.js';
import { hex8, LINK_KEY, LINK_PLACEHOLDER } from './message-link.js';
import { COLUMN_CRCS_KEY, CRC_KEY, CRC_PLACEHOLDER } from './trace-frame.js';
import { COUNTER_EFFORT, type Effort, REPEAT_EFFORT } from './zstd.js';

/** Every message carries these entries; the sealer fills them in. */
const withSeal = (entries: Iterable<readonly [string, string]> = []) =>
  new Map<string, string>([...entries, [LINK_KEY, LINK_PLACEHOLDER], [CRC_KEY, CRC_PLACEHOLDER]]);

/** The opening message: columns with their documentation, and the metadata of the trace. */
export function encodeSchema(metadata: ReadonlyMap<string, string>): Uint8Array {
  const dictionaries = new Map(DICT_COLUMNS.map((name) => [dictionaryId(name), new types.Utf8()]));
  const schema = new Schema(arrowFields(), new Map(metadata), dictionaries, MetadataVersion.V5);
  return Message.encode(
    new Message(0, MetadataVersion.V5, MessageHeader.Schema, schema, withSeal()),
  );
}

/** Metadata and body of one message, ready to be sealed in a frame. */
export interface EncodedMessage {
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * A record batch of `rows` rows.
 * @param seqFirst sequence number of the first row
 * @param columns one entry per column of the schema, in its order; the entry of `seq` is ignored
 * @param entries custom metadata of the message
 * @param level zstd level of addresses and lengths; other columns use at most this
 */
export function encodeBatch(
  rows: number,
  seqFirst: number,
  columns: readonly ColumnBuffers[],
  entries: readonly (readonly [string, string])[],
  level: number,
): EncodedMessage {
  assert(columns.length === COLUMNS.length, 'a batch has every column of the schema');
  const stored = COLUMNS.map(({ name }, i) => {
    if (name === 'seq') return storeSeq(seqFirst, rows);
    return storeColumn(columns[i], effortFor(name, level));
  });
  const { header, body, ends } = layOut(rows, columns, stored);
  const crcs = ends.map((end, i) => hex8(crc32(body.subarray(ends[i - 1] ?? 0, end))));
  const message = new Message(
    body.byteLength,
    MetadataVersion.V5,
    MessageHeader.RecordBatch,
    header,
    withSeal([...entries, [COLUMN_CRCS_KEY, crcs.join('')]]),
  );
  return { metadata: Message.encode(message), body };
}

/** How hard to compress a column, by the kind of values that it has. */
function effortFor(name: ColumnName, level: number): Effort {
  if (name === 'ts' || name === 'span') return COUNTER_EFFORT;
  return name === 'offset' || name === 'length'
    ? { level }
    : { level: Math.min(level, REPEAT_EFFORT.level) };
}

/** A dictionary batch that replaces the dictionary of `name` by all of its strings so far. */
export function encodeDictionary(
  name: DictColumn,
  size: number,
  strings: ColumnBuffers,
  level: number,
): EncodedMessage {
  const { header, body } = layOut(size, [strings], [storeColumn(strings, { level })]);
  const message = new Message(
    body.byteLength,
    MetadataVersion.V5,
    MessageHeader.DictionaryBatch,
    new DictionaryBatch(header, dictionaryId(name), false),
    withSeal(),
  );
  return { metadata: Message.encode(message), body };
}

/** The buffers of one column in the order of the body: validity, offsets if any, values. */
type StoredColumn = readonly Uint8Array[];

const storeColumn = ({ validity, buffers }: ColumnBuffers, effort: Effort): StoredColumn => [
  deflate(validity, effort),
  // Where a column has two buffers, the first one holds offsets, which only grow.
  ...buffers.map((buffer, i) => deflate(buffer, i + 1 < buffers.length ? COUNTER_EFFORT : effort)),
];

function storeSeq(first: number, rows: number): StoredColumn {
  if (isCountable(first, rows)) {
    return [NO_BYTES, prefixed(BigInt(rows) * 8n, countingFrame(first, rows))];
  }
  const values = BigUint64Array.from({ length: rows }, (_, row) => BigInt(first + row));
  return [NO_BYTES, deflate(new Uint8Array(values.buffer), COUNTER_EFFORT)];
}

/** Lays buffers out in sequence, each at a multiple of 8. */
function layOut(rows: number, columns: readonly ColumnBuffers[], stored: readonly StoredColumn[]) {
  const nodes = columns.map((c) => new FieldNode(rows, c.nullCount));
  const regions: BufferRegion[] = [];
  const ends: number[] = [];
  let offset = 0;
  for (const parts of stored) {
    for (const part of parts) {
      regions.push(new BufferRegion(offset, part.byteLength));
      offset = (offset + part.byteLength + 7) & ~7;
    }
    ends.push(offset);
  }
  const body = new Uint8Array(offset);
  stored.flat().forEach((part, i) => {
    body.set(part, regions[i].offset);
  });
  const compression = new BodyCompression(CompressionType.ZSTD, BodyCompressionMethod.BUFFER);
  return { header: new RecordBatch(rows, nodes, regions, compression), body, ends };
}
