import type { ViewDefinition } from './definition.js';

export const divergenceView: ViewDefinition = {
  type: 'view',
  name: 'divergences',
  doc:
    'Responses of the kernel that replay did not predict, as `vfr replay` reports them: ' +
    'the first thousand of a trace. The whole trace is replayed once.',
  columns: {
    seq: ['seq', 'the response'],
    ts: ['time', 'its time'],
    device: ['device', 'PCI address'],
    tid: ['thread', 'thread'],
    task: ['text', 'comm of the thread'],
    kind: ['text', 'kind of the event'],
    phase: ['text', 'begin, end or point'],
    name: ['text', 'function, attribute or ioctl'],
    path: ['text', 'part of the state that the prediction came from'],
    expected: ['text', 'what was predicted'],
    actual: ['text', 'what the kernel did'],
    cause: ['text', 'what most likely made the difference'],
    touched: ['text', 'the last events that concerned the binding of the device, as seqs'],
  },
  sql: `
SELECT d.trace, d.seq, e.ts, d.device, e.tid, e.task, d.kind, d.phase, d.name, d.path,
  d.expected, d.actual, d.cause, d.touched
FROM divergences_of(NULL) d LEFT JOIN events_of(NULL) e ON e.trace = d.trace AND e.seq = d.seq
ORDER BY d.trace, d.seq`,
  example: 'SELECT seq, device, name, expected, actual FROM divergences LIMIT 5',
};
