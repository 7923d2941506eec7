import { SPANS_LOSS, type ViewDefinition } from './definition.js';

export const waits: ViewDefinition = {
  type: 'view',
  name: 'waits',
  doc:
    'Threads that waited: a release of a driver for the user who had the device open through ' +
    'VFIO, a write for the device lock that another thread held while it probed or released, ' +
    'and threads that waited for a recorded lock. Each with the thread that kept it waiting.',
  columns: {
    seq: ['seq', 'event from which the thread waited'],
    end_seq: ['seq', 'event at which the wait was over; null when it never was'],
    ts: ['time', 'when it began to wait'],
    duration: ['ns', 'nanoseconds that it waited; until the end of the trace when it never ended'],
    tid: ['thread', 'thread that waited'],
    task: ['text', 'comm of that thread'],
    device: ['device', 'PCI address'],
    waits_for: ['text', '`VFIO user`, `device lock`, or the name of a lock of the kernel'],
    operation: ['text', 'what the thread was doing'],
    holder_tid: ['thread', 'thread that kept it waiting; null when it is not known'],
    holder_task: ['text', 'comm of that thread'],
    holder_seq: ['seq', 'event from which that thread had what was waited for'],
    holder_since: ['time', 'time of that event'],
    requests: ['count', 'how often VFIO asked the user for the device; null for locks'],
    ended: ['flag', 'whether the wait was over in the recording'],
    spans_loss: SPANS_LOSS,
  },
  // vfio_unregister_group_dev(), and before that vfio_pci_remove(), wait until the last user has
  // closed the device (kernel drivers/vfio/vfio_main.c 6.1). really_probe() and the bus's remove
  // function run with the device lock; stores of these attributes take it (kernel
  // drivers/base/dd.c, drivers/base/bus.c, drivers/pci/pci-sysfs.c, drivers/pci/iov.c 6.1), so that
  // one which began inside of such a call and ended after it waited until then.
  sql: `
WITH releases AS (
  SELECT trace, seq, ts, tid, task, device, end_seq, end_ts FROM spans_of(['unbind'])
  WHERE name = 'device_release_driver_internal' AND phase = 'begin' AND device IS NOT NULL
), last AS (
  SELECT trace, seq_end AS seq, end_ts AS ts FROM trace_info_of(NULL)
), user_waits AS (
  SELECT r.trace, r.seq, h.closed_seq AS end_seq, r.ts, h.closed_ts AS end_ts, r.tid, r.task,
    r.device, 'VFIO user' AS waits_for, 'release of the driver' AS operation,
    h.tid AS holder_tid, h.task AS holder_task, h.opened_seq AS holder_seq,
    h.opened_ts AS holder_since, h.requests
  FROM releases r JOIN lib.holders h ON h.trace = r.trace AND h.device = r.device
    AND h.opened_seq < r.seq AND (h.closed_seq IS NULL OR h.closed_seq > r.seq)
  WHERE h.closed_seq IS NULL OR r.end_seq IS NULL OR h.closed_seq < r.end_seq
), inner_steps AS (
  SELECT trace, seq, ts, tid, task, device FROM events_of(['unbind'])
  WHERE name = 'pci_device_remove' AND phase <> 'end' AND device IS NOT NULL
), locked AS (
  SELECT i.trace, i.device, i.seq, i.ts, i.tid, i.task, r.end_seq, r.end_ts
  FROM inner_steps i ASOF JOIN releases r
    ON r.trace = i.trace AND r.device = i.device AND r.seq < i.seq
  WHERE r.tid = i.tid
  UNION ALL
  SELECT trace, device, seq, ts, tid, task, end_seq, end_ts FROM spans_of(['probe'])
  WHERE name = 'really_probe' AND phase = 'begin' AND device IS NOT NULL
), stores AS (
  SELECT trace, seq, ts, tid, task, device, name, end_seq FROM spans_of(['sysfs.write'])
  WHERE phase = 'begin' AND device IS NOT NULL AND name IN
    ('bind', 'unbind', 'drivers_probe', 'driver_override', 'reset', 'sriov_numvfs')
), lock_waits AS (
  SELECT s.trace, s.seq, l.end_seq, s.ts, l.end_ts, s.tid, s.task, s.device,
    'device lock' AS waits_for, 'write to ' || s.name AS operation, l.tid AS holder_tid,
    l.task AS holder_task, l.seq AS holder_seq, l.ts AS holder_since, NULL::BIGINT AS requests
  FROM stores s ASOF JOIN locked l
    ON l.trace = s.trace AND l.device = s.device AND l.seq < s.seq
  WHERE l.tid <> s.tid AND (l.end_seq IS NULL OR l.end_seq > s.seq)
    AND (s.end_seq IS NULL OR s.end_seq > l.end_seq)
), taken AS (
  SELECT trace, seq, ts, tid, task, name, end_seq, end_ts FROM spans_of(['lock'])
  WHERE phase = 'begin'
), kernel_waits AS (
  SELECT w.trace, w.seq, w.end_seq, w.ts, w.end_ts, w.tid, w.task, NULL AS device,
    w.name AS waits_for, 'waits for a lock' AS operation, h.tid AS holder_tid,
    h.task AS holder_task, h.end_seq AS holder_seq, h.end_ts AS holder_since,
    NULL::BIGINT AS requests
  FROM taken w ASOF JOIN (FROM taken WHERE end_seq IS NOT NULL) h
    ON h.trace = w.trace AND h.name = w.name AND h.end_seq < w.seq
  WHERE h.tid <> w.tid AND NOT EXISTS (
    SELECT 1 FROM events_of(['lock']) f WHERE f.trace = h.trace AND f.tid = h.tid
      AND f.phase = 'point' AND f.seq > h.end_seq AND f.seq < w.seq)
), lost AS (
  SELECT trace, seq FROM events_of(['lost']) UNION ALL SELECT trace, seq FROM gaps_of(NULL)
), b AS (
  FROM user_waits UNION ALL FROM lock_waits UNION ALL FROM kernel_waits
)
SELECT b.trace, b.seq, b.end_seq, b.ts,
  coalesce(b.end_ts, last.ts)::BIGINT - b.ts::BIGINT AS duration, b.tid, b.task, b.device,
  b.waits_for, b.operation, b.holder_tid, b.holder_task, b.holder_seq, b.holder_since,
  b.requests, b.end_seq IS NOT NULL AS ended,
  EXISTS (SELECT 1 FROM lost l WHERE l.trace = b.trace AND l.seq > b.seq
    AND l.seq < coalesce(b.end_seq, last.seq + 1)) AS spans_loss
FROM b JOIN last ON last.trace = b.trace
ORDER BY b.trace, b.seq, b.waits_for`,
  example: 'SELECT task, operation, device, holder_task, requests, duration FROM waits',
};
