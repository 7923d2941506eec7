/** Exports of a trace; only the writer of the wanted format is loaded. */
import type { Sink } from '../../traces/index.js';
import { openArrowFile, zeroOf } from '../../traces/index.js';
import type { Lanes } from '../lanes/index.js';
import type { NamedTrace } from '../scan-source.js';
import type { ExportFormat } from './export-format.js';

export type { ExportFormat } from './export-format.js';

export interface Export {
  readonly trace: NamedTrace;
  readonly format: ExportFormat;
  readonly sink: Sink;
  /** Where a temporary file may be made, with room for the whole export. */
  readonly folder: string;
}

/**
 * Writes a trace in another format.
 * @throws VfrError when the trace cannot be read, the disk is full, or `SNAPSHOT_MISSING` where the
 * format needs a snapshot
 */
export async function exportTrace({ trace, format, sink, folder }: Export): Promise<void> {
  const { reader } = trace;
  switch (format) {
    case 'parquet':
    case 'csv':
    case 'jsonl': {
      const { exportTable } = await import('./table.js');
      return exportTable(trace, format, sink, folder);
    }
    case 'arrow': {
      const file = await openArrowFile(sink, reader);
      for (const batch of reader.read()) file.write(batch);
      return file.finish();
    }
    case 'perfetto': {
      const { exportPerfetto } = await import('./perfetto.js');
      return exportPerfetto(reader, await lanesOf(trace), sink);
    }
    case 'chrome': {
      const { exportChrome } = await import('./chrome.js');
      return exportChrome(reader, await lanesOf(trace), sink);
    }
    case 'speedscope': {
      const { exportSpeedscope } = await import('./speedscope.js');
      return exportSpeedscope(reader, zeroOf(reader) ?? 0n, sink);
    }
    case 'otlp-json': {
      const { exportOtlp } = await import('./otlp.js');
      return exportOtlp(reader, zeroOf(reader) ?? 0n, sink);
    }
    case 'umockdev': {
      const { exportUmockdev } = await import('./umockdev.js');
      return exportUmockdev(reader, sink);
    }
  }
}

async function lanesOf(trace: NamedTrace): Promise<Lanes> {
  const { SqlSession } = await import('../sql-session.js');
  const { readLanes } = await import('../lanes/index.js');
  const session = await SqlSession.open([trace]);
  try {
    return await readLanes(session, trace.reader);
  } finally {
    session.close();
  }
}
