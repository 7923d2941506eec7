/** Opens the trace that is compared with the first one. */
import { statSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { ConfigLayouts } from '../../analysis/index.js';
import { type Batch, TraceReader } from '../../traces/index.js';
import type { Compare } from './explain-and-compare.js';
import type { Compared } from './model/beside.js';
import { CallIndex } from './model/call-index.js';
import { EventStore } from './model/event-store.js';
import { indexSlices } from './model/index-slices.js';
import type { RegisterAt } from './model/overview.js';

/**
 * Reads and compares a trace, and handles keys while it does.
 * @throws when it is no trace, cannot be read, or the work was cancelled
 */
export async function openOther(
  file: string,
  compare: Compare,
  signal: AbortSignal,
): Promise<Compared> {
  // Another process has to open it, too.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new Error(`There is no file ${file}.`);
  const reader = TraceReader.open(file);
  try {
    const store = new EventStore(reader);
    const layouts = new ConfigLayouts();
    const [comparison, calls] = await Promise.all([
      compare(file, signal),
      callsOf(store, layouts, signal),
    ]);
    const registerAt: RegisterAt = (device, offset) => layouts.registerAt(device, offset);
    return { file, store, calls, comparison, registerAt };
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function callsOf(
  store: EventStore,
  layouts: ConfigLayouts,
  signal: AbortSignal,
): Promise<CallIndex> {
  const calls = new CallIndex(store.length);
  const onSlice = (batch: Batch, from: number) => from === 0 && layouts.add(batch);
  for (const _ of indexSlices(store, calls, onSlice)) await breathe(undefined, { signal });
  return calls;
}
