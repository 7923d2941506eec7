/**
 * The functions of VFIO, and of the kernel around it, that a recorder sees: what an event of each
 * is. A test holds this table against the catalogue of probes. Events of ioctls have the name of
 * the ioctl in place of the function's.
 */
import type { Kind, Path } from '../../traces/index.js';
import { IOMMUFD_SINCE, type KernelRules } from '../model/kernel-rules.js';
import { type DoorName, VARIANT_CALLS } from './variant-calls.js';

/** What an event of a function is. */
export interface FunctionFacts {
  readonly kind: Kind;
  readonly path?: Path;
}

interface CallFacts extends FunctionFacts {
  /** Of an access that writes, when that is another kind. */
  readonly writes?: Kind;
}

const IOCTL = { kind: 'ioctl', path: 'vfio' } as const;
const SERVED = { kind: 'ioctl', path: 'kernel' } as const;
const HARDWARE_READ = { kind: 'config.read', path: 'hardware' } as const;
const HARDWARE_WRITE = { kind: 'config.write', path: 'hardware' } as const;

const OF_THE_CORE = {
  vfio_fops_unl_ioctl: IOCTL,
  vfio_group_fops_unl_ioctl: IOCTL,
  vfio_device_fops_unl_ioctl: IOCTL,
  vfio_pci_core_ioctl: SERVED,
  vfio_iommu_type1_ioctl: SERVED,
  iommufd_fops_ioctl: IOCTL,
  vfio_df_ioctl_bind_iommufd: { kind: 'ioctl' },
  vfio_df_ioctl_attach_pt: { kind: 'ioctl' },
  vfio_df_ioctl_detach_pt: { kind: 'ioctl' },
  vfio_fops_open: { kind: 'file.open' },
  vfio_device_fops_cdev_open: { kind: 'file.open' },
  iommufd_fops_open: { kind: 'file.open' },
  iommufd_fops_release: { kind: 'file.close', path: 'vfio' },
  vfio_fops_release: { kind: 'file.close' },
  vfio_group_fops_open: { kind: 'group.open' },
  vfio_group_fops_release: { kind: 'group.close' },
  vfio_device_fops_release: { kind: 'file.close' },
  vfio_df_open: { kind: 'device.open' },
  vfio_df_close: { kind: 'device.close' },
  vfio_df_unbind_iommufd: { kind: 'dma.detach' },
  vfio_register_group_dev: { kind: 'vfio.register' },
  vfio_register_emulated_iommu_dev: { kind: 'vfio.register' },
  vfio_unregister_group_dev: { kind: 'vfio.unregister' },
  vfio_pci_core_enable: { kind: 'device.open' },
  vfio_pci_core_close_device: { kind: 'device.close' },
  vfio_pci_core_disable: { kind: 'device.close' },
  vfio_pci_core_request: { kind: 'device.request' },
  vfio_pci_set_irqs_ioctl: { kind: 'irq.set', path: 'kernel' },
  vfio_pci_rw: { kind: 'region.read', writes: 'region.write', path: 'vfio' },
  vfio_pci_bar_rw: { kind: 'region.read', writes: 'region.write', path: 'hardware' },
  vfio_pci_config_rw: { kind: 'config.read', writes: 'config.write', path: 'vfio' },
  vfio_basic_config_write: { kind: 'config.write', path: 'virtual' },
  vfio_pci_core_mmap: { kind: 'mmap', path: 'vfio' },
  vfio_pci_mmap_fault: { kind: 'fault.page', path: 'vfio' },
  vfio_pci_mmap_huge_fault: { kind: 'fault.page', path: 'vfio' },
  vfio_pci_zap_and_down_write_memory_lock: { kind: 'munmap', path: 'kernel' },
  iommufd_device_bind: { kind: 'dma.attach' },
  iommufd_device_unbind: { kind: 'dma.detach' },
  vfio_iommufd_physical_attach_ioas: { kind: 'dma.attach' },
  vfio_iommufd_physical_detach_ioas: { kind: 'dma.detach' },
  vfio_iommufd_emulated_attach_ioas: { kind: 'dma.attach' },
  vfio_iommufd_emulated_detach_ioas: { kind: 'dma.detach' },
  vfio_iommu_type1_attach_group: { kind: 'dma.attach' },
  vfio_iommu_type1_detach_group: { kind: 'dma.detach' },
  vfio_msihandler: { kind: 'irq.fire' },
  vfio_intx_handler: { kind: 'irq.fire' },
  vfio_pci_dev_set_hot_reset: { kind: 'reset' },
  pci_try_reset_function: { kind: 'reset' },
  pci_set_power_state: { kind: 'power' },
  pci_user_read_config_byte: HARDWARE_READ,
  pci_user_read_config_word: HARDWARE_READ,
  pci_user_read_config_dword: HARDWARE_READ,
  pci_user_write_config_byte: HARDWARE_WRITE,
  pci_user_write_config_word: HARDWARE_WRITE,
  pci_user_write_config_dword: HARDWARE_WRITE,
  map: { kind: 'dma.map' },
  unmap: { kind: 'dma.unmap' },
  io_page_fault: { kind: 'fault.dma' },
} as const satisfies Record<string, CallFacts>;

export const CALLS: Readonly<Record<string, CallFacts>> = { ...OF_THE_CORE, ...VARIANT_CALLS };

export type CallName = keyof typeof OF_THE_CORE | DoorName;

/** A call of one of the functions, with what an event of it has. */
export interface CallEvent {
  readonly call: CallName;
  /** The name of an ioctl. */
  readonly ioctl?: string;
  /** Whether an access writes. */
  readonly write?: boolean;
  readonly device?: string;
  /** What distinguishes calls of an iommufd from those of a container. */
  readonly driver?: 'iommufd';
  readonly region?: number;
  readonly offset?: number;
  readonly length?: number;
  readonly value?: number;
  readonly data?: Uint8Array;
}

/** What the end of a call adds to its begin. */
export interface CallAnswer {
  readonly value?: number;
  readonly data?: Uint8Array;
}

/** Receives what a recorder would have seen of VFIO. */
export interface CallRecorder {
  beginCall(thread: number, event: CallEvent): void;
  /** Ends the innermost call of the thread. @param ret null when the function returns nothing */
  endCall(thread: number, ret: number | null, answer?: CallAnswer): void;
  pointCall(thread: number, event: CallEvent): void;
}

/** What an event of a call is. */
export function factsOfCall({ call, write }: CallEvent): FunctionFacts {
  const facts: CallFacts = CALLS[call];
  return write === true && facts.writes !== undefined ? { ...facts, kind: facts.writes } : facts;
}

/** Functions of character devices (drivers/vfio/device_cdev.c 6.6). */
const OF_CDEV = [
  'vfio_df_open',
  'vfio_df_close',
  'vfio_device_fops_cdev_open',
  'vfio_df_ioctl_bind_iommufd',
  'vfio_df_ioctl_attach_pt',
  'vfio_df_ioctl_detach_pt',
  'vfio_df_unbind_iommufd',
] as const;
/** Functions of iommufds (drivers/iommu/iommufd/main.c 6.2). */
const OF_IOMMUFD = [
  ...['iommufd_fops_open', 'iommufd_fops_ioctl', 'iommufd_fops_release'],
  ...['iommufd_device_bind', 'iommufd_device_unbind'],
  ...['vfio_iommufd_physical_attach_ioas', 'vfio_iommufd_physical_detach_ioas'],
  ...['vfio_iommufd_emulated_attach_ioas', 'vfio_iommufd_emulated_detach_ioas'],
] as CallName[];

/** Functions that a kernel has and that a run records. */
export function callsOf({ version, faultMapsAll, opensDeviceFiles }: KernelRules): CallName[] {
  const missing: CallName[] = [
    faultMapsAll ? 'vfio_pci_mmap_huge_fault' : 'vfio_pci_mmap_fault',
    ...(opensDeviceFiles ? [] : OF_CDEV),
    ...(version >= IOMMUFD_SINCE ? [] : OF_IOMMUFD),
  ];
  return (Object.keys(CALLS) as CallName[]).filter((call) => !missing.includes(call));
}
