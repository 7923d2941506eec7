/** Follows a trace that is being recorded. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ByteSource, grown, nameNow, readOn, TraceReader } from '../../traces/index.js';

const EVERY_MS = 500;
/** Opening a long trace again takes a while; the pauses are this many times as long. */
const PAUSE = 20;

/**
 * Opens a trace again whenever it has more events, until it is complete.
 * @param more is called with each; the next one waits for it
 * @param signal ends it
 * @returns the file of the complete trace; null when it was ended before
 * @throws VfrError when the file cannot be read any more
 */
export async function followed(
  first: TraceReader,
  more: (reader: TraceReader) => Promise<void>,
  signal: AbortSignal,
): Promise<ByteSource | null> {
  let reader = first;
  let wait = EVERY_MS;
  for (;;) {
    await sleep(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) return null;
    const source = grown(reader.source, nameNow(reader.source.name));
    if (source === null) continue;
    const began = performance.now();
    const next = new TraceReader(readOn(source), 'later');
    wait = Math.max(EVERY_MS, PAUSE * (performance.now() - began));
    if (next.end !== null) return next.source;
    if (next.events > reader.events) await more(next);
    reader = next;
  }
}
