/** A short recording as one run, with what has to be so before an actor does something. */
import { type NoRun, RunReader, type RunSpec } from '../../replay/index.js';
import type { TraceReader } from '../../traces/index.js';
import { withConditions } from './enabling.js';
import { SEARCH_LIMITS } from './search-races.js';

export interface WholeRun {
  readonly spec: RunSpec;
  /** The thread of each step in the recorded order. */
  readonly schedule: readonly number[];
}

/**
 * @param kernel release; `unknown`: what the functions of the recording show
 * @returns why there is none, if there is none
 */
export function wholeRun(reader: TraceReader, kernel: string): WholeRun | NoRun {
  const runs = new RunReader(SEARCH_LIMITS);
  for (const batch of reader.read()) runs.add(batch);
  const run = runs.run(kernel);
  if (typeof run === 'string') return run;
  const spec = withConditions(run);
  return spec === null ? 'different' : { spec, schedule: run.schedule };
}
