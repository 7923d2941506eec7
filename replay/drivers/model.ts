import type { IdMatch } from '../binding/ids.js';
import type { MigrationModel } from '../vfio/migration.js';

/**
 * What is known of a driver without a recording. The results of probe functions that no model
 * predicts are stimuli: they are taken from the recording.
 */
export interface DriverModel {
  readonly name: string;
  /** False: nothing is known but its name. It may be built on VFIO, or on anything else. */
  readonly known: boolean;
  /**
   * Static id table as far as matching goes; null when it is not known. A recording then teaches
   * it: what a driver was seen to try.
   */
  readonly table: readonly IdMatch[] | null;
  /**
   * Every entry has `override_only`: the driver matches only by driver_override or a dynamic id.
   */
  readonly overrideOnly: boolean;
  /**
   * `driver_managed_dma`: probing does not claim the IOMMU group for the kernel (Linux 5.19); null
   * when that is not known.
   */
  readonly managesDma: boolean | null;
  /** What the driver's `sriov_configure` is. */
  readonly sriovConfigure: 'none' | 'simple' | 'own' | 'unknown';
  /** Built on vfio-pci-core: probe and remove are those of `vfio_pci_core_register_device`. */
  readonly vfioPci: boolean;
  /** Migration of an open device; null when the driver has none, or none that is known. */
  readonly migration: MigrationModel | null;
}

/** Any driver of which nothing is known but its name. */
export const opaque = (name: string): DriverModel => ({
  name,
  known: false,
  table: null,
  overrideOnly: false,
  managesDma: null,
  sriovConfigure: 'unknown',
  vfioPci: false,
  migration: null,
});

/** A driver that is known not to be one of VFIO's. */
export const native = (name: string): DriverModel => ({
  ...opaque(name),
  known: true,
  managesDma: false,
});

/** A vfio-pci variant: an override-only table, no DMA claim (kernel drivers/vfio/pci 6.12). */
export const variant = (name: string, table: readonly IdMatch[]): DriverModel => ({
  name,
  known: true,
  table,
  overrideOnly: true,
  managesDma: true,
  sriovConfigure: 'none',
  vfioPci: true,
  migration: null,
});

/** An entry for one device id of a vendor. */
export const id = (vendor: number, device: number): IdMatch => ({
  vendor,
  device,
  subvendor: null,
  subdevice: null,
  class: 0,
  classMask: 0,
});

/** An entry for every device of a class. */
export const ofClass = (code: number, mask: number, vendor: number | null = null): IdMatch => ({
  vendor,
  device: null,
  subvendor: null,
  subdevice: null,
  class: code,
  classMask: mask,
});
