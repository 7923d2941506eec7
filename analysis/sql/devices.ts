import type { ViewDefinition } from './definition.js';
import { structWord } from './struct-word.js';

export const devices: ViewDefinition = {
  type: 'view',
  name: 'devices',
  doc:
    'Every device that an event names: what it is, where it belongs, and which driver it had at ' +
    'the beginning and at the end. Identity and group are the last that were recorded.',
  columns: {
    device: ['device', 'PCI address, or UUID of a mediated device'],
    vendor: ['text', 'vendor id, as 0x8086'],
    device_id: ['text', 'device id; a VF reports that of its PF’s SR-IOV capability'],
    class: ['text', 'class code, 24 bits'],
    physfn: ['device', 'PF of a VF; null for other functions, or when it is not known'],
    iommu_group: ['number', 'number of its IOMMU group'],
    in_snapshot: ['flag', 'whether a snapshot lists it, so that it existed before the recording'],
    driver_before: ['text', 'driver that it had when the recording began'],
    driver_after: ['text', 'driver that it had at the end of the recording'],
    events: ['count', 'events that name it'],
    first_seq: ['seq', 'the first of them'],
    last_seq: ['seq', 'the last of them'],
  },
  // pci_iov_add_virtfn() of the PF encloses pci_device_add() of its VF, in one thread (kernel
  // drivers/pci/iov.c 6.1). The data of pci_device_add are vendor, device and class.
  sql: `
WITH named AS (
  SELECT trace, device, count(*) AS events, min(seq) AS first_seq, max(seq) AS last_seq
  FROM events_of(NULL) WHERE device IS NOT NULL GROUP BY trace, device
), snap AS (
  SELECT trace, device, arg_max(text, seq) AS text, arg_max(driver, seq) AS driver
  FROM events_of(['snapshot']) WHERE name = 'start' AND device IS NOT NULL GROUP BY trace, device
), added AS (
  SELECT trace, device, max(seq) AS seq, arg_max(tid, seq) AS tid,
    arg_max(to_hex(data), seq) FILTER (octet_length(data) >= 12) AS h
  FROM events_of(['device.add']) WHERE device IS NOT NULL
    AND name = 'pci_device_add' GROUP BY trace, device
), pf AS (
  SELECT a.trace, a.device, v.device AS physfn
  FROM added a ASOF JOIN (FROM events_of(['vf.add']) WHERE tid IS NOT NULL) v
    ON v.trace = a.trace AND v.tid = a.tid AND v.seq < a.seq
  WHERE v.phase = 'begin'
), joined AS (
  SELECT trace, device, arg_max(value, seq) AS iommu_group
  FROM events_of(['iommu.attach']) WHERE device IS NOT NULL AND value IS NOT NULL
  GROUP BY trace, device
), bound AS (
  SELECT trace, device, arg_max(driver, bound_seq) AS driver FROM lib.bindings
  WHERE released_seq IS NULL GROUP BY trace, device
)
SELECT n.trace, n.device,
  coalesce(printf('0x%04x', ${structWord('a.h', 0, 4)}),
    json_extract_string(s.text, '$.vendor')) AS vendor,
  coalesce(printf('0x%04x', ${structWord('a.h', 4, 4)}),
    json_extract_string(s.text, '$.device')) AS device_id,
  coalesce(printf('0x%06x', ${structWord('a.h', 8, 4)}),
    json_extract_string(s.text, '$.class')) AS class,
  coalesce(pf.physfn, nullif(regexp_extract(
    coalesce(json_extract_string(s.text, '$.physfn'), ''), '[^/]+$'), '')) AS physfn,
  coalesce(j.iommu_group, try_cast(json_extract_string(s.text, '$.iommu_group') AS UBIGINT))
    AS iommu_group,
  s.device IS NOT NULL AS in_snapshot, s.driver AS driver_before, b.driver AS driver_after,
  n.events, n.first_seq, n.last_seq
FROM named n
LEFT JOIN snap s ON s.trace = n.trace AND s.device = n.device
LEFT JOIN added a ON a.trace = n.trace AND a.device = n.device
LEFT JOIN pf ON pf.trace = n.trace AND pf.device = n.device
LEFT JOIN joined j ON j.trace = n.trace AND j.device = n.device
LEFT JOIN bound b ON b.trace = n.trace AND b.device = n.device
ORDER BY n.trace, n.device`,
  example: 'SELECT device, iommu_group, driver_before, driver_after FROM devices',
};
