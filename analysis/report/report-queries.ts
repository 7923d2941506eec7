/**
 * The questions of a report. The page shows each text, so that a reader can ask it again with `vfr
 * sql`, with other limits. Each aggregates: the rows are few, whatever the trace has.
 */

/** Columns of time of a figure. */
const TIME_COLUMNS = 100;

/** @param zero the time that seconds count from @param end of the trace, in nanoseconds after it */
export function reportQueries(zero: bigint, end: number) {
  const size = Math.max(1, Math.ceil(end / TIME_COLUMNS));
  const column = `(ts::BIGINT - ${zero}) // ${size}`;
  const seconds = (of: string) => `${of} * ${size} / 1e9`;
  return {
    latency: `
SELECT name, calls, errors, unfinished, p50, p99, max,
  (SELECT quantile_disc(duration, 0.95) FROM ioctls i WHERE i.name = l.name) AS p95
FROM ioctl_latency l ORDER BY total DESC NULLS LAST, name LIMIT 25`,
    latencyBuckets: `
SELECT name, floor(log10(greatest(duration, 1)) * 4)::INTEGER AS bucket, count(*) AS calls
FROM ioctls WHERE duration IS NOT NULL GROUP BY ALL ORDER BY name, bucket`,
    registers: `
SELECT register, min("offset") AS first_offset, count(*) AS accesses,
  count(*) FILTER (op = 'write') AS writes, count(DISTINCT device) AS devices
FROM config_accesses WHERE "offset" IS NOT NULL
GROUP BY register ORDER BY accesses DESC, register LIMIT 32`,
    heat: `
SELECT register, ${column} AS col, count(*) AS accesses,
  ${seconds('col')} AS "from", ${seconds('(col + 1)')} AS "to"
FROM config_accesses WHERE "offset" IS NOT NULL GROUP BY ALL`,
    pinned: `
WITH changes AS (
  SELECT seq, ts, if(kind = 'dma.map', length::BIGINT, -coalesce(value, length)::BIGINT) AS change
  FROM events WHERE kind IN ('dma.map', 'dma.unmap') AND phase <> 'begin' AND coalesce(ret, 0) >= 0
), sums AS (SELECT ${column} AS col, seq, sum(change) OVER (ORDER BY seq) AS mapped FROM changes)
SELECT ${seconds('col')} AS at, max(mapped)::BIGINT AS most,
  arg_max(mapped, seq)::BIGINT AS last FROM sums GROUP BY col ORDER BY col`,
    mappings: `
SELECT mapped_task AS task, count(*) AS mappings, sum(length)::BIGINT AS bytes,
  count(*) FILTER (unmapped_seq IS NULL) AS never_unmapped,
  median(duration)::BIGINT AS median_lifetime
FROM dma_mappings GROUP BY ALL ORDER BY bytes DESC, task LIMIT 12`,
    faults: `
SELECT kind, coalesce(cause, name, 'unknown') AS cause, device, count(*) AS faults,
  min(seq) AS first_seq, any_value(task) AS task
FROM faults GROUP BY ALL ORDER BY faults DESC, first_seq LIMIT 20`,
    failed: `
SELECT 'write to ' || attribute AS call, error, count(*) AS times, min(seq) AS first_seq,
  string_agg(DISTINCT device, ', ' ORDER BY device) AS devices, any_value(task) AS task
FROM stores WHERE error IS NOT NULL GROUP BY attribute, error
UNION ALL
SELECT name, error, count(*), min(seq), string_agg(DISTINCT device, ', ' ORDER BY device),
  any_value(task) FROM ioctls WHERE error IS NOT NULL GROUP BY name, error
ORDER BY times DESC, first_seq LIMIT 30`,
    blocked: `
SELECT kind, name, device, driver, task, tid, seq, ts::BIGINT - ${zero} AS since
FROM spans WHERE end_seq IS NULL ORDER BY seq LIMIT 30`,
    counts: `
SELECT
  (SELECT count(*) FROM stores WHERE error IS NOT NULL)
    + (SELECT count(*) FROM ioctls WHERE error IS NOT NULL) AS failed,
  (SELECT count(*) FROM faults WHERE cause LIKE 'refused%') AS refused,
  (SELECT count(*) FROM faults) AS faults,
  (SELECT count(*) FROM spans WHERE end_seq IS NULL) AS blocked`,
  } as const;
}

export type ReportQuery = keyof ReturnType<typeof reportQueries>;
