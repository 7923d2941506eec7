import type { ViewDefinition } from './definition.js';

export const ioctlLatency: ViewDefinition = {
  type: 'view',
  name: 'ioctl_latency',
  doc: 'Ioctls by name: how many, how many failed, how long they took.',
  columns: {
    name: ['text', 'ioctl'],
    calls: ['count', 'number of calls'],
    errors: ['count', 'calls that returned an errno'],
    unfinished: ['count', 'calls that did not return in the recording'],
    p50: ['ns', 'median latency in nanoseconds'],
    p99: ['ns', '99th percentile in nanoseconds'],
    max: ['ns', 'longest in nanoseconds'],
    total: ['ns', 'sum in nanoseconds'],
  },
  sql: `
SELECT trace, name, count(*) AS calls, count(error) AS errors,
  count(*) FILTER (duration IS NULL) AS unfinished,
  quantile_disc(duration, 0.5) AS p50, quantile_disc(duration, 0.99) AS p99,
  max(duration) AS max, sum(duration)::BIGINT AS total
FROM lib.ioctls GROUP BY trace, name
ORDER BY trace, total DESC NULLS LAST, name`,
  example: 'SELECT name, calls, p50, max FROM ioctl_latency LIMIT 5',
};
