import type { ViewDefinition } from './definition.js';

export const faultHotSpots: ViewDefinition = {
  type: 'view',
  name: 'fault_hot_spots',
  doc: 'Where faults gather: by kind, device, region, page of the address, and cause.',
  columns: {
    kind: ['text', 'fault.page, fault.bus, fault.dma or fault.aer'],
    device: ['device', 'PCI address'],
    region: ['number', 'VFIO region index, when known'],
    page: ['address', 'address of the 4 KiB page'],
    cause: ['text', 'why, as the view faults says it'],
    faults: ['count', 'how many'],
    first_seq: ['seq', 'the first of them'],
    last_seq: ['seq', 'the last of them'],
  },
  sql: `
SELECT trace, kind, device, region, address // 4096 * 4096 AS page,
  cause, count(*) AS faults,
  min(seq) AS first_seq, max(seq) AS last_seq
FROM lib.faults GROUP BY ALL
ORDER BY trace, faults DESC, first_seq`,
  example: 'SELECT kind, device, cause, faults FROM fault_hot_spots LIMIT 10',
};
