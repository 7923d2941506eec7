import { SPANS_LOSS, spanLoss, type ViewDefinition } from './definition.js';

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
WITH r AS (
  SELECT trace, seq, end_seq, ts, end_ts::BIGINT - ts::BIGINT AS duration, tid, task,
    coalesce(device, driver, end_device) AS device, name AS method, coalesce(end_ret, ret) AS ret,
    ${spanLoss('b')}
  FROM spans_of(['reset']) b
), operations AS (
  SELECT trace, tid, seq, end_seq, CASE kind WHEN 'device.open' THEN kind ELSE name END AS what
  FROM spans_of(['ioctl', 'sysfs.write', 'device.open']) WHERE phase = 'begin'
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
