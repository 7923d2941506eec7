/** Reads the metadata of a batch, and checks its bytes against their CRCs. */

import type { BatchMessage } from './arrow-message.js';
import { BATCH_BUFFERS, columnRange } from './batch.js';
import { type BatchStats, parseStats, STATS_KEY } from './batch-stats.js';
import { type ByteSource, bodyCrc } from './byte-source.js';
import { COLUMNS, type ColumnName, DICT_COLUMNS } from './event-schema.js';
import { ROWS_MAX } from './limits.js';
import type { Damage, Frame } from './scan-frames.js';
import { COLUMN_CRCS_KEY } from './trace-frame.js';
import type { Seq } from './units.js';

/** A batch that can be read: where it is, and its metadata. */
export interface BatchInfo {
  readonly rows: number;
  readonly seqFirst: Seq;
  readonly stats: BatchStats;
  readonly frame: Frame;
}

/** The metadata of a batch, or a sentence that says what is impossible about it. */
export function batchInfo(frame: Frame, message: BatchMessage): BatchInfo | string {
  const { rows, nullCounts, regions, bodyLength, metadata } = message;
  if (!Number.isInteger(rows) || rows < 0 || rows > ROWS_MAX) return `${rows} rows out of range`;
  if (nullCounts.length !== COLUMNS.length) return 'another number of columns than the schema';
  if (regions.length !== BATCH_BUFFERS) return 'another number of buffers than the schema wants';
  let end = 0;
  for (const { offset, length } of regions) {
    if (offset !== end || length < 0) return 'a buffer does not follow the one before';
    end = Math.ceil((offset + length) / 8) * 8;
  }
  if (end !== bodyLength) return 'the buffers do not fill the body';
  const stats = parseStats(metadata.get(STATS_KEY));
  if (stats === null || stats.rows !== rows) return 'no valid statistics';
  return { rows, seqFirst: stats.seqFirst, stats, frame };
}

export function columnCrcs({ metadata }: BatchMessage): number[] | null {
  const text = metadata.get(COLUMN_CRCS_KEY) ?? '';
  if (text.length !== COLUMNS.length * 8 || !/^[0-9a-f]*$/.test(text)) return null;
  return COLUMNS.map((_, i) => Number.parseInt(text.slice(i * 8, i * 8 + 8), 16));
}

/** Compares a frame's body with its CRC, and finds the damaged columns. */
export function checkBody(source: ByteSource, frame: Frame): Damage | null {
  const { offset, bodyOffset, end, message, crcs } = frame;
  if (bodyCrc(source, bodyOffset, end) === crcs.body) return null;
  if (message.type !== 'batch') {
    const column = message.type === 'dictionary' ? DICT_COLUMNS[message.id] : undefined;
    return { offset, end, what: `the dictionary of column ${column} does not match its CRC` };
  }
  const info = batchInfo(frame, message);
  const what = 'a batch does not match its CRC';
  if (typeof info === 'string') return { offset, end, what };
  const seq = [info.seqFirst, info.seqFirst + info.rows - 1] as const;
  const own = columnCrcs(message);
  if (own === null) return { offset, end, what, seq };
  const columns = COLUMNS.flatMap(({ name }, i): ColumnName[] => {
    const range = columnRange(message, i);
    const start = bodyOffset + range.offset;
    return bodyCrc(source, start, start + range.length) === own[i] ? [] : [name];
  });
  return { offset, end, what, seq, columns };
}
