import type { ViewDefinition } from './definition.js';

export const states: ViewDefinition = {
  type: 'view',
  name: 'states',
  doc:
    'The state of each device over time, as replay knows it: a row holds from its first to its ' +
    'last event. Select those with `N BETWEEN first_seq AND last_seq` for the state after event ' +
    'N, or with `first_ts <= T AND coalesce(until_ts > T, true)` for the state at time T. ' +
    'A value that is not certain begins with `?`. The whole trace is replayed once.',
  columns: {
    device: ['device', 'PCI address'],
    first_seq: ['seq', 'event after which it holds'],
    last_seq: ['seq', 'last event after which it holds'],
    first_ts: ['time', 'time of the first'],
    until_ts: ['time', 'time of the event that ended it; null when it holds at the end'],
    state: ['text', '`present`, `absent`, or `unknown` while no event has described it'],
    driver: ['text', 'driver that is bound, or probes'],
    driver_override: ['text', 'driver that alone may bind it; null for none'],
    bound: ['flag', 'whether a driver finished binding; false while it probes'],
    physfn: ['device', 'PF of a VF'],
    iommu_group: ['number', 'IOMMU group'],
    num_vfs: ['count', 'VFs that are enabled, of a PF'],
    autoprobe: ['flag', 'sriov_drivers_autoprobe, of a PF'],
  },
  sql: `
SELECT s.trace, s.device, s.seq AS first_seq,
  coalesce(lead(s.seq) OVER (PARTITION BY s.trace, s.device ORDER BY s.seq), i.seq_end) - 1
    AS last_seq,
  s.ts AS first_ts, lead(s.ts) OVER (PARTITION BY s.trace, s.device ORDER BY s.seq) AS until_ts,
  s.state, s.driver, s.driver_override, s.bound, s.physfn, s.iommu_group,
  s.num_vfs, s.autoprobe
FROM states_of(NULL) s JOIN trace_info_of(NULL) i ON i.trace = s.trace
ORDER BY s.trace, s.device, s.seq`,
  example: 'SELECT device, state, driver FROM states WHERE 10 BETWEEN first_seq AND last_seq',
};
