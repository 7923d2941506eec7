/** Reads traces again while they are recorded. */
import { statSync } from 'node:fs';
import { openSource, readOn, TraceReader, VfrError } from '../../traces/index.js';
import type { TraceSet } from './trace-set.js';

/** How often the files are looked at, in milliseconds. */
const LOOK_MS = 500;
/** Reading a trace again may use this part of the time. */
const SHARE = 0.2;

export class TraceFollower {
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly traces: TraceSet) {}

  start(): void {
    this.#timer = setTimeout(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const started = performance.now();
    this.traces.readers.forEach((reader, i) => {
      const grown = grownReader(reader);
      if (grown !== null) this.traces.replace(i, grown);
    });
    const took = performance.now() - started;
    this.#timer = setTimeout(() => this.#look(), Math.max(LOOK_MS, took / SHARE));
  }
}

/** The trace as its file has it now; null when that has no more events. */
function grownReader(before: TraceReader): TraceReader | null {
  const file = before.source.name;
  // A trace with its end marker is finished, and a replaced file is another trace.
  if (before.end !== null) return null;
  try {
    if (statSync(file).size <= before.source.size) return null;
    const reader = new TraceReader(readOn(openSource(file)));
    if (reader.id === before.id && reader.seqEnd > before.seqEnd) return reader;
    if (reader.id === before.id && reader.end !== null) return reader;
    reader.close();
    return null;
  } catch (error) {
    // Another program may have moved the file; what was read stays.
    if (error instanceof VfrError || (error as NodeJS.ErrnoException).code !== undefined)
      return null;
    throw error;
  }
}
