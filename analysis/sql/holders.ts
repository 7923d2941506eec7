import { SPANS_LOSS, type ViewDefinition } from './definition.js';

export const holders: ViewDefinition = {
  type: 'view',
  name: 'holders',
  doc:
    'Processes that had a device open through VFIO, from when to when. ' +
    'While it is open an unbind waits.',
  columns: {
    device: ['device', 'PCI address'],
    tid: ['thread', 'thread that opened it'],
    task: ['text', 'comm of that thread'],
    opened_seq: ['seq', 'event at which the device was open'],
    opened_ts: ['time', 'its time, nanoseconds of the trace clock'],
    closed_seq: ['seq', 'event at which closing it began; null when it was still open at the end'],
    closed_ts: ['time', 'its time, nanoseconds of the trace clock'],
    duration: ['ns', 'nanoseconds from when it was open to when closing began'],
    requests: [
      'count',
      'how often VFIO requested the device from its holder: the highest number in the events',
    ],
    spans_loss: SPANS_LOSS,
  },
  sql: `
WITH steps AS (
  SELECT trace, seq, ts, tid, task, device, kind = 'device.open' AS opens, lost_after
  FROM events_of(['device.open', 'device.close'])
  WHERE device IS NOT NULL AND ((kind = 'device.open' AND phase <> 'begin' AND coalesce(ret, 0) = 0)
    OR (kind = 'device.close' AND phase <> 'begin'))
), paired AS (
  SELECT *, lead(seq) OVER next AS closed_seq, lead(ts) OVER next AS closed_ts,
    lead(lost_after) OVER next AS closed_lost
  FROM steps WINDOW next AS (PARTITION BY trace, device ORDER BY seq)
)
SELECT trace, device, tid, task, seq AS opened_seq, ts AS opened_ts, closed_seq, closed_ts,
  closed_ts::BIGINT - ts::BIGINT AS duration,
  -- The kernel numbers requests from 0, and its log has every tenth only.
  (SELECT greatest(count(*), coalesce(max(r.value), 0)::BIGINT + if(max(r.value) IS NULL, 0, 1))
    FROM events_of(['device.request']) r WHERE r.trace = p.trace
    AND r.device = p.device AND r.seq > p.seq AND r.seq < coalesce(p.closed_seq, r.seq + 1))
    AS requests, p.lost_after > coalesce(p.closed_lost, 0) AS spans_loss
FROM paired p WHERE opens
ORDER BY trace, seq`,
  example: 'SELECT device, task, tid FROM holders WHERE closed_seq IS NULL',
};
