import type { ViewDefinition } from './definition.js';

export const groups: ViewDefinition = {
  type: 'view',
  name: 'groups',
  doc:
    'IOMMU groups with their devices. VFIO may use a group only if each of its devices has no ' +
    'driver, or one that leaves its DMA to the user.',
  columns: {
    iommu_group: ['number', 'number of the group'],
    devices: ['count', 'devices in it'],
    members: ['text', 'their addresses'],
    drivers_before: ['text', 'devices with the drivers they had when the recording began'],
    drivers_after: ['text', 'devices with the drivers they had at its end'],
    blockers: [
      'text',
      'devices with a driver at any time that does not leave DMA to the user: while one has it, ' +
        'VFIO refuses the group with EPERM (before Linux 5.19) or EBUSY, and its status is not ' +
        'viable',
    ],
  },
  // driver_managed_dma is set by these drivers (kernel 6.1: drivers/vfio/pci/vfio_pci.c and its
  // variants, drivers/pci/pci-stub.c, drivers/pci/pcie/portdrv.c).
  sql: `
WITH foreign_drivers AS (
  SELECT DISTINCT trace, device, driver FROM lib.bindings
  WHERE driver NOT IN ('pci-stub', 'pcieport') AND driver NOT LIKE '%vfio%'
)
SELECT d.trace, d.iommu_group, count(DISTINCT d.device) AS devices,
  string_agg(DISTINCT d.device, ' ' ORDER BY d.device) AS members,
  string_agg(DISTINCT d.device || ' ' || d.driver_before, ', ') AS drivers_before,
  string_agg(DISTINCT d.device || ' ' || d.driver_after, ', ') AS drivers_after,
  string_agg(DISTINCT f.device || ' ' || f.driver, ', ') AS blockers
FROM lib.devices d
LEFT JOIN foreign_drivers f ON f.trace = d.trace AND f.device = d.device
WHERE d.iommu_group IS NOT NULL
GROUP BY d.trace, d.iommu_group
ORDER BY d.trace, d.iommu_group`,
  example: 'SELECT iommu_group, members, blockers FROM groups WHERE devices > 1',
};
