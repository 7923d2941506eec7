import type { ViewDefinition } from './definition.js';

export const spans: ViewDefinition = {
  type: 'view',
  name: 'spans',
  doc:
    'Everything that has a beginning and an end: calls, ioctls, accesses, probes, stores. ' +
    'One that never ended in the recording has null as its end: what hung, or was cut off.',
  columns: {
    seq: 'position of the begin in the trace',
    end_seq: 'position of the end; null if it is missing',
    ts: 'time of the begin, nanoseconds of the trace clock',
    duration: 'nanoseconds from begin to end; negative when the clock went back',
    cpu: 'CPU it began on',
    tid: 'thread',
    task: 'comm of the thread',
    kind: 'what happened',
    name: 'function, attribute or ioctl',
    device: 'PCI address',
    driver: 'driver concerned',
    path: 'door of an access',
    region: 'VFIO region index',
    offset: 'offset, IOVA or address',
    length: 'bytes',
    value: 'value written, or read until the end',
    ret: 'return value or negative errno',
    text: 'sysfs buffer',
  },
  sql: `
SELECT b.trace, b.seq, e.seq AS end_seq, b.ts, e.ts::BIGINT - b.ts::BIGINT AS duration,
  b.cpu, b.tid, b.task, b.kind, b.name,
  coalesce(b.device, e.device) AS device, coalesce(b.driver, e.driver) AS driver,
  b.path, b.region, b."offset", b.length, coalesce(e.value, b.value) AS value, e.ret, b.text
FROM (FROM events_of(NULL) WHERE phase = 'begin') b
LEFT JOIN (FROM events_of(NULL) WHERE phase = 'end') e ON e.trace = b.trace AND e.span = b.seq`,
  example: 'SELECT kind, name, device, task FROM spans WHERE end_seq IS NULL ORDER BY seq',
};
