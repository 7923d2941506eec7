import { SPANS_LOSS, type ViewDefinition } from './definition.js';

export const deviceLifetimes: ViewDefinition = {
  type: 'view',
  name: 'device_lifetimes',
  doc:
    'Each time a function was there: from when it was added, or the beginning of the recording, ' +
    'to when its removal began, or the end of the recording; and how long it had a driver. While ' +
    'a driver probes, the function has none yet.',
  columns: {
    device: ['device', 'PCI address'],
    added_seq: ['seq', 'event that added it; null when it was there before the recording'],
    added_ts: ['time', 'its time, or that of the first event of the trace'],
    added_task: ['text', 'comm of the thread that added it'],
    removed_seq: ['seq', 'event at which its removal began; null when it was there at the end'],
    removed_ts: ['time', 'its time, or that of the last event of the trace'],
    removed_task: ['text', 'comm of the thread that removed it'],
    present: ['ns', 'nanoseconds that it was there'],
    bound: ['ns', 'nanoseconds of these with a driver'],
    driverless: ['ns', 'nanoseconds of these without a driver'],
    bindings: ['count', 'how often a driver was bound in it'],
    drivers: ['text', 'drivers in the order in which they were bound'],
    spans_loss: SPANS_LOSS,
  },
  sql: `
WITH steps AS (
  SELECT trace, device, seq, ts, task, kind, lost_after,
    lag(kind) OVER (PARTITION BY trace, device ORDER BY seq) AS before
  FROM events_of(['snapshot', 'device.add', 'device.remove'])
  WHERE device IS NOT NULL AND (kind <> 'snapshot' OR name = 'start') AND phase <> 'end'
), turns AS (
  SELECT *, lead(seq) OVER w AS end_seq, lead(ts) OVER w AS end_ts, lead(task) OVER w AS end_task,
    lead(lost_after) OVER w AS end_lost
  FROM steps
  WHERE CASE kind WHEN 'device.remove' THEN before IS NULL OR before <> 'device.remove'
    ELSE before IS NULL OR before = 'device.remove' END
  WINDOW w AS (PARTITION BY trace, device ORDER BY seq)
), lives AS (
  SELECT t.trace, t.device, t.seq, t.end_seq, t.kind, t.task, t.end_task,
    CASE WHEN t.kind = 'snapshot' THEN i.start_ts ELSE t.ts END::BIGINT AS added_ts,
    coalesce(t.end_ts, i.end_ts)::BIGINT AS removed_ts,
    t.lost_after > coalesce(t.end_lost, 0) AS spans_loss
  FROM turns t JOIN trace_info_of(NULL) i ON i.trace = t.trace
  WHERE t.kind <> 'device.remove'
), shares AS (
  SELECT l.trace, l.device, l.seq, count(*) AS bindings,
    string_agg(b.driver, ', ' ORDER BY b.bound_seq NULLS FIRST) AS drivers,
    sum(greatest(0, least(coalesce(b.released_ts::BIGINT, l.removed_ts), l.removed_ts)
      - greatest(coalesce(b.bound_ts::BIGINT, l.added_ts), l.added_ts)))::BIGINT AS bound
  FROM lives l JOIN lib.bindings b ON b.trace = l.trace AND b.device = l.device
  WHERE (l.end_seq IS NULL OR b.bound_seq IS NULL OR b.bound_seq < l.end_seq)
    AND CASE WHEN b.bound_seq IS NULL THEN l.kind = 'snapshot' ELSE b.bound_seq > l.seq END
  GROUP BY l.trace, l.device, l.seq
)
SELECT l.trace, l.device,
  CASE WHEN l.kind <> 'snapshot' THEN l.seq END AS added_seq, l.added_ts,
  CASE WHEN l.kind <> 'snapshot' THEN l.task END AS added_task,
  l.end_seq AS removed_seq, l.removed_ts, l.end_task AS removed_task,
  l.removed_ts - l.added_ts AS present, coalesce(s.bound, 0) AS bound,
  l.removed_ts - l.added_ts - coalesce(s.bound, 0) AS driverless,
  coalesce(s.bindings, 0) AS bindings, s.drivers, l.spans_loss
FROM lives l LEFT JOIN shares s ON s.trace = l.trace AND s.device = l.device AND s.seq = l.seq
ORDER BY l.trace, l.device, l.seq`,
  example: 'SELECT device, present, driverless FROM device_lifetimes ORDER BY driverless DESC',
};
