/** What an open device has besides what vfio-pci-core gives to every PCI device. */
import { virtualize } from '../vfio-pci-core/config-space-model.js';
import type { DeviceRegion } from '../vfio-pci-core/device-regions.js';
import type { OpenDevice } from '../vfio-pci-core/open-device.js';

export interface Added {
  /**
   * 0, or the negative errno with which opening fails: the core disables the device again. Null
   * when not known.
   */
  readonly ret: number | null;
  /** Null when not known. */
  readonly regions: readonly DeviceRegion[] | null;
  /** A dword of configuration space that becomes a copy of the user's; value null: not known. */
  readonly virtual?: { readonly offset: number; readonly value: number | null };
}

/** An open device gets it. */
export function addTo(device: OpenDevice, { regions, virtual }: Added): void {
  device.regions = regions;
  if (virtual !== undefined) virtualize(device.space, virtual.offset, virtual.value);
}
