import type { ViewDefinition } from './definition.js';

export const stores: ViewDefinition = {
  type: 'view',
  name: 'stores',
  doc: 'Writes to sysfs attributes with their results: what users requested from the driver core.',
  columns: {
    seq: 'position of the write in the trace',
    ts: 'time, nanoseconds of the trace clock',
    duration: 'nanoseconds until the write returned',
    tid: 'thread that wrote',
    task: 'comm of the thread',
    attribute: 'bind, unbind, driver_override, sriov_numvfs, …',
    device: 'PCI address that the attribute belongs to or the text names',
    driver: 'driver that the attribute belongs to',
    text: 'what was written, without the line break at its end',
    ret: 'bytes taken or negative errno; null when the write did not return',
    error: 'name of the errno, null when the write succeeded',
  },
  sql: `
SELECT b.trace, b.seq, b.ts, e.ts::BIGINT - b.ts::BIGINT AS duration, b.tid, b.task,
  b.name AS attribute, b.device, b.driver, rtrim(b.text, chr(10)) AS text,
  coalesce(e.ret, b.ret) AS ret,
  CASE WHEN coalesce(e.ret, b.ret) < 0 THEN errno_name(coalesce(e.ret, b.ret)) END AS error
FROM (FROM events_of(['sysfs.write']) WHERE phase <> 'end') b
LEFT JOIN (FROM events_of(['sysfs.write']) WHERE phase = 'end') e
  ON e.trace = b.trace AND e.span = b.seq`,
  example: 'SELECT seq, task, attribute, text, error FROM stores WHERE error IS NOT NULL',
};
