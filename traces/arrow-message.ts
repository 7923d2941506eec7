/**
 * Decodes the metadata of Arrow IPC messages (format/Message.fbs and format/Schema.fbs of Apache
 * Arrow 21). Numbers below are the fields' places in those schemas.
 */

import type { ColumnType } from './event-schema.js';
import { Table } from './flatbuffer.js';
import { LINK_KEY, type Link, parseLink } from './message-link.js';

/** Where one buffer is in a message's body. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

interface AnyMessage {
  readonly bodyLength: number;
  /** The message's link; null in format version 1. */
  readonly link: Link | null;
}

export interface SchemaMessage extends AnyMessage {
  readonly type: 'schema';
  readonly columns: readonly { readonly name: string; readonly type: ColumnType | 'other' }[];
  readonly metadata: ReadonlyMap<string, string>;
}

export interface BatchMessage extends AnyMessage {
  readonly type: 'batch';
  readonly rows: number;
  readonly nullCounts: readonly number[];
  readonly regions: readonly Region[];
  readonly metadata: ReadonlyMap<string, string>;
}

export interface DictionaryMessage extends AnyMessage {
  readonly type: 'dictionary';
  readonly id: number;
  readonly rows: number;
  readonly regions: readonly Region[];
}

/** A decoded message. Its numbers have not been checked against their bounds yet. */
export type DecodedMessage = SchemaMessage | BatchMessage | DictionaryMessage;

const HEADER_SCHEMA = 1;
const HEADER_DICTIONARY = 2;
const HEADER_BATCH = 3;
const METADATA_V5 = 4;
const CODEC_ZSTD = 1;

/**
 * Decodes the metadata of a message. The caller has verified its CRC.
 * @throws Error when it is not an Arrow message (a hostile file can have a right CRC)
 */
export function decodeMessage(bytes: Buffer): DecodedMessage {
  const message = Table.root(bytes);
  const header = message.table(2);
  if (header === null) throw new Error('a message without a header');
  const metadata = keyValues(message, 4);
  const common = { bodyLength: message.int64(3), link: parseLink(metadata.get(LINK_KEY)) };
  switch (message.int8(1)) {
    case HEADER_SCHEMA:
      return { type: 'schema', ...common, ...schema(header) };
    case HEADER_DICTIONARY:
      return { type: 'dictionary', ...common, ...dictionary(header) };
    case HEADER_BATCH:
      if (message.int8(0) !== METADATA_V5) throw new Error('not metadata version 5');
      return { type: 'batch', ...common, ...batch(header), metadata };
    default:
      throw new Error('unknown message type');
  }
}

function keyValues(table: Table, field: number): Map<string, string> {
  return new Map(table.tables(field).map((entry) => [entry.string(0), entry.string(1)]));
}

function schema(table: Table): Pick<SchemaMessage, 'columns' | 'metadata'> {
  const columns = table.tables(1).map((f) => ({ name: f.string(0), type: fieldType(f) }));
  return { columns, metadata: keyValues(table, 2) };
}

/** Ids of the union `Type` in Schema.fbs. */
const TYPE_INT = 2;
const TYPE_BINARY = 4;
const TYPE_UTF8 = 5;

function fieldType(field: Table): ColumnType | 'other' {
  const type = field.int8(2);
  if (field.table(4) !== null) return type === TYPE_UTF8 ? 'dict' : 'other';
  if (type === TYPE_UTF8) return 'utf8';
  if (type === TYPE_BINARY) return 'binary';
  const int = type === TYPE_INT ? field.table(3) : null;
  return int === null ? 'other' : (INTEGERS[`${int.int8(1)}/${int.int32(0)}`] ?? 'other');
}

/** Integer types by `is_signed` and width in bits. */
const INTEGERS: Readonly<Record<string, ColumnType>> = {
  '0/64': 'u64',
  '1/64': 'i64',
  '0/32': 'u32',
  '0/16': 'u16',
  '1/16': 'i16',
};

function batch(table: Table): Pick<BatchMessage, 'rows' | 'nullCounts' | 'regions'> {
  const compression = table.table(3);
  if (compression?.int8(0) !== CODEC_ZSTD) throw new Error('not compressed by zstd');
  const nullCounts = table.pairs(1).map(([, nullCount]) => nullCount);
  const regions = table.pairs(2).map(([offset, length]) => ({ offset, length }));
  return { rows: table.int64(0), nullCounts, regions };
}

function dictionary(table: Table): Pick<DictionaryMessage, 'id' | 'rows' | 'regions'> {
  const data = table.table(1);
  if (data === null) throw new Error('a dictionary without data');
  const { rows, regions } = batch(data);
  return { id: table.int64(0), rows, regions };
}
