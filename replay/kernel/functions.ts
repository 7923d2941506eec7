/**
 * The kernel functions that a recorder sees, by the names of the catalogue of probes: what an event
 * of each is. A test holds this table against the catalogue.
 */
import type { PciIds } from '../model/binding/pci-ids.js';
import type { CallRecorder, FunctionFacts } from './calls.js';
import type { SentUevent } from './uevents.js';

const STORE = { kind: 'sysfs.write', path: 'sysfs' } as const;

export const FUNCTIONS = {
  bind: STORE,
  unbind: STORE,
  new_id: STORE,
  remove_id: STORE,
  drivers_probe: STORE,
  driver_override: STORE,
  sriov_numvfs: STORE,
  sriov_drivers_autoprobe: STORE,
  'power/control': STORE,
  d3cold_allowed: STORE,
  create: STORE,
  remove: STORE,
  driver_set_override: { kind: 'override', path: 'kernel' },
  __driver_probe_device: { kind: 'match' },
  really_probe: { kind: 'probe' },
  pci_device_probe: { kind: 'probe' },
  vfio_pci_probe: { kind: 'probe' },
  nvme_probe: { kind: 'probe' },
  vfio_pci_core_register_device: { kind: 'probe' },
  bus_add_driver: { kind: 'driver.register' },
  bus_remove_driver: { kind: 'driver.unregister' },
  device_driver_attach: { kind: 'bind' },
  driver_bound: { kind: 'bind' },
  device_release_driver_internal: { kind: 'unbind' },
  pci_device_remove: { kind: 'unbind' },
  vfio_pci_remove: { kind: 'unbind' },
  nvme_remove: { kind: 'unbind' },
  device_unbind_cleanup: { kind: 'unbind' },
  driver_deferred_probe_add: { kind: 'deferred' },
  pci_device_add: { kind: 'device.add' },
  pci_bus_add_device: { kind: 'device.add' },
  pci_stop_and_remove_bus_device: { kind: 'device.remove' },
  pci_enable_sriov: { kind: 'sriov.enable' },
  sriov_enable: { kind: 'sriov.enable' },
  pci_disable_sriov: { kind: 'sriov.disable' },
  pci_iov_add_virtfn: { kind: 'vf.add' },
  pci_iov_remove_virtfn: { kind: 'vf.remove' },
  add_device_to_group: { kind: 'iommu.attach' },
  attach_device_to_domain: { kind: 'iommu.attach' },
  remove_device_from_group: { kind: 'iommu.detach' },
  mdev_device_create: { kind: 'mdev.create' },
  mdev_device_remove: { kind: 'mdev.remove' },
  mdev_unregister_parent: { kind: 'mdev.parent' },
} as const satisfies Record<string, FunctionFacts>;

/** Attributes whose reads a recorder sees. */
export const SEEN_READS = {
  sriov_numvfs: { kind: 'sysfs.read', path: 'sysfs' },
} as const satisfies Record<string, FunctionFacts>;

/** What a recorder sees of a uevent: the function that makes its variables. */
export const UEVENT = { name: 'dev_uevent', kind: 'uevent' } as const;

export type SeenRead = keyof typeof SEEN_READS;

export type FunctionName = keyof typeof FUNCTIONS;

/** Tracepoints of runtime power management, which run as points within any other call. */
export const RUNTIME_EVENTS = {
  rpm_suspend: { kind: 'power.runtime' },
  rpm_resume: { kind: 'power.runtime' },
  rpm_idle: { kind: 'power.runtime' },
  rpm_usage: { kind: 'power.runtime' },
  rpm_return_int: { kind: 'power.runtime' },
} as const satisfies Record<string, FunctionFacts>;

/** What a tracepoint of runtime power management records. */
export interface RuntimeEvent {
  readonly name: keyof typeof RUNTIME_EVENTS;
  readonly device: string;
  /** The usage count; of `rpm_return_int` the result. */
  readonly value: number;
  /** The record as the kernel prints it. */
  readonly text: string;
}

/** Receives what a recorder would have seen of a run. */
export interface Recorder extends CallRecorder {
  /**
   * @param device address
   * @param value -1 when the event has no value
   * @param text of the event; left out: it has none
   */
  begin(
    thread: number,
    name: FunctionName,
    device: string | null,
    driver: string | null,
    value: number,
    text?: string,
  ): void;
  /** A write of a sysfs attribute begins, or its text becomes the override of a function. */
  beginStore(thread: number, store: Store): void;
  /** A read of a sysfs attribute begins. */
  beginRead(thread: number, attribute: SeenRead, device: string): void;
  /** A driver of a bus registers, or leaves. */
  beginDriver(thread: number, name: FunctionName, driver: string, bus: 'pci' | 'mdev'): void;
  /** Ends the innermost function of the thread. @param ret null when it returns nothing */
  end(thread: number, ret: number | null): void;
  point(
    thread: number,
    name: FunctionName,
    device: string | null,
    driver: string | null,
    value: number,
  ): void;
  /** A step of runtime power management. */
  runtime(thread: number, event: RuntimeEvent): void;
  /** A function comes into being; the event has its ids. */
  added(thread: number, device: string, ids: PciIds): void;
  /** Whether it wants to know of uevents. */
  readonly hearsUevents: boolean;
  /** The kernel sends a uevent. */
  uevent(thread: number, uevent: SentUevent): void;
}

/** A write of a sysfs attribute, or the kernel function that copies its text. */
export interface Store {
  readonly name: FunctionName;
  /** The function whose attribute it is, or that its text names; null if there is none. */
  readonly device: string | null;
  readonly driver: string | null;
  readonly text: string;
}
