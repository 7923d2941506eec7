import type { ViewDefinition } from './definition.js';

export const accessHotSpots: ViewDefinition = {
  type: 'view',
  name: 'access_hot_spots',
  doc:
    'Which registers are accessed most: configuration space and VFIO regions, by device, ' +
    'path and offset.',
  columns: {
    device: ['device', 'PCI address'],
    region: ['number', 'VFIO region index; 7 is configuration space'],
    path: ['text', 'door of the accesses'],
    op: ['text', 'read or write'],
    register: ['text', 'name of the register, or its offset'],
    offset: ['address', 'byte offset in the region'],
    accesses: ['count', 'how many'],
    values_seen: ['count', 'how many different values'],
    tasks: ['count', 'how many different threads made them'],
    first_seq: ['seq', 'the first of them'],
  },
  sql: `
SELECT trace, device, region, path, split_part(kind, '.', 2) AS op,
  CASE WHEN region = 7 THEN pci_register("offset") ELSE printf('0x%x', "offset") END AS register,
  "offset", count(*) AS accesses, count(DISTINCT value) AS values_seen,
  count(DISTINCT tid) AS tasks, min(seq) AS first_seq
FROM events_of(['config.read', 'config.write', 'region.read', 'region.write'])
WHERE phase <> 'begin'
GROUP BY ALL
ORDER BY trace, accesses DESC, first_seq`,
  example: "SELECT device, op, register, accesses FROM access_hot_spots WHERE path = 'kernel'",
};
