import { SPANS_LOSS, spanLoss, type ViewDefinition } from './definition.js';

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
SELECT trace, seq, ts, end_ts::BIGINT - ts::BIGINT AS duration, tid, task, name,
  coalesce(device, end_device) AS device, coalesce(end_ret, s.ret) AS ret,
  CASE WHEN coalesce(end_ret, s.ret) < 0 THEN errno_name(coalesce(end_ret, s.ret)) END AS error,
  ${spanLoss('s')}
FROM spans_of(['ioctl']) s WHERE path IS DISTINCT FROM 'kernel'`,
  example: 'SELECT name, device, task, error FROM ioctls WHERE error IS NOT NULL ORDER BY seq',
};
