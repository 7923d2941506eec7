/** Traces as long as real ones get, made of short ones: one after another, as often as it takes. */
import { mergeTraces, openSink, TraceReader, TraceWriter } from '../traces/index.js';

/** Time between two recordings. */
const PAUSE_NS = 1_000_000_000n;

/**
 * Writes traces one after another, and from the beginning again until there are `events` of them.
 * The snapshot of a repeated recording comes again, as if all devices were found anew.
 */
export function writeLongTrace(inputs: readonly string[], output: string, events: number): void {
  const readers = inputs.map((input) => TraceReader.open(input));
  const sink = openSink({ file: output, inputs: [] });
  const writer = new TraceWriter(sink, { ...readers[0].meta, writer: 'bench' });
  let start = 0n;
  for (let written = 0; written < events; ) {
    for (const reader of readers) {
      const stats = reader.batches.map((batch) => batch.stats);
      // A snapshot has the time 0, or one of long before.
      const first = stats.reduce((least, { tsMin }) => (tsMin < least ? tsMin : least), 1n << 64n);
      const last = stats.reduce((most, { tsMax }) => (tsMax > most ? tsMax : most), 0n);
      mergeTraces([{ reader, offsetNs: start - first }], writer);
      start += last - first + PAUSE_NS;
      written += reader.events;
    }
  }
  writer.finish();
  sink.commit();
  for (const reader of readers) reader.close();
}
