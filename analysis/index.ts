/**
 * The public face of analysis/: questions about traces. DuckDB is loaded by `openSession` only, so
 * that what needs no SQL starts without it.
 */
import type { BoundedSession, SessionOptions } from './bounded/bounded-session.js';
import type { NamedTrace } from './event-scan.js';
import type { DatabaseOptions, Session } from './sql-session.js';

export type { BoundedSession, SessionOptions } from './bounded/bounded-session.js';
export { DeviceTimeline, type Known } from './device-timeline.js';
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
export type { DatabaseOptions, Session } from './sql-session.js';
export { type Counts, type Summary, summarize } from './trace-summary.js';

/**
 * Opens traces for questions in SQL that users wrote: they are asked in a process of its own, which
 * is bounded in memory and time. The traces stay the caller's to close.
 */
export async function openSession(
  traces: readonly NamedTrace[],
  options: SessionOptions = {},
): Promise<BoundedSession> {
  const { BoundedSession } = await import('./bounded/bounded-session.js');
  return new BoundedSession(traces, options);
}

/**
 * Opens traces for questions in SQL that vfr itself wrote: they are asked in this process, soonest
 * and without a bound on time.
 */
export async function openTrustedSession(
  traces: readonly NamedTrace[],
  options: DatabaseOptions = {},
): Promise<Session> {
  const { Session } = await import('./sql-session.js');
  return Session.open(traces, options);
}
