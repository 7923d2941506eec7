/** Reads what a report says of a trace. */
import { type ReplayResult, replay } from '../../replay/index.js';
import { type Lanes, readLanes, rowsOf } from '../lanes/index.js';
import type { NamedTrace } from '../scan-source.js';
import { SqlSession } from '../sql-session.js';
import { type Summary, summarize } from '../trace-summary.js';
import { type ReportQuery, reportQueries } from './report-queries.js';

export type Row = Readonly<Record<string, unknown>>;

/** A query, and its rows. */
export interface Answer {
  readonly sql: string;
  readonly rows: readonly Row[];
}

/** How many of each finding a trace has. */
export interface Findings {
  readonly lost: number;
  readonly races: number;
  readonly diverged: number;
  readonly failed: number;
  readonly refused: number;
  readonly faults: number;
  readonly blocked: number;
}

export interface TraceReport {
  readonly name: string;
  readonly id: string | null;
  readonly summary: Summary;
  readonly replay: ReplayResult;
  readonly lanes: Lanes;
  readonly findings: Findings;
  readonly answers: Readonly<Record<ReportQuery, Answer>>;
}

/** @throws VfrError when the trace cannot be read */
export async function readReport(trace: NamedTrace): Promise<TraceReport> {
  const { name, reader } = trace;
  const session = await SqlSession.open([trace]);
  try {
    const lanes = await readLanes(session, reader);
    const answers = {} as Record<ReportQuery, Answer>;
    for (const [key, sql] of Object.entries(reportQueries(lanes.zero, lanes.end)))
      answers[key as ReportQuery] = { sql: sql.trim(), rows: await rowsOf<Row>(session, sql) };
    const summary = summarize(reader);
    const replayed = replay(reader.read(), reader.meta);
    const [counts] = answers.counts.rows;
    const count = (key: string) => Number(counts[key] ?? 0);
    return {
      name,
      id: reader.id,
      summary,
      replay: replayed,
      lanes,
      findings: {
        lost: summary.lost,
        races: lanes.races.races.length,
        diverged: replayed.diverged,
        failed: count('failed'),
        refused: count('refused'),
        faults: count('faults'),
        blocked: count('blocked'),
      },
      answers,
    };
  } finally {
    session.close();
  }
}
