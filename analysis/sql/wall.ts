import type { MacroDefinition, TraceClock } from './definition.js';

/** DuckDB's own format of nanoseconds writes past its text when a letter follows it. */
const text = (offset: string) => {
  const ns = `(ts::BIGINT + ${offset})`;
  const seconds = `make_timestamp(${ns} // 1000)`;
  const fraction = `lpad((${ns} % 1000000000)::VARCHAR, 9, '0')`;
  return `strftime(${seconds}, '%Y-%m-%dT%H:%M:%S') || '.' || ${fraction} || 'Z'`;
};

/** A CASE that picks a number of a trace by its name. */
export const ofTrace = (
  traces: readonly TraceClock[],
  number: (trace: TraceClock) => bigint | null,
): string => {
  const cases = traces.map(
    (trace) => `WHEN '${trace.name.replaceAll("'", "''")}' THEN ${number(trace) ?? 'NULL'}`,
  );
  return cases.length === 0 ? 'NULL::BIGINT' : `CASE trace ${cases.join(' ')} END::BIGINT`;
};

/** The number that all traces of the session have in common, else null. */
export const ofAll = (
  traces: readonly TraceClock[],
  number: (trace: TraceClock) => bigint | null,
): string => {
  const [first, ...others] = traces.map(number);
  const same = others.every((other) => other === first);
  return `(${same ? (first ?? 'NULL') : 'NULL'})::BIGINT`;
};

export const wall: MacroDefinition = {
  type: 'macro',
  name: 'wall',
  parameters: ['ts'],
  doc:
    'The time on the wall clock (UTC) of a time of the trace’s clock, as text that sorts; null ' +
    'when the trace does not say how its clock was set. With several traces give the column ' +
    '`trace`, too: `wall(ts, trace)`.',
  sql: (traces) => text(ofAll(traces, ({ wallOffset }) => wallOffset)),
  form: {
    parameters: ['ts', 'trace'],
    sql: (traces) => text(ofTrace(traces, ({ wallOffset }) => wallOffset)),
  },
  example: 'SELECT seq, wall(ts) FROM events LIMIT 1',
};
