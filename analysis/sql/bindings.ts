import { SPANS_LOSS, spansLoss, type ViewDefinition } from './definition.js';

export const bindings: ViewDefinition = {
  type: 'view',
  name: 'bindings',
  doc:
    'Which driver each device had, from when to when. A binding that the recording found in ' +
    'place has null as its beginning; one that lasted, or whose release was not recorded, has ' +
    'null as its end.',
  columns: {
    device: ['device', 'PCI address'],
    driver: ['text', 'driver that was bound'],
    bound_seq: ['seq', 'event that bound it; null when it was bound before the recording'],
    bound_ts: ['time', 'its time, nanoseconds of the trace clock'],
    bound_tid: ['thread', 'thread that bound it'],
    bound_task: ['text', 'comm of that thread'],
    released_seq: [
      'seq',
      'event at which the driver was unbound; null when it was still bound at the end',
    ],
    released_ts: ['time', 'its time, nanoseconds of the trace clock'],
    released_tid: [
      'thread',
      'thread that released it, which need not be the one that removes the device',
    ],
    released_task: ['text', 'comm of that thread'],
    duration: ['ns', 'nanoseconds from binding to release'],
    released_by: [
      'text',
      'kind of operation that released it: the sysfs attribute that was written (`unbind`, ' +
        '`sriov_numvfs`, `remove`, …), `driver unregister`, `hotplug`, `driver work` (the ' +
        'driver gave it up itself), or `device removal`; null when it was not released or no ' +
        'event says',
    ],
    cause_seq: ['seq', 'event at which that operation began'],
    cause_task: ['text', 'comm of the thread that requested it'],
    cause_text: ['text', 'what was written, if it was a write'],
    wanted: ['text', 'driver_override at the release: the driver that may have the device next'],
    spans_loss: SPANS_LOSS,
  },
  // A driver is unbound when device_unbind_cleanup() has cleared it (kernel drivers/base/dd.c 6.1).
  // The removal of a device begins earlier, possibly while another thread releases the driver. The
  // function is also called after a failed probe, but a bound device is not probed: so the first
  // call after a binding is its end. If it was not recorded, the return of a release that began
  // after the binding is nearly the same; if that was not recorded either, the removal is the last
  // known event.
  sql: `
WITH bound AS (
  SELECT trace, seq, ts, tid, task, device, driver, kind = 'snapshot' AS before, lost_after,
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
, operations AS (
  SELECT trace, tid, seq, end_seq, phase = 'begin' AS lasts,
    task, kind, name, driver, rtrim(text, chr(10)) AS text,
    CASE kind WHEN 'sysfs.write' THEN 0 WHEN 'driver.unregister' THEN 1 WHEN 'hotplug' THEN 2
      WHEN 'driver.work' THEN 3 ELSE 4 END AS rank
  FROM spans_of(['sysfs.write', 'driver.unregister', 'hotplug', 'driver.work', 'device.remove'])
), ends AS (
  SELECT r.trace, r.seq, r.released_seq, e.tid, b.driver
  FROM released r JOIN bound b ON b.trace = r.trace AND b.seq = r.seq
  JOIN events_of(['unbind', 'device.remove']) e ON e.trace = r.trace AND e.seq = r.released_seq
), causes AS (
  SELECT r.trace, r.seq, arg_min(o, o.rank) AS o
  FROM ends r CROSS JOIN (SELECT unnest([0, 1, 2, 3, 4]) AS rank) k ASOF JOIN operations o
    ON o.trace = r.trace AND o.tid = r.tid AND o.rank = k.rank AND o.seq <= r.released_seq
  WHERE CASE WHEN o.lasts THEN o.end_seq IS NULL OR o.end_seq > r.released_seq
    -- A point has no end: work is that of the driver, a removal comes after the binding.
    ELSE o.seq > r.seq AND (o.rank <> 3 OR o.driver = r.driver) END
  GROUP BY ALL
), overrides AS (
  SELECT trace, device, seq, rtrim(text, chr(10)) AS override FROM events_of(['sysfs.write'])
  WHERE name = 'driver_override' AND phase <> 'end' AND device IS NOT NULL
  UNION ALL
  SELECT trace, device, 0, json_extract_string(text, '$.driver_override')
  FROM events_of(['snapshot']) WHERE name = 'start' AND device IS NOT NULL
  UNION ALL
  SELECT trace, device, seq, NULL FROM events_of(['device.add'])
  WHERE name = 'pci_device_add' AND device IS NOT NULL
), wanted AS (
  SELECT r.trace, r.seq, nullif(nullif(o.override, ''), '(null)') AS override
  FROM (SELECT r.*, b.device FROM released r JOIN bound b ON b.trace = r.trace AND b.seq = r.seq) r
  ASOF JOIN overrides o
    ON o.trace = r.trace AND o.device = r.device AND o.seq <= r.released_seq
)
SELECT b.trace, b.device, b.driver,
  CASE WHEN NOT b.before THEN b.seq END AS bound_seq,
  CASE WHEN NOT b.before THEN b.ts END AS bound_ts,
  CASE WHEN NOT b.before THEN b.tid END AS bound_tid,
  CASE WHEN NOT b.before THEN b.task END AS bound_task,
  e.seq AS released_seq, e.ts AS released_ts, e.tid AS released_tid, e.task AS released_task,
  CASE WHEN NOT b.before THEN e.ts::BIGINT - b.ts::BIGINT END AS duration,
  CASE c.o.rank WHEN 0 THEN c.o.name WHEN 1 THEN 'driver unregister' WHEN 2 THEN 'hotplug'
    WHEN 3 THEN 'driver work' WHEN 4 THEN 'device removal' END AS released_by,
  c.o.seq AS cause_seq, c.o.task AS cause_task,
  CASE WHEN c.o.rank = 0 THEN c.o.text END AS cause_text, w.override AS wanted,
  ${spansLoss('b', 'e')}
FROM bound b LEFT JOIN released r ON r.trace = b.trace AND r.seq = b.seq
LEFT JOIN (FROM events_of(['unbind', 'device.remove'])) e
  ON e.trace = b.trace AND e.seq = r.released_seq
LEFT JOIN causes c ON c.trace = b.trace AND c.seq = b.seq
LEFT JOIN wanted w ON w.trace = b.trace AND w.seq = b.seq
ORDER BY b.trace, b.device, b.seq`,
  example: "SELECT * FROM bindings WHERE device = '0000:01:00.1'",
};
