import type { ViewDefinition } from './definition.js';

export const traceInfo: ViewDefinition = {
  type: 'view',
  name: 'trace_info',
  doc: 'One row for each open trace: what it is, when it was recorded, and whether it is whole.',
  columns: {
    events: ['count', 'events that can be read'],
    bytes: ['bytes', 'size of the file'],
    clock: ['text', 'clock of the times: mono, boot, realtime, …'],
    start_ts: ['time', 'earliest event; snapshots do not count'],
    end_ts: ['time', 'latest event'],
    start_wall: ['text', 'the same on the wall clock (UTC); null when the trace cannot say'],
    end_wall: ['text', 'the latest event on the wall clock'],
    kernel: ['text', 'release of the recorded kernel'],
    writer: ['text', 'program and version that wrote the trace'],
    complete: ['flag', 'whether nothing is cut, damaged, missing or lost'],
    truncated: ['flag', 'whether the end of the file is missing'],
    damaged: ['count', 'damaged ranges, which were left out'],
    lost: ['count', 'events that the sources reported as lost; 0 where no number was given'],
    notes: ['text', 'notes of the recording as one JSON object'],
  },
  sql: `
SELECT trace, events, bytes, clock, start_ts, end_ts,
  wall(start_ts, trace) AS start_wall, wall(end_ts, trace) AS end_wall,
  kernel, writer, complete, truncated, damaged, lost, notes
FROM trace_info_of(NULL)`,
  example: 'SELECT events, kernel, start_wall, complete FROM trace_info',
};
