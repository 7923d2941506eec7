import type { ViewDefinition } from './definition.js';

/** Upper bounds of the buckets in nanoseconds, with their names; each is four times the last. */
const BUCKETS: readonly (readonly [ns: number, name: string])[] = [
  [1_000, '1us'],
  [4_000, '4us'],
  [16_000, '16us'],
  [64_000, '64us'],
  [256_000, '256us'],
  [1_000_000, '1ms'],
  [4_000_000, '4ms'],
  [16_000_000, '16ms'],
  [64_000_000, '64ms'],
  [256_000_000, '256ms'],
  [1_000_000_000, '1s'],
];

const bucket = (from: number, to: number | null, name: string): string => {
  const below = to === null ? '' : ` AND duration < ${to}`;
  const count = `count(*) FILTER (duration >= ${from}${below})`;
  return `CASE WHEN ${count} > 0 THEN '${name}:' || ${count} END`;
};

const histogram = [
  ...BUCKETS.map(([to, name], i) => bucket(i === 0 ? 0 : BUCKETS[i - 1][0], to, `<${name}`)),
  bucket(1_000_000_000, null, '>=1s'),
].join(',\n    ');

export const latencies: ViewDefinition = {
  type: 'view',
  name: 'latencies',
  doc:
    'How long calls took, by what they are, device and thread name: percentiles and a histogram. ' +
    'Percentiles are exact; a call counts where it began.',
  columns: {
    kind: ['text', 'ioctl, probe, unbind, sysfs.write, reset, …'],
    name: ['text', 'function, attribute or ioctl'],
    device: ['device', 'PCI address; null for calls that have no device'],
    task: ['text', 'comm of the thread'],
    calls: ['count', 'number of calls'],
    errors: ['count', 'calls that returned an errno'],
    unfinished: ['count', 'calls that did not return in the recording'],
    p50: ['ns', 'median'],
    p95: ['ns', '95th percentile'],
    p99: ['ns', '99th percentile'],
    max: ['ns', 'longest'],
    total: ['ns', 'sum'],
    histogram: ['text', 'calls by how long they took, as `<64us:12 <256us:3`'],
  },
  sql: `
SELECT trace, kind, name, device, task, count(*) AS calls, count(*) FILTER (ret < 0) AS errors,
  count(*) FILTER (duration IS NULL) AS unfinished,
  quantile_disc(duration, 0.5) AS p50, quantile_disc(duration, 0.95) AS p95,
  quantile_disc(duration, 0.99) AS p99, max(duration) AS max, sum(duration)::BIGINT AS total,
  concat_ws(' ', ${histogram}) AS histogram
FROM lib.spans WHERE NOT (kind = 'ioctl' AND path IS NOT DISTINCT FROM 'kernel')
GROUP BY trace, kind, name, device, task
ORDER BY trace, total DESC NULLS LAST, kind, name, device, task`,
  example: "SELECT name, device, p50, p99, histogram FROM latencies WHERE kind = 'ioctl' LIMIT 5",
};
