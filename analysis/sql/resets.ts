import { SPANS_LOSS, spansLoss, type ViewDefinition } from './definition.js';

export const resets: ViewDefinition = {
  type: 'view',
  name: 'resets',
  doc:
    'Resets of functions, slots and buses as the kernel made them, with what requested each. One ' +
    'reset may be made of others: `nested` are those inside of another one.',
  columns: {
    seq: ['seq', 'position of the begin in the trace'],
    end_seq: ['seq', 'position of the end; null if it is missing'],
    ts: ['time', 'time of the begin'],
    duration: ['ns', 'nanoseconds until it returned'],
    tid: ['thread', 'thread'],
    task: ['text', 'comm of the thread'],
    device: ['device', 'PCI address of the function, or of the bridge above'],
    method: ['text', 'kernel function that made it, or the message about it'],
    requested_by: [
      'text',
      'what the thread was doing: an ioctl, a sysfs attribute, `device.open`; else null',
    ],
    requested_seq: ['seq', 'event at which that began'],
    nested: ['flag', 'whether it is a part of another reset'],
    ret: ['errno', 'result; null when it was not recorded'],
    error: ['text', 'name of the errno, null when it succeeded'],
    spans_loss: SPANS_LOSS,
  },
  sql: `
WITH b AS (
  SELECT trace, seq, ts, tid, task, coalesce(device, driver) AS device, name, ret, lost_after
  FROM events_of(['reset']) WHERE phase <> 'end'
), e AS (
  SELECT trace, span, seq, ts, ret, device, lost_after FROM events_of(['reset'])
  WHERE phase = 'end'
), r AS (
  SELECT b.trace, b.seq, e.seq AS end_seq, b.ts, e.ts::BIGINT - b.ts::BIGINT AS duration, b.tid,
    b.task, coalesce(b.device, e.device) AS device, b.name AS method, coalesce(e.ret, b.ret) AS ret,
    ${spansLoss('b', 'e')}
  FROM b LEFT JOIN e ON e.trace = b.trace AND e.span = b.seq
), operations AS (
  SELECT b.trace, b.tid, b.seq, e.seq AS end_seq,
    CASE b.kind WHEN 'device.open' THEN b.kind ELSE b.name END AS what
  FROM (FROM events_of(['ioctl', 'sysfs.write', 'device.open']) WHERE phase = 'begin') b
  LEFT JOIN (FROM events_of(['ioctl', 'sysfs.write', 'device.open']) WHERE phase = 'end') e
    ON e.trace = b.trace AND e.span = b.seq
), around AS (
  SELECT r.trace, r.seq, o.what, o.seq AS requested_seq
  FROM r ASOF JOIN operations o ON o.trace = r.trace AND o.tid = r.tid AND o.seq < r.seq
  WHERE o.end_seq IS NULL OR o.end_seq > r.seq
), inside AS (
  SELECT DISTINCT r.trace, r.seq
  FROM r JOIN r o ON o.trace = r.trace AND o.tid = r.tid AND o.seq < r.seq
    AND o.end_seq > r.seq
)
SELECT r.trace, r.seq, r.end_seq, r.ts, r.duration, r.tid, r.task, r.device, r.method,
  a.what AS requested_by, a.requested_seq, i.seq IS NOT NULL AS nested, r.ret,
  CASE WHEN r.ret < 0 THEN errno_name(r.ret) END AS error, r.spans_loss
FROM r LEFT JOIN around a ON a.trace = r.trace AND a.seq = r.seq
LEFT JOIN inside i ON i.trace = r.trace AND i.seq = r.seq
ORDER BY r.trace, r.seq`,
  example: 'SELECT device, method, requested_by, duration, error FROM resets WHERE NOT nested',
};
