import { SPANS_LOSS, spansLoss, type ViewDefinition } from './definition.js';

export const ioctls: ViewDefinition = {
  type: 'view',
  name: 'ioctls',
  doc: 'Every VFIO and iommufd ioctl as its user made it, with latency and result.',
  columns: {
    seq: ['seq', 'position of the call in the trace'],
    ts: ['time', 'time of the call, nanoseconds of the trace clock'],
    duration: ['ns', 'nanoseconds until it returned; null when it did not'],
    tid: ['thread', 'thread'],
    task: ['text', 'comm of the thread'],
    name: ['text', 'ioctl'],
    device: ['device', 'PCI address, for ioctls of a device'],
    ret: ['errno', 'result or negative errno'],
    error: ['text', 'name of the errno, null when it succeeded'],
    spans_loss: SPANS_LOSS,
  },
  sql: `
SELECT b.trace, b.seq, b.ts, e.ts::BIGINT - b.ts::BIGINT AS duration, b.tid, b.task, b.name,
  coalesce(b.device, e.device) AS device, coalesce(e.ret, b.ret) AS ret,
  CASE WHEN coalesce(e.ret, b.ret) < 0 THEN errno_name(coalesce(e.ret, b.ret)) END AS error,
  ${spansLoss('b', 'e')}
FROM (FROM events_of(['ioctl']) WHERE phase <> 'end' AND path IS DISTINCT FROM 'kernel') b
LEFT JOIN (FROM events_of(['ioctl']) WHERE phase = 'end') e
  ON e.trace = b.trace AND e.span = b.seq`,
  example: 'SELECT name, device, task, error FROM ioctls WHERE error IS NOT NULL ORDER BY seq',
};
