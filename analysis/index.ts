/**
 * The public face of analysis/: questions about traces. Only `openSession` and `openTrustedSession`
 * load DuckDB, so that commands without SQL start faster.
 */
import type { BoundedSession, SessionOptions } from './bounded/bounded-session.js';
import type { Report } from './report/index.js';
import type { NamedTrace } from './scan-source.js';
import type { DatabaseOptions, SqlSession } from './sql-session.js';

export { aerAgentOf } from './aer-agent-of.js';
export type { BoundedSession, SessionOptions } from './bounded/bounded-session.js';
export {
  type BundleNote,
  bundleText,
  differingKeys,
  NOTE as BUNDLE_NOTE,
  Redaction,
  readBundle,
  type TraceVerdict,
  verdictOf,
} from './bundle/index.js';
export {
  type Checked,
  type CheckRule,
  type Finding,
  RULE_SETS,
  readRules,
  runRules,
  type Severity,
  toJUnit,
  toSarif,
} from './check/index.js';
export { ConfigLayouts } from './config/config-layout.js';
export { type Bits, REGISTER_BITS } from './config/register-bits.js';
export type { Register } from './config/register-map.js';
export {
  DeviceTimeline,
  type Known,
  type StateChange,
} from './device-timeline.js';
export { type Comparison, compare, type Difference, type EventPair } from './diff/index.js';
export type { ResultStream } from './duckdb.js';
export { type ExportFormat, exportTrace } from './export/index.js';
export {
  type Cell,
  cellsOf,
  columnOf,
  type DriverStretch,
  driverColors,
  type Edge,
  isEventful,
  type Lane,
  type LanePart,
  type LaneSign,
  type Lanes,
  type LossBand,
  lastTimeOf,
  MARK_KINDS,
  type Mark,
  type MarkKind,
  PALETTE,
  partsWithin,
  partWords,
  readLanes,
  type Span,
  type Stretch,
  signsWithin,
  signWords,
} from './lanes/index.js';
export {
  type Actor,
  type DeadlockCandidate,
  type ExploredLife,
  explainLife,
  exploreLives,
  type Race,
  type RaceClass,
  RaceFinder,
  type RaceReport,
  type RaceSide,
  type RecordedLife,
  races,
  recordedLives,
  recordedOperation,
  type Searched,
  type UndecidedRace,
  type WholeRun,
  wholeRun,
} from './races/index.js';
export type { Report } from './report/index.js';
export type { NamedTrace } from './scan-source.js';
export { ADDRESS_COLUMNS, describeTables, type TableFacts } from './sql/table-facts.js';
export type { DatabaseOptions, SqlSession } from './sql-session.js';
export { type Counts, type Summary, summarize } from './trace-summary.js';
export type { TraceError } from './trace-tables.js';
export { Explainer, type Link, type Relation, type Why } from './why/index.js';

/**
 * Opens traces for SQL that users wrote. It runs in a separate process with limited memory and
 * time. The caller closes the traces.
 */
export async function openSession(
  traces: readonly NamedTrace[],
  options: SessionOptions = {},
): Promise<BoundedSession> {
  const { BoundedSession } = await import('./bounded/bounded-session.js');
  return new BoundedSession(traces, options);
}

/**
 * Opens traces for SQL that vfr itself wrote. It runs in this process, faster and without a limit
 * on time.
 */
export async function openTrustedSession(
  traces: readonly NamedTrace[],
  options: DatabaseOptions = {},
): Promise<SqlSession> {
  const { SqlSession } = await import('./sql-session.js');
  return SqlSession.open(traces, options);
}

/** Makes the report of traces; the packages that draw it are loaded for it alone. */
export async function makeReport(traces: readonly NamedTrace[]): Promise<Report> {
  const report = await import('./report/index.js');
  return report.makeReport(traces);
}
