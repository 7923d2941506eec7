/** The declaration of a driver: what is known about it without a recording. */
import type { IdMatch } from '../binding/pci-ids.js';
import type { MigrationModel } from '../vfio/migration-state.js';
import type { ModelRow } from './model-row.js';
import type { ParameterType } from './module-parameters.js';
import type { Variant } from './variant.js';

/** What a native driver finds as it probes a function. */
export interface NativeProbe {
  /** The PCI core knows it as a VF (`is_virtfn`). */
  readonly isVf: boolean;
  /** What firmware, PF and registers say of the function, by name. */
  readonly properties: Readonly<Record<string, number>>;
}

/** What a variant serves itself, before or instead of vfio-pci-core. */
export type OwnPart = 'config' | 'regions';

/**
 * A driver of PCI functions. Results of probe functions that cannot be predicted are stimuli: they
 * come from the recording, or from a scenario.
 */
export interface DriverModel {
  /** As its `struct pci_driver` has it. */
  readonly name: string;
  /** False: nothing is known but its name. It may be built on VFIO, or on anything else. */
  readonly known: boolean;
  /** The function that its `probe` points to. */
  readonly probe: string;
  /**
   * The part of the static id table that decides matching; null when it is not known. A recording
   * then reveals it: the ids on which the driver was tried.
   */
  readonly table: readonly IdMatch[] | null;
  /** Every entry has `override_only`: it matches only by driver_override or a dynamic id. */
  readonly overrideOnly: boolean;
  /**
   * `driver_managed_dma`: probing does not claim the IOMMU group for the kernel (Linux 5.19); null
   * when that is not known.
   */
  readonly managesDma: boolean | null;
  /** What the driver's `sriov_configure` is; `parameter`: its own, if `enable_sriov` is on. */
  readonly sriovConfigure: 'none' | 'simple' | 'own' | 'parameter' | 'unknown';
  /** What its module takes as it is loaded; only parameters that a model uses. */
  readonly parameters: Readonly<Record<string, ParameterType>>;
  /** Built on vfio-pci-core: probe and remove are those of `vfio_pci_core_register_device`. */
  readonly vfioPci: boolean;
  /**
   * Parts of an open device that a variant handles itself and that are not modelled: differences
   * from vfio-pci-core there are no divergence.
   */
  readonly own: readonly OwnPart[];
  /** Migration of an open device; null when the driver has none, or an unknown one. */
  readonly migration: MigrationModel | null;
  /**
   * Why a native driver refuses a function whatever its hardware answers: 0 or a negative errno.
   * Null: it refuses nothing.
   */
  readonly refuses: ((facts: NativeProbe) => number) | null;
  /** What a variant does itself with an open device; null when that is what the core does. */
  readonly variant: Variant | null;
  /** Kernels that have the driver as it is declared here. */
  readonly kernels: string;
  /** What the driver does, fact by fact. */
  readonly rows: readonly ModelRow[];
}

type Declaration = Pick<DriverModel, 'name'> & Partial<Omit<DriverModel, 'known' | 'vfioPci'>>;

/**
 * A native driver: the results of its functions come from the recording. By default it does not
 * manage DMA itself.
 */
export const defineNative = (declared: Declaration): DriverModel => ({
  ...unknownDriver(declared.name),
  known: true,
  managesDma: false,
  ...declared,
});

/**
 * A driver built on vfio-pci-core; it declares where it differs. Variants in the kernel have tables
 * that match by override only, and manage DMA (kernel drivers/vfio/pci 6.12).
 */
export const defineVfioPci = (
  declared: Declaration & { readonly table: readonly IdMatch[] },
): DriverModel => ({
  ...unknownDriver(declared.name),
  known: true,
  overrideOnly: true,
  managesDma: true,
  sriovConfigure: 'none',
  vfioPci: true,
  ...declared,
});

/** A driver that is known only by name. */
export const unknownDriver = (name: string): DriverModel => ({
  name,
  known: false,
  probe: `${name.replaceAll('-', '_')}_probe`,
  table: null,
  overrideOnly: false,
  managesDma: null,
  sriovConfigure: 'unknown',
  parameters: {},
  vfioPci: false,
  own: [],
  migration: null,
  refuses: null,
  variant: null,
  kernels: '',
  rows: [],
});

/** Entries of a table, one for each device id of a vendor. */
export const pciIds = (vendor: number, ...devices: readonly number[]): readonly IdMatch[] =>
  devices.map((device) => ({
    vendor,
    device,
    subvendor: null,
    subdevice: null,
    class: 0,
    classMask: 0,
  }));

/** An entry for every device of a class, of one vendor or of all. */
export const pciClass = (code: number, mask: number, vendor: number | null = null): IdMatch => ({
  vendor,
  device: null,
  subvendor: null,
  subdevice: null,
  class: code,
  classMask: mask,
});
