/** The SQL of lanes. Each query works on a session with one trace. */

/**
 * What a thread was doing at an event: its latest write to sysfs, if that had not returned, or
 * work of the driver concerned. Columns `seq` and `why` for each `seq`, `tid`, `driver` of `edges`.
 */
const WHY = `
writes AS (
  SELECT b.seq, b.tid, e.seq AS end_seq,
    if(b.driver IS NULL OR b.name NOT IN ('bind', 'unbind', 'new_id', 'remove_id'), '',
      b.driver || '/') || b.name || if(b.name IN ('bind', 'unbind', 'drivers_probe'), '',
      '=' || rtrim(coalesce(b.text, ''), chr(10))) AS why
  FROM (FROM events_of(['sysfs.write']) WHERE phase <> 'end') b
  LEFT JOIN (FROM events_of(['sysfs.write']) WHERE phase = 'end') e ON e.span = b.seq
), work AS (
  SELECT seq, tid, driver, name AS why FROM events_of(['driver.work']) WHERE phase <> 'end'
), caused AS (
  SELECT x.*, coalesce(if(w.end_seq > x.seq OR w.end_seq IS NULL, w.why, NULL), k.why) AS why,
    if(w.end_seq > x.seq OR w.end_seq IS NULL, w.seq, NULL) AS store
  FROM edges x ASOF LEFT JOIN writes w ON w.tid = x.tid AND w.seq <= x.seq
  ASOF LEFT JOIN work k ON k.tid = x.tid AND k.driver = x.driver AND k.seq <= x.seq
)`;

/** Each binding with both of its edges. */
export const BARS = `
WITH edges AS (
  SELECT bound_seq AS seq, bound_tid AS tid, driver FROM bindings WHERE bound_seq IS NOT NULL
  UNION ALL
  SELECT released_seq, released_tid, driver FROM bindings WHERE released_seq IS NOT NULL
), ${WHY}
SELECT device, b.driver, bound_seq AS from_seq, bound_ts AS from_ts, bound_task AS from_task,
  bound_tid AS from_tid, f.why AS from_why, f.store AS from_store,
  released_seq AS to_seq, released_ts AS to_ts, released_task AS to_task,
  released_tid AS to_tid, t.why AS to_why, t.store AS to_store
FROM bindings b LEFT JOIN caused f ON f.seq = bound_seq LEFT JOIN caused t ON t.seq = released_seq
ORDER BY device, coalesce(bound_seq, 0)`;

export const HOLDS = `
SELECT h.device, opened_seq AS from_seq, opened_ts AS from_ts, h.task AS from_task,
  h.tid AS from_tid, NULL AS from_why, NULL AS from_store, closed_seq AS to_seq, closed_ts AS to_ts,
  c.task AS to_task, c.tid AS to_tid, NULL AS to_why,
  NULL AS to_store
FROM holders h LEFT JOIN events_of(['device.close']) c ON c.seq = closed_seq
ORDER BY h.device, opened_seq`;

/** What makes a device exist or not, in order; a removal that only begins counts. */
export const PRESENCE = `
WITH edges AS (
  SELECT seq, ts, tid, task, device, NULL::VARCHAR AS driver, kind = 'snapshot' AS was,
    kind <> 'device.remove' AS exists
  FROM events_of(['snapshot', 'device.add', 'device.remove'])
  WHERE device IS NOT NULL AND phase <> 'end' AND (kind <> 'snapshot' OR name = 'start')
), ${WHY}
SELECT device, seq, ts, task, tid, why, store, was, exists FROM caused ORDER BY device, seq`;

/**
 * Overrides that were set or cleared, in order; the driver is an empty text for a cleared one.
 * Writes to the attribute count where the function that sets it was not recorded.
 */
export const OVERRIDES = `
WITH done AS (
  SELECT coalesce(e.seq, b.seq) AS seq, coalesce(e.ts, b.ts) AS ts, b.tid, b.task, b.device,
    trim(coalesce(b.text, ''), ' ' || chr(10)) AS driver, b.kind
  FROM (FROM events_of(['override', 'sysfs.write']) WHERE phase <> 'end'
    AND (kind = 'override' OR name = 'driver_override')) b
  LEFT JOIN (FROM events_of(['override', 'sysfs.write']) WHERE phase = 'end') e ON e.span = b.seq
  WHERE coalesce(e.ret, b.ret, 0) >= 0 AND b.device IS NOT NULL
)
SELECT seq, ts, tid, task, device, driver FROM done
WHERE kind = (SELECT if(bool_or(kind = 'override'), 'override', 'sysfs.write') FROM done)
UNION ALL
FROM (
  SELECT seq, ts, NULL, NULL, device,
    if(json_valid(text), json_extract_string(text, '$.driver_override'), NULL) AS driver
  FROM events_of(['snapshot']) WHERE name = 'start' AND device IS NOT NULL
) WHERE driver IS NOT NULL
ORDER BY device, seq`;

/** The outermost of nested calls by one thread on one device, which is the one to show. */
const outermost = (kinds: string, condition: string) => `
WITH calls AS (
  SELECT b.seq, b.ts, b.tid, b.task, b.kind, b.name, b.driver,
    coalesce(b.device, e.device) AS device, coalesce(e.seq, b.seq) AS end_seq,
    coalesce(e.ret, b.ret) AS ret
  FROM (FROM events_of([${kinds}]) WHERE phase <> 'end') b
  LEFT JOIN (FROM events_of([${kinds}]) WHERE phase = 'end') e ON e.span = b.seq
), nested AS (
  SELECT *, max(end_seq) OVER (PARTITION BY tid, device ORDER BY seq
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last
  FROM calls WHERE device IS NOT NULL AND ${condition}
)
SELECT device, seq, ts, tid, task, name, driver, 
  if(ret < 0, errno_name(ret), NULL) AS error FROM nested
WHERE last IS NULL OR last < seq ORDER BY device, seq`;

export const FAILED_PROBES = outermost("'probe'", 'ret < 0');
export const RESETS = outermost("'reset'", 'true');
