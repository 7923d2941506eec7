import { assert } from './assert.js';
import { BytesBuilder, type ColumnBuffers, IntBuilder, WordBuilder } from './columns.js';
import { COLUMNS } from './schema.js';

/**
 * The growing columns of one batch, each a field of its own: looking one up by a computed name
 * costs ten times as much as setting its value.
 */
export class EventColumns {
  readonly seq: WordBuilder;
  readonly ts: WordBuilder;
  readonly cpu: IntBuilder;
  readonly pid: IntBuilder;
  readonly tid: IntBuilder;
  readonly task: IntBuilder;
  readonly source: IntBuilder;
  readonly kind: IntBuilder;
  readonly phase: IntBuilder;
  readonly span: WordBuilder;
  readonly device: IntBuilder;
  readonly driver: IntBuilder;
  readonly path: IntBuilder;
  readonly region: IntBuilder;
  readonly offset: WordBuilder;
  readonly length: WordBuilder;
  readonly value: WordBuilder;
  readonly name: IntBuilder;
  readonly ret: WordBuilder;
  readonly data: BytesBuilder;
  readonly text: BytesBuilder;

  constructor(capacity: number) {
    this.seq = new WordBuilder(capacity);
    this.ts = new WordBuilder(capacity);
    this.cpu = new IntBuilder(capacity, 16);
    this.pid = new IntBuilder(capacity, 32);
    this.tid = new IntBuilder(capacity, 32);
    this.task = new IntBuilder(capacity, 32);
    this.source = new IntBuilder(capacity, 32);
    this.kind = new IntBuilder(capacity, 32);
    this.phase = new IntBuilder(capacity, 32);
    this.span = new WordBuilder(capacity);
    this.device = new IntBuilder(capacity, 32);
    this.driver = new IntBuilder(capacity, 32);
    this.path = new IntBuilder(capacity, 32);
    this.region = new IntBuilder(capacity, 16);
    this.offset = new WordBuilder(capacity);
    this.length = new WordBuilder(capacity);
    this.value = new WordBuilder(capacity);
    this.name = new IntBuilder(capacity, 32);
    this.ret = new WordBuilder(capacity);
    this.data = new BytesBuilder(capacity);
    this.text = new BytesBuilder(capacity);
  }

  /** Bytes of the columns whose values have no fixed size. */
  get variableBytes(): number {
    return this.data.byteLength + this.text.byteLength;
  }

  /** The first `rows` rows as Arrow buffers, in the order of the schema. */
  buffers(rows: number): readonly ColumnBuffers[] {
    return COLUMNS.map(({ name, nullable }) => {
      const buffers = this[name].buffers(rows);
      assert(nullable || buffers.nullCount === 0, `column ${name} is set in every event`);
      return buffers;
    });
  }

  clear(rows: number): void {
    for (const { name } of COLUMNS) this[name].clear(rows);
  }
}
