import { SPANS_LOSS, spanLoss, type ViewDefinition } from './definition.js';

export const stores: ViewDefinition = {
  type: 'view',
  name: 'stores',
  doc: 'Writes to sysfs attributes with their results: what users requested from the driver core.',
  columns: {
    seq: ['seq', 'position of the write in the trace'],
    ts: ['time', 'time, nanoseconds of the trace clock'],
    duration: ['ns', 'nanoseconds until the write returned'],
    tid: ['thread', 'thread that wrote'],
    task: ['text', 'comm of the thread'],
    attribute: ['text', 'bind, unbind, driver_override, sriov_numvfs, …'],
    device: ['device', 'PCI address that the attribute belongs to or the text names'],
    driver: ['text', 'driver that the attribute belongs to'],
    text: ['text', 'what was written, without the line break at its end'],
    ret: ['errno', 'bytes taken or negative errno; null when the write did not return'],
    error: ['text', 'name of the errno, null when the write succeeded'],
    spans_loss: SPANS_LOSS,
  },
  sql: `
SELECT trace, seq, ts, end_ts::BIGINT - ts::BIGINT AS duration, tid, task,
  name AS attribute, device, driver, rtrim(text, chr(10)) AS text,
  coalesce(end_ret, s.ret) AS ret,
  CASE WHEN coalesce(end_ret, s.ret) < 0 THEN errno_name(coalesce(end_ret, s.ret)) END AS error,
  ${spanLoss('s')}
FROM spans_of(['sysfs.write']) s`,
  example: 'SELECT seq, task, attribute, text, error FROM stores WHERE error IS NOT NULL',
};
