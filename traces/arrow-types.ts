/** The columns of events as types of Arrow. */
import { Field } from 'apache-arrow/schema';
import * as types from 'apache-arrow/type';
import { COLUMNS, type Column, DICT_COLUMNS, type DictColumn } from './event-schema.js';

/** Dictionary id of a dictionary column in the Arrow schema: its index among them. */
export const dictionaryId = (name: DictColumn) => DICT_COLUMNS.indexOf(name);

export function arrowType(column: Column): types.DataType {
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

/** The fields of the schema, with their documentation. */
export const arrowFields = (): Field[] =>
  COLUMNS.map((c) => new Field(c.name, arrowType(c), c.nullable, new Map([['doc', c.doc]])));
