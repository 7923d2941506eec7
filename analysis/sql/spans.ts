import { SPANS_LOSS, spanLoss, type ViewDefinition } from './definition.js';

export const spans: ViewDefinition = {
  type: 'view',
  name: 'spans',
  doc:
    'Everything that has a beginning and an end: calls, ioctls, accesses, probes, stores. ' +
    'One that never ended in the recording has null as its end: what hung, or was cut off.',
  columns: {
    seq: ['seq', 'position of the begin in the trace'],
    end_seq: ['seq', 'position of the end; null if it is missing'],
    ts: ['time', 'time of the begin, nanoseconds of the trace clock'],
    duration: ['ns', 'nanoseconds from begin to end; negative when the clock went back'],
    cpu: ['number', 'CPU it began on'],
    tid: ['thread', 'thread'],
    task: ['text', 'comm of the thread'],
    kind: ['text', 'what happened'],
    name: ['text', 'function, attribute or ioctl'],
    device: ['device', 'PCI address'],
    driver: ['text', 'driver concerned'],
    path: ['text', 'door of an access'],
    region: ['number', 'VFIO region index'],
    offset: ['address', 'offset, IOVA or address'],
    length: ['bytes', 'bytes'],
    value: ['number', 'value written, or read until the end'],
    ret: ['errno', 'return value or negative errno'],
    text: ['text', 'sysfs buffer'],
    spans_loss: SPANS_LOSS,
  },
  sql: `
SELECT trace, seq, end_seq, ts, end_ts::BIGINT - ts::BIGINT AS duration,
  cpu, tid, task, kind, name,
  coalesce(device, end_device) AS device, coalesce(driver, end_driver) AS driver,
  path, region, "offset", length, coalesce(end_value, value) AS value, end_ret AS ret, text,
  ${spanLoss('s')}
FROM spans_of(NULL) s WHERE phase = 'begin'`,
  example: 'SELECT kind, name, device, task FROM spans WHERE end_seq IS NULL ORDER BY seq',
};
