import type { ViewDefinition } from './definition.js';

export const bindings: ViewDefinition = {
  type: 'view',
  name: 'bindings',
  doc:
    'Which driver each device had, from when to when. A binding that the recording found in' +
    ' place has null as its beginning, one that lasted has null as its end.',
  columns: {
    device: 'PCI address',
    driver: 'driver that was bound',
    bound_seq: 'event that bound it; null when it was bound before the recording',
    bound_ts: 'its time, nanoseconds of the trace clock',
    bound_tid: 'thread that bound it',
    bound_task: 'comm of that thread',
    released_seq: 'event that released it; null when it was still bound at the end',
    released_ts: 'its time, nanoseconds of the trace clock',
    released_tid: 'thread that released it',
    released_task: 'comm of that thread',
    duration: 'nanoseconds from binding to release',
  },
  sql: `
WITH steps AS (
  SELECT trace, seq, ts, tid, task, device, driver, kind IN ('bind', 'snapshot') AS binds,
    kind = 'snapshot' AS before
  FROM events_of(['snapshot', 'bind', 'unbind', 'device.remove'])
  WHERE phase = 'point' AND device IS NOT NULL AND (
    kind = 'bind' OR kind = 'device.remove' OR name = 'device_unbind_cleanup'
    OR (kind = 'snapshot' AND name = 'start' AND driver IS NOT NULL))
), paired AS (
  SELECT *, lead(seq) OVER next AS end_seq, lead(ts) OVER next AS end_ts,
    lead(tid) OVER next AS end_tid, lead(task) OVER next AS end_task
  FROM steps WINDOW next AS (PARTITION BY trace, device ORDER BY seq)
)
SELECT trace, device, driver,
  CASE WHEN NOT before THEN seq END AS bound_seq, CASE WHEN NOT before THEN ts END AS bound_ts,
  CASE WHEN NOT before THEN tid END AS bound_tid, CASE WHEN NOT before THEN task END AS bound_task,
  end_seq AS released_seq, end_ts AS released_ts, end_tid AS released_tid,
  end_task AS released_task,
  CASE WHEN NOT before THEN end_ts::BIGINT - ts::BIGINT END AS duration
FROM paired WHERE binds
ORDER BY trace, device, seq`,
  example: "SELECT * FROM bindings WHERE device = '0000:01:00.1'",
};
