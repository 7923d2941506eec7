import type { MacroDefinition } from './definition.js';
import { ofAll, ofTrace } from './wall.js';

const ns = (zero: string, offset: string) =>
  `CASE WHEN try_cast(moment AS DOUBLE) IS NOT NULL
    THEN (${zero} + round(try_cast(moment AS DECIMAL(28, 9)) * 1000000000)::BIGINT)
    ELSE epoch_ns(replace(replace(moment::VARCHAR, 'T', ' '), 'Z', '')::TIMESTAMP_NS) - ${offset}
  END::UBIGINT`;

export const at: MacroDefinition = {
  type: 'macro',
  name: 'at',
  parameters: ['moment'],
  doc:
    'The time of the trace’s clock at a time of the wall clock (UTC text, such as ' +
    "`'2026-11-21 10:00:00.5'`), or so many seconds after the first event, as other commands " +
    'print times. To compare with `ts`. With several traces: `at(moment, trace)`.',
  sql: (traces) =>
    ns(
      ofAll(traces, ({ zero }) => zero),
      ofAll(traces, ({ wallOffset }) => wallOffset),
    ),
  form: {
    parameters: ['moment', 'trace'],
    sql: (traces) =>
      ns(
        ofTrace(traces, ({ zero }) => zero),
        ofTrace(traces, ({ wallOffset }) => wallOffset),
      ),
  },
  example: 'SELECT seq, kind FROM events WHERE ts >= at(0.5) LIMIT 3',
};
