/** The public face of traces/: the event schema and the trace file. */
export { EventAppender } from './appender.js';
export { AssertionError, assert } from './assert.js';
export {
  BDF_PATTERN,
  type Bdf,
  formatBdf,
  parseBdf,
  parseShortBdf,
  SHORT_BDF_PATTERN,
} from './base/bdf.js';
export { ERRNO, type ErrnoName, errnoName, errnoNumber } from './base/errno.js';
export { firstIndex } from './base/first-index.js';
export { CALL_DEPTH_MAX, likelyEnded } from './base/likely-ended.js';
export { processStart } from './base/process-start.js';
export { fromWords, highWord, lowWord } from './base/words.js';
export { Batch } from './batch.js';
export type { BatchInfo } from './batch-info.js';
export { type BatchStats, STATS_COLUMNS, type StatsColumn } from './batch-stats.js';
export { type ByteSource, FileSource, grown, MemorySource, openSource } from './byte-source.js';
export { ColumnMemory } from './column-memory.js';
export {
  BytesView,
  DictView,
  IntView,
  isPresent,
  type Validity,
  WordView,
} from './column-views.js';
export { areMessagesInput, type Destination, refuseInputs } from './destination.js';
export { Dictionary } from './dictionary.js';
export type { EndMark } from './end-mark.js';
export { ERRORS, type ErrorCode, type ErrorFacts, type ErrorKind } from './error-catalogue.js';
export { type ErrorLocation, fileError, VfrError } from './errors.js';
export type { EventEdit } from './event-copier.js';
export { CELL, EventRow, type IntCell, type WordCell } from './event-row.js';
export {
  COLUMNS,
  type Column,
  type ColumnName,
  type ColumnType,
  DICT_COLUMNS,
  type DictColumn,
  FORMAT_VERSION,
  type IntColumn,
  type TraceMeta,
  type WordColumn,
} from './event-schema.js';
export {
  FAMILIES,
  type Family,
  KINDS,
  type Kind,
  type KindFacts,
  kindFacts,
  kindsWhere,
  PATHS,
  type Path,
  PHASES,
  type Phase,
  REGION_CONFIG,
  SOURCES,
  type Source,
} from './kinds.js';
export type { Loss } from './loss-counts.js';
export {
  alignClocks,
  type MergeInput,
  mergedMeta,
  mergeTraces,
  type Placement,
  placeable,
} from './merge-traces.js';
export { openArrowFile } from './open-arrow-file.js';
export { openRecording, openSink } from './open-sink.js';
export { isPartial, nameNow, recordedTo } from './partial-name.js';
export { readOn } from './read-past-bad-disk.js';
export { ScratchSink } from './remade-sink.js';
export { type Rewritten, rewriteTrace } from './rewrite-trace.js';
export type { SalvageLoss } from './salvage.js';
export type { Damage } from './scan-frames.js';
export type { Filter, Selection } from './select-events.js';
export { MemorySink, type OutputSink, type RecordingSink, type Sink } from './sink.js';
export { TimeWords } from './time-words.js';
export { zeroOf } from './time-zero.js';
export { type Checks, type Completeness, TraceReader } from './trace-reader.js';
export { TraceWriter, type WriterOptions } from './trace-writer.js';
export {
  type Brand,
  type ConfigOffset,
  type Iova,
  type Nanos,
  type NanosDelta,
  nanosBetween,
  type Seq,
  toNanos,
  toSeq,
} from './units.js';
export { verifyTrace } from './verify-trace.js';
export {
  notRecorded,
  RECORDED_NOTES,
  type RefusedProbe,
  recordedNotes,
  type WhatIsRecorded,
  whatIsRecorded,
} from './what-is-recorded.js';
export { ZstdDecoder, zstdCompress, zstdDecompress, zstdStream } from './zstd.js';
