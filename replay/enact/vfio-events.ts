/** Which events of a recording are those of VFIO that the kernel that runs makes. */
import type { EventCursor } from '../judge/engine/event-cursor.js';
import { CALLS, type CallName, factsOfCall } from '../kernel/index.js';
import { IOCTLS, isIoctl } from '../model/vfio/ioctl-numbers.js';
import type { Access } from './emitted.js';

/** In which way the PCI core resets a function is an answer of its hardware. */
export const RESET_METHODS: ReadonlySet<string> = new Set([
  'pcie_flr',
  'pci_af_flr',
  'pci_pm_reset',
  'pci_dev_specific_reset',
  'pci_bridge_secondary_bus_reset',
  'pci_reset_bus',
  '__pci_reset_bus',
]);

/** Interrupts and faults come in the middle of any thread: no operation makes them. */
const OF_HARDWARE: ReadonlySet<string> = new Set([
  'vfio_msihandler',
  'vfio_intx_handler',
  'io_page_fault',
]);

/** Kinds of events that procedures of VFIO make. */
export const VFIO_KINDS: ReadonlySet<string> = new Set(
  (Object.keys(CALLS) as CallName[])
    .filter((call) => !OF_HARDWARE.has(call))
    .flatMap((call) => [false, true].map((write) => factsOfCall({ call, write }).kind)),
);

/** The function of VFIO that an event is of; null when no procedure makes it. */
export function vfioFunctionOf(e: EventCursor): CallName | null {
  const { kind, name, path } = e;
  if (kind === 'ioctl' && isIoctl(name)) return ioctlFunction(e);
  if (!(name in CALLS) || OF_HARDWARE.has(name)) return null;
  const call = name as CallName;
  const isOf = (write: boolean) => {
    const facts = factsOfCall({ call, write });
    return facts.kind === kind && (path === null || (facts.path ?? path) === path);
  };
  return isOf(false) || isOf(true) ? call : null;
}

function ioctlFunction({ path, device, driver, name, data }: EventCursor): CallName | null {
  if (path === 'kernel') return device === null ? 'vfio_iommu_type1_ioctl' : 'vfio_pci_core_ioctl';
  if (path !== 'vfio') return null;
  if (driver === 'iommufd') return 'iommufd_fops_ioctl';
  if (device !== null) return 'vfio_device_fops_unl_ioctl';
  // Calls of a group have its number.
  const other = data === null ? 'container' : 'group';
  const file = IOCTLS[name]?.file ?? other;
  if (file === 'group') return 'vfio_group_fops_unl_ioctl';
  return file === 'container' ? 'vfio_fops_unl_ioctl' : null;
}

export const accessOf = (e: EventCursor): Access => ({
  path: e.path,
  region: e.region < 0 ? null : e.region,
  offset: e.hasOffset ? e.offset : null,
  length: e.hasLength ? e.length : null,
  value: e.hasValue ? e.value : null,
});
