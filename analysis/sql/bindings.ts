import type { ViewDefinition } from './definition.js';

export const bindings: ViewDefinition = {
  type: 'view',
  name: 'bindings',
  doc:
    'Which driver each device had, from when to when. A binding that the recording found in ' +
    'place has null as its beginning; one that lasted, or whose release was not recorded, has ' +
    'null as its end.',
  columns: {
    device: 'PCI address',
    driver: 'driver that was bound',
    bound_seq: 'event that bound it; null when it was bound before the recording',
    bound_ts: 'its time, nanoseconds of the trace clock',
    bound_tid: 'thread that bound it',
    bound_task: 'comm of that thread',
    released_seq: 'event at which the driver was unbound; null when it was still bound at the end',
    released_ts: 'its time, nanoseconds of the trace clock',
    released_tid: 'thread that released it, which need not be the one that removes the device',
    released_task: 'comm of that thread',
    duration: 'nanoseconds from binding to release',
  },
  // A driver is unbound when device_unbind_cleanup() has cleared it (kernel drivers/base/dd.c 6.1).
  // The removal of a device begins earlier, possibly while another thread releases the driver. The
  // function is also called after a failed probe, but a bound device is not probed: so the first
  // call after a binding is its end. If it was not recorded, the return of a release that began
  // after the binding is nearly the same; if that was not recorded either, the removal is the last
  // known event.
  sql: `
WITH bound AS (
  SELECT trace, seq, ts, tid, task, device, driver, kind = 'snapshot' AS before,
    lead(seq) OVER (PARTITION BY trace, device ORDER BY seq) AS next_seq
  FROM events_of(['snapshot', 'bind']) WHERE device IS NOT NULL
    AND (name = 'driver_bound' OR (kind = 'snapshot' AND name = 'start' AND driver IS NOT NULL))
), steps AS (
  SELECT trace, device, seq, coalesce(span, seq) AS begin_seq,
    CASE WHEN name = 'device_unbind_cleanup' THEN 0 WHEN kind = 'unbind' THEN 1 ELSE 2 END AS proof
  FROM events_of(['unbind', 'device.remove']) WHERE device IS NOT NULL AND phase <> 'begin'
    AND (name = 'device_unbind_cleanup' OR (phase = 'end' AND driver IS NOT NULL)
      OR kind = 'device.remove')
), released AS (
  SELECT b.trace, b.seq, arg_min(r.seq, r.proof) AS released_seq
  FROM bound b CROSS JOIN (SELECT unnest([0, 1, 2]) AS proof) p ASOF JOIN steps r
    ON r.trace = b.trace AND r.device = b.device AND r.proof = p.proof AND r.begin_seq > b.seq
  WHERE b.next_seq IS NULL OR r.seq < b.next_seq
  GROUP BY ALL
)
SELECT b.trace, b.device, b.driver,
  CASE WHEN NOT b.before THEN b.seq END AS bound_seq,
  CASE WHEN NOT b.before THEN b.ts END AS bound_ts,
  CASE WHEN NOT b.before THEN b.tid END AS bound_tid,
  CASE WHEN NOT b.before THEN b.task END AS bound_task,
  e.seq AS released_seq, e.ts AS released_ts, e.tid AS released_tid, e.task AS released_task,
  CASE WHEN NOT b.before THEN e.ts::BIGINT - b.ts::BIGINT END AS duration
FROM bound b LEFT JOIN released r ON r.trace = b.trace AND r.seq = b.seq
LEFT JOIN (FROM events_of(['unbind', 'device.remove'])) e
  ON e.trace = b.trace AND e.seq = r.released_seq
ORDER BY b.trace, b.device, b.seq`,
  example: "SELECT * FROM bindings WHERE device = '0000:01:00.1'",
};
