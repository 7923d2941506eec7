/** Reports of traces as one HTML file. */
import type { NamedTrace } from '../scan-source.js';
import { type Findings, readReport } from './report-data.js';
import { reportPage } from './report-page.js';

export interface Report {
  readonly html: string;
  /** What was found in each trace, in their order. */
  readonly findings: readonly Findings[];
}

/**
 * Makes the report of one or several traces; one trace after the other is in memory.
 * @throws VfrError when a trace cannot be read
 */
export async function makeReport(traces: readonly NamedTrace[]): Promise<Report> {
  const reports = [];
  for (const trace of traces) reports.push(await readReport(trace));
  return { html: reportPage(reports), findings: reports.map(({ findings }) => findings) };
}
