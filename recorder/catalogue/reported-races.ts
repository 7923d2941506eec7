/** Races that users and kernel developers reported, and which records show each of their steps. */

export interface Race {
  readonly race: string;
  /** What happens, and the events of the catalogue, or other names, that show it. */
  readonly steps: readonly (readonly [what: string, ...events: string[]])[];
}

const REMOVED = ['pci_remove_store', 'pci_stop_and_remove_bus_device'] as const;
const RELEASED = ['device_release_driver_internal', 'pci_device_remove'] as const;
const CLOSED = ['vfio_device_fops_release', 'vfio_pci_core_close_device'] as const;
const NATIVE = ['really_probe', 'pci_device_probe'] as const;
const LOCK = ['pci_lock_rescan_remove', 'pci_unlock_rescan_remove'] as const;

export const RACES: readonly Race[] = [
  {
    race: 'A container gets the number of an IOMMU group that VFs no longer have.',
    steps: [
      ['the VFs are created again', 'sriov_numvfs_store'],
      ['their groups change', 'remove_device_from_group', 'add_device_to_group'],
      ['the container opens its number', 'vfio_group_fops_open'],
      ['the program', 'finalize_exec'],
    ],
  },
  {
    race: 'A node of /dev is opened before the rules for it have run, or after it means another.',
    steps: [
      ['the kernel notifies user space', 'dev_uevent'],
      ['the device is given to VFIO, or taken', 'vfio_register_group_dev'],
      ['the node is opened', 'vfio_group_fops_open', 'vfio_device_fops_cdev_open'],
    ],
  },
  {
    race: 'A removal waits for a user who reads sriov_numvfs before releasing the device.',
    steps: [
      ['the removal', ...REMOVED],
      ['the kernel requests the device', 'vfio_pci_core_request'],
      ['the read, which waits for the lock', 'sriov_numvfs_show'],
      ['the close that does not come', ...CLOSED],
      ['VFIO waits', 'vfio_unregister_group_dev'],
    ],
  },
  {
    race: 'Several functions are removed at once while their users unmap BARs.',
    steps: [
      ['slots lose their cards', 'pci_hp_event', 'pciehp_unconfigure_device'],
      ['each removal waits for the other', ...LOCK, ...RELEASED],
      [
        'faults and unmapping',
        'vfio_pci_mmap_huge_fault',
        'vfio_pci_zap_and_down_write_memory_lock',
      ],
      ['VFIO waits', 'vfio_unregister_group_dev'],
    ],
  },
  {
    race: 'The host driver gets a device that was not reset after its last user.',
    steps: [
      ['the last close', ...CLOSED, 'vfio_pci_core_disable'],
      ['the reset, or none', 'pci_try_reset_function', 'pcie_flr', 'pci_reset_bus'],
      ['the native driver probes', ...NATIVE],
    ],
  },
  {
    race: 'A BAR is reached through a DMABUF after its function was disabled.',
    steps: [
      ['the DMABUF is made', 'vfio_pci_core_feature_dma_buf'],
      ['the function is disabled', 'vfio_pci_core_disable'],
      ['the DMABUF is taken back', 'vfio_pci_dma_buf_move', 'vfio_pci_dma_buf_cleanup'],
      ['the next driver probes', ...NATIVE],
    ],
  },
  {
    race: 'A VF is opened without, or with an old, VF token.',
    steps: [
      ['the user of the PF sets the token', 'vfio_device_fops_unl_ioctl'],
      ['a user requests the VF', 'vfio_pci_core_match', 'vfio_pci_core_match_token_uuid'],
      ['the PF is closed', ...CLOSED],
    ],
  },
  {
    race: 'A register is accessed while a reset runs.',
    steps: [
      ['the reset begins and ends', 'pci_reset_function', 'pci_try_reset_function', 'pcie_flr'],
      ['the access', 'vfio_pci_rw', 'vfio_pci_mmap_huge_fault', 'pci_user_read_config_dword'],
      ['the bus error', 'signal_generate'],
    ],
  },
  {
    race: 'A hot reset and a removal take the locks of devices and slot in opposite orders.',
    steps: [
      ['the hot reset', 'vfio_pci_dev_set_hot_reset', 'pci_reset_bus', '__pci_reset_bus'],
      ['the slot is reset', 'pci_try_reset_slot', 'pci_bridge_secondary_bus_reset'],
      ['the slot goes', 'pci_hp_event', 'pciehp_unconfigure_device', ...RELEASED],
    ],
  },
  {
    race: 'Two remove the same function at once.',
    steps: [
      ['the thread that waits', ...REMOVED, 'sriov_numvfs_store', 'pciehp_unconfigure_device'],
      ['the thread with the lock', ...LOCK],
      ['the function goes', 'pci_iov_remove_virtfn', ...RELEASED, 'dev_uevent'],
    ],
  },
  {
    race: 'Two users request a hot reset of one slot while another one binds a function of it.',
    steps: [
      ['the users', 'vfio_device_fops_unl_ioctl', 'vfio_pci_dev_set_hot_reset'],
      ['what they get', 'pci_reset_bus', 'pci_try_reset_slot', 'pci_try_reset_bus'],
      ['the thread with the lock of a function', 'bind_store', 'device_driver_attach', ...NATIVE],
    ],
  },
  {
    race: 'A device is accessed, or reset, while it sleeps.',
    steps: [
      ['its user lets it sleep', 'vfio_device_fops_unl_ioctl'],
      ['it sleeps and wakes', 'rpm_suspend', 'rpm_resume', 'pci_set_power_state'],
      ['the access', 'vfio_pci_rw', 'vfio_pci_mmap_huge_fault', 'signal_generate'],
      ["another's reset", 'pci_reset_bus', '__pci_reset_bus', 'pci_try_reset_bus'],
    ],
  },
  {
    race: 'A mediated device is created while its parent leaves.',
    steps: [
      ['the creation', 'mdev_create_store', 'mdev_device_create'],
      ['the parent leaves', 'mdev_unregister_parent'],
      ['children go', 'mdev_remove_store', 'mdev_device_remove'],
    ],
  },
  {
    race: 'A mediated device is created twice, or removed while it is open.',
    steps: [
      ['the creations and their errors', 'mdev_create_store', 'mdev_device_create'],
      ['the removal', 'mdev_remove_store', 'mdev_device_remove'],
      ['its user', 'vfio_group_fops_open', 'vfio_device_fops_cdev_open', 'vfio_df_open'],
      ['VFIO waits', 'vfio_unregister_group_dev'],
    ],
  },
  {
    race: 'An object of iommufd is destroyed while it is used.',
    steps: [
      ['it is made, used and destroyed', 'iommufd_fops_ioctl'],
      ['devices come and go', 'iommufd_device_bind', 'iommufd_device_unbind'],
      ['mappings are attached', 'vfio_iommufd_physical_attach_ioas'],
      ['files are closed', 'vfio_device_fops_release', 'iommufd_fops_release'],
    ],
  },
  {
    race: 'A rescan finds a function whose slot is just being switched on.',
    steps: [
      ['the slot', 'pci_hp_event', 'pcie_link_event', 'pciehp_configure_device'],
      ['the rescan', 'pci_rescan_store', 'dev_rescan_store', 'bus_rescan_store', ...LOCK],
      ['the function comes', 'pci_device_add', 'pci_bus_add_device', 'dev_uevent'],
      ['its driver', 'module_request', 'module_load', 'driver_register', ...NATIVE],
    ],
  },
];
