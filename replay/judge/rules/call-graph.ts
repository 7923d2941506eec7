/**
 * Which kernel function calls which, among the recorded ones: what a caller passes on, its other
 * callers, how often it is called in one call, and which calls a caller needs to succeed. One table
 * for everything that follows from the nesting of calls (kernel drivers/base/dd.c,
 * drivers/base/bus.c, drivers/pci/iov.c, drivers/pci/pci-driver.c, drivers/vfio 6.1 and 6.12).
 */

/** A field of a call's event; `direction` is reading or writing. */
export type Handed =
  | 'device'
  | 'driver'
  | 'name'
  | 'region'
  | 'offset'
  | 'length'
  | 'value'
  | 'direction';

export interface FunctionFacts {
  /** User space enters the kernel with it: no other call is open on its thread. */
  readonly entry?: true;
  /** It calls no other function of this table. */
  readonly leaf?: true;
  /** Functions that call it, with the fields they pass on. */
  readonly by?: Readonly<Record<string, readonly Handed[]>>;
  /**
   * It is only called by these, and by the functions listed here, whose fields are not compared.
   */
  readonly only?: true | readonly string[];
  /** Recorded by the same probe as this other one. */
  readonly sameProbeAs?: string;
  /** A caller calls it at most once. */
  readonly once?: true;
  /** These callers cannot succeed without it. */
  readonly neededBy?: readonly string[];
  /** Once its caller has called this other function, it cannot end without it. */
  readonly follows?: string;
  /** A caller calls this other function before it, when the recording shows that. */
  readonly after?: Readonly<Record<string, string>>;
  /** Its caller calls nothing of this table after it. */
  readonly last?: true;
  /** It may run on another thread than its caller, which is then found by the device. */
  readonly anyThread?: true;
  /** Whether its events are recorded is a matter of each driver. */
  readonly perDriver?: true;
  /** Its begin has a text of its user, which may be longer than a record can be. */
  readonly text?: true;
}

const ACCESS: readonly Handed[] = ['device', 'region', 'offset', 'length', 'direction', 'value'];
const BOUND: readonly Handed[] = ['device', 'driver'];

/** Callers within an access of configuration space. */
const IN_CONFIG: Readonly<Record<string, readonly Handed[]>> = {
  vfio_basic_config_write: ['device'],
  vfio_pci_config_rw: ['device'],
  vfio_pci_rw: ['device'],
};

/** An access that is a part of a user's. */
const PART: Readonly<Record<string, readonly Handed[]>> = {
  vfio_basic_config_write: ['device', 'region'],
  vfio_pci_config_rw: ['device', 'region'],
  vfio_pci_rw: ['device', 'region'],
};

/** `pci_user_read_config_byte` and the other five, while VFIO serves a user. */
const HARDWARE: FunctionFacts = { by: PART, leaf: true };

const WIDTHS = ['byte', 'word', 'dword'];
const hardware = Object.fromEntries(
  WIDTHS.flatMap((width) => [
    [`pci_user_read_config_${width}`, HARDWARE],
    [`pci_user_write_config_${width}`, HARDWARE],
  ]),
);

const ENTRY: FunctionFacts = { entry: true };
/** A write to an attribute. */
const STORE: FunctionFacts = { entry: true, text: true };

/** Functions by the names in events, or by the name of a class of them. */
export const CALL_GRAPH: Readonly<Record<string, FunctionFacts>> = {
  bind: STORE,
  unbind: STORE,
  drivers_probe: STORE,
  driver_override: STORE,
  new_id: STORE,
  remove_id: STORE,
  sriov_numvfs: STORE,
  sriov_drivers_autoprobe: STORE,
  /** Any other attribute. */
  attribute: STORE,

  driver_set_override: {
    by: { driver_override: ['device'] },
    only: true,
    once: true,
    leaf: true,
    neededBy: ['driver_override'],
    text: true,
  },
  device_driver_attach: {
    by: { bind: BOUND },
    only: true,
    once: true,
    neededBy: ['bind'],
  },
  __driver_probe_device: {
    by: { device_driver_attach: BOUND },
    once: true,
    neededBy: ['device_driver_attach'],
  },
  really_probe: {
    by: { __driver_probe_device: BOUND },
    only: true,
    once: true,
    neededBy: ['__driver_probe_device'],
  },
  pci_device_probe: {
    by: { really_probe: BOUND },
    only: true,
    once: true,
    neededBy: ['really_probe'],
  },
  /** `vfio_pci_probe`, `nvme_probe` and the like. */
  'own probe': {
    by: { pci_device_probe: BOUND },
    only: true,
    once: true,
    neededBy: ['pci_device_probe'],
    anyThread: true,
    perDriver: true,
  },
  vfio_pci_core_register_device: {
    by: { 'own probe': ['device'] },
    once: true,
  },
  driver_bound: {
    by: { really_probe: BOUND },
    only: true,
    once: true,
    neededBy: ['really_probe'],
    after: { really_probe: 'pci_device_probe' },
    last: true,
  },
  device_release_driver_internal: { by: { unbind: ['device'] } },
  pci_device_remove: {
    by: { device_release_driver_internal: ['device'] },
    // A kernel that is made to test drivers removes each after its first probe.
    only: ['really_probe'],
    once: true,
  },
  /** `vfio_pci_remove`, `nvme_remove` and the like. */
  'own remove': {
    // A release names the driver that it found before it had the lock.
    by: { device_release_driver_internal: ['device'] },
    only: ['really_probe'],
    once: true,
    follows: 'pci_device_remove',
    after: { device_release_driver_internal: 'pci_device_remove' },
    perDriver: true,
  },
  device_unbind_cleanup: {
    // A release names the driver that it found before it had the lock.
    by: { device_release_driver_internal: ['device'], really_probe: BOUND },
    only: true,
    once: true,
    follows: 'pci_device_remove',
    after: { device_release_driver_internal: 'own remove' },
    last: true,
  },

  pci_enable_sriov: { by: { sriov_numvfs: ['device'] }, once: true },
  sriov_enable: {
    by: { pci_enable_sriov: ['device', 'value'], sriov_numvfs: ['device'] },
    once: true,
    neededBy: ['pci_enable_sriov'],
  },
  pci_iov_add_virtfn: {
    by: { sriov_enable: ['device'] },
    only: true,
    neededBy: ['sriov_enable'],
  },
  pci_device_add: {
    by: { pci_iov_add_virtfn: [] },
    once: true,
    neededBy: ['pci_iov_add_virtfn'],
  },
  pci_bus_add_device: {
    by: { pci_iov_add_virtfn: [] },
    once: true,
    neededBy: ['pci_iov_add_virtfn'],
    after: { pci_iov_add_virtfn: 'pci_device_add' },
  },
  pci_iov_remove_virtfn: { by: { sriov_numvfs: ['device'] } },

  /** The file's own function, of a container, a group or a device. */
  ioctl: ENTRY,
  /** The same, of a call that the file may answer itself, as that of a device opened by its own. */
  'file ioctl': { entry: true, sameProbeAs: 'ioctl' },
  /** The same, of an iommufd, which serves the calls of a container itself. */
  'iommufd ioctl': ENTRY,
  vfio_pci_core_ioctl: {
    by: {
      ioctl: ['device', 'name', 'offset', 'value'],
      'file ioctl': ['device', 'name', 'offset', 'value'],
    },
    only: true,
    once: true,
    neededBy: ['ioctl'],
  },
  vfio_iommu_type1_ioctl: { by: { ioctl: [] }, neededBy: ['ioctl'] },
  /** Called by the ioctl of the group or the device; each has a probe of its own. */
  vfio_pci_core_enable: { by: { ioctl: [] }, once: true },
  pci_try_reset_function: {
    by: { ...IN_CONFIG, vfio_pci_core_enable: ['device'], vfio_pci_core_ioctl: ['device'] },
    once: true,
    neededBy: ['vfio_pci_core_enable'],
  },
  vfio_pci_set_irqs_ioctl: { by: { vfio_pci_core_ioctl: ['device'] }, leaf: true },

  vfio_pci_rw: ENTRY,
  vfio_pci_config_rw: {
    by: { vfio_pci_rw: ACCESS },
    only: true,
    once: true,
    neededBy: ['vfio_pci_rw'],
  },
  vfio_pci_bar_rw: {
    by: { vfio_pci_rw: ACCESS },
    only: true,
    once: true,
    leaf: true,
    neededBy: ['vfio_pci_rw'],
  },
  vfio_basic_config_write: {
    by: {
      vfio_pci_config_rw: ['device', 'region', 'direction'],
      vfio_pci_rw: ['device', 'region', 'direction'],
    },
  },
  ...hardware,
  vfio_pci_zap_and_down_write_memory_lock: {
    by: IN_CONFIG,
  },
  // A hot reset wakes all functions that it reaches.
  pci_set_power_state: { by: { ...IN_CONFIG, ioctl: [] } },
  vfio_pci_core_request: { by: { device_release_driver_internal: ['device'] } },

  vfio_pci_core_mmap: ENTRY,
  vfio_pci_mmap_fault: { leaf: true },
  vfio_pci_mmap_huge_fault: { leaf: true },
};

const BY_FILE: ReadonlySet<string> = new Set([
  'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  'VFIO_DEVICE_DETACH_IOMMUFD_PT',
]);

/** The function of an event; for drivers' own functions and for ioctls, their class. */
export function functionOf(
  kind: string,
  name: string,
  path: string | null,
  device: string | null,
  driver: string | null,
): string {
  // A system call is named after what it does, which is not one of these functions.
  if (kind === 'syscall') return '';
  if (kind === 'ioctl') {
    if (driver === 'iommufd' || name.startsWith('IOMMU_')) return 'iommufd ioctl';
    if (path === 'vfio') {
      // A driver that serves the file without VFIO calls none of these functions.
      if (device === null && driver !== null) return '';
      return BY_FILE.has(name) ? 'file ioctl' : 'ioctl';
    }
    if (path !== 'kernel') return '';
    return device === null ? 'vfio_iommu_type1_ioctl' : 'vfio_pci_core_ioctl';
  }
  if (Object.hasOwn(CALL_GRAPH, name)) return name;
  // A line of the kernel's log is a sentence.
  if (name.includes(' ')) return '';
  if (kind === 'sysfs.write') return 'attribute';
  if (kind === 'probe') return 'own probe';
  return kind === 'unbind' ? 'own remove' : '';
}
