/**
 * The public face of analysis/: questions about traces. DuckDB is loaded by `openSession` only, so
 * that what needs no SQL starts without it.
 */
import type { NamedTrace } from './event-scan.js';
import type { Session, SessionOptions } from './session.js';

export { DeviceTimeline } from './device-timeline.js';
export type { ResultStream } from './duckdb.js';
export type { NamedTrace } from './event-scan.js';
export {
  type Actor,
  type Race,
  type RaceClass,
  type RaceReport,
  type RaceSide,
  races,
  type UntoldRace,
} from './races/index.js';
export type { Session, SessionOptions } from './session.js';
export { type Counts, type Summary, summarize } from './summary.js';

/** Opens traces for questions in SQL; the traces stay the caller's to close. */
export async function openSession(
  traces: readonly NamedTrace[],
  options: SessionOptions = {},
): Promise<Session> {
  const { Session } = await import('./session.js');
  return Session.open(traces, options);
}
