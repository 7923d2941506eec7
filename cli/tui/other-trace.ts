/** Opens the trace that is compared with the first one. */
import { statSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Comparison } from '../../analysis/index.js';
import { TraceReader } from '../../traces/index.js';
import { CallIndex } from './model/call-index.js';
import { EventStore } from './model/event-store.js';
import { indexSlices } from './model/index-slices.js';
import type { Compare } from './vfr-process.js';

export interface OtherTrace {
  readonly file: string;
  readonly store: EventStore;
  readonly calls: CallIndex;
  readonly comparison: Comparison;
}

/**
 * Reads and compares a trace, and handles keys while it does.
 * @throws when it is no trace, cannot be read, or the work was cancelled
 */
export async function openOther(
  file: string,
  compare: Compare,
  signal: AbortSignal,
): Promise<OtherTrace> {
  // Another process has to open it, too.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new Error(`There is no file ${file}.`);
  const reader = TraceReader.open(file);
  try {
    const store = new EventStore(reader);
    const [comparison, calls] = await Promise.all([compare(file, signal), callsOf(store, signal)]);
    return { file, store, calls, comparison };
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function callsOf(store: EventStore, signal: AbortSignal): Promise<CallIndex> {
  const calls = new CallIndex(store.length);
  for (const _ of indexSlices(store, calls)) await breathe(undefined, { signal });
  return calls;
}
