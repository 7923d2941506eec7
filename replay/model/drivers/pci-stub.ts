import { defineNative } from './driver.js';

/** Matches nothing by itself; devices are assigned to it by new_id or driver_override. */
export const pciStub = defineNative({
  name: 'pci-stub',
  table: [],
  managesDma: true,
  sriovConfigure: 'none',
  parameters: { ids: 'ids' },
});
