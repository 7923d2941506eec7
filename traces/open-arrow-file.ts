/** Loads the writer of Arrow files when it is used: other commands start without it. */
import type { Batch } from './batch.js';
import type { Sink } from './sink.js';
import { formatMeta } from './trace-meta.js';
import type { TraceReader } from './trace-reader.js';

/** An Arrow IPC file that is being written. */
export interface ArrowFile {
  write(batch: Batch): void;
  /** Writes the footer. */
  finish(): void;
}

/** Begins an Arrow IPC file for the batches of a trace, with the metadata of the trace. */
export async function openArrowFile(sink: Sink, reader: TraceReader): Promise<ArrowFile> {
  const { ArrowFileWriter } = await import('./arrow-file.js');
  return new ArrowFileWriter(sink, reader.dictionaries, formatMeta(reader.meta));
}
