/** Devices that are passed through: opening, regions, mappings of BARs, resets, quirks. */
import { type EventForm, form } from './event-form.js';

/** QEMU has the device and the BAR as one string. */
const oneString = { isTextOnly: true } as const;

const RESETS: readonly EventForm[] = [
  form('vfio_pci_reset', 'reset', '({device})'),
  form('vfio_pci_reset_flr', 'reset', '{device} FLR/VFIO_DEVICE_RESET'),
  form('vfio_pci_reset_pm', 'reset', '{device} PCI PM Reset'),
  form('vfio_pci_hot_reset', 'reset', '({device}) {$}'),
  form('vfio_pci_hot_reset_result', 'reset', '{device} hot reset: {error}'),
];

const REGIONS: readonly EventForm[] = [
  form(
    'vfio_region_mmap',
    'mmap',
    'Region {device} BAR {region} mmaps[{#}] [{offset} - {last}]',
    oneString,
  ),
  form('vfio_region_mmap', 'mmap', 'Region {device} BAR {region} [{offset} - {last}]', oneString),
  form(
    'vfio_region_unmap',
    'munmap',
    'Region {device} BAR {region} unmap [{offset} - {last}]',
    oneString,
  ),
  form(
    'vfio_region_mmaps_set_enabled',
    'log',
    'Region {device} BAR {region} mmaps enabled: {value}',
    oneString,
  ),
  form('vfio_region_mmap', 'mmap', 'Region {$} mmaps[{#}] [{offset:x} - {last:x}]'),
  form('vfio_region_mmap', 'mmap', 'Region {$} [{offset:x} - {last:x}]'),
  form('vfio_region_unmap', 'munmap', 'Region {$} unmap [{offset:x} - {last:x}]'),
  form('vfio_region_mmaps_set_enabled', 'log', 'Region {$} mmaps enabled: {value}'),
  // The places are of the device's file, not of the region.
  form(
    'vfio_region_mmap_fault',
    'log',
    'Region {device} BAR {region} mmaps[{#}] mmaps[{#}], [{#} - {#}], fault: {ret}',
    oneString,
  ),
  form('vfio_region_mmap_fault', 'log', 'Region {$} mmaps[{#}], [{#:x} - {#:x}], fault: {ret}'),
  form(
    'vfio_region_dmabuf',
    'log',
    'Device {device}, region "{$} BAR {region}", offset: {offset:x}, size: {length:x}',
    oneString,
  ),
  form(
    'vfio_region_dmabuf',
    'log',
    'Device {device}, region "{$}", offset: {offset:x}, size: {length:x}',
  ),
  form(
    'vfio_region_dmabuf',
    'log',
    'Device {device}, dmabuf fd {#} region {region} "{$}", offset: {offset:x}, size: {length:x}',
  ),
];

const OPENING: readonly EventForm[] = [
  form(
    'vfio_get_device vfio_device_get',
    'device.open',
    'Device {device} flags: {#}, regions: {#}, irqs: {#}',
  ),
  form('vfio_put_base_device vfio_device_put', 'device.close', 'close vdev->fd={#}'),
  form('vfio_put_group vfio_group_put', 'group.close', 'close group->fd={#}'),
  form('vfio_realize vfio_attach_device vfio_device_attach', 'log', '({device}) group {value}'),
  form('vfio_detach_device vfio_device_detach', 'log', '({device}) group {value}'),
  form('vfio_mdev', 'log', '({device}) is_mdev {value}'),
  form(
    'iommufd_cdev_attach_ioas_hwpt',
    'iommu.attach',
    '[iommufd={#}] Successfully attached device {device} ({#}) to id={value}',
  ),
  form(
    'iommufd_cdev_detach_ioas_hwpt',
    'iommu.detach',
    '[iommufd={#}] Successfully detached {device}',
  ),
  form(
    'iommufd_cdev_connect_and_bind',
    'device.open',
    '[iommufd={#}] Successfully bound device {device} (fd={#}): output devid={value}',
  ),
  form(
    'vfio_region_setup',
    'log',
    'Device {device}, region {region} "{$}", flags: {value:x}, offset: {#:x}, size: {length:x}',
  ),
  form(
    'vfio_populate_device_config',
    'log',
    'Device {device} config:\n  size: {length:x}, offset: {#:x}, flags: {value:x}',
  ),
  form(
    'vfio_populate_device_config vfio_pci_populate_device_config',
    'log',
    "Device '{device}' config: size: {length:x}, offset: {#:x}, flags: {value:x}",
  ),
  form(
    'vfio_pci_load_rom',
    'log',
    'Device {device} ROM:\n  size: {length:x}, offset: {#:x}, flags: {value:x}',
  ),
  form(
    'vfio_pci_load_rom',
    'log',
    "Device '{device}' ROM: size: {length:x}, offset: {#:x}, flags: {value:x}",
  ),
  form('vfio_region_exit vfio_region_finalize', 'log', 'Device {device}, region {region}'),
];

const OTHERS: readonly EventForm[] = [
  form(
    'vfio_display_edid_available vfio_display_edid_link_up vfio_display_edid_link_down ' +
      'vfio_display_edid_write_error vfio_reset_handler vfio_device_reset_handler',
    'log',
    '',
  ),
  form(
    'vfio_msix_fixup',
    'log',
    '({device}) MSI-X region {region} mmap fixup [{offset:x} - {last:x}]',
  ),
  form('vfio_msix_relo', 'log', '({device}) BAR {region} offset {offset:x}'),
  form('vfio_pci_size_rom', 'log', '{device} ROM size {length:x}'),
  form('vfio_quirk_nvidia_3d0_read', 'log', '({device}, @{offset:x}, len={length:x}) {value:x}'),
  form('vfio_quirk_nvidia_3d0_write', 'log', '({device}, @{offset:x}, {value:x}, len={length:x})'),
  form('vfio_msi_setup', 'log', '{device} PCI MSI CAP @{offset:x}'),
  form(
    'vfio_msix_early_setup',
    'log',
    '{device} PCI MSI-X CAP @{offset:x}, BAR {region}, offset {#:x}, entries {value}',
  ),
  form('vfio_check_pcie_flr', 'log', '{device} Supports FLR via PCIe cap'),
  form('vfio_check_pm_reset', 'log', '{device} Supports PM reset'),
  form('vfio_check_af_flr', 'log', '{device} Supports FLR via AF cap'),
  form('vfio_pci_hot_reset_has_dep_devices', 'log', '{device}: hot reset dependent devices:'),
  form('vfio_pci_hot_reset_dep_devices', 'log', '{address} group {value}'),
  form(
    'vfio_populate_device_get_irq_info_failure vfio_pci_populate_device_get_irq_info_failure',
    'log',
    'VFIO_DEVICE_GET_IRQ_INFO failure: {$}',
  ),
  form('vfio_add_ext_cap_dropped', 'log', '{device} {#:x}@{offset:x}'),
  form(
    'vfio_pci_emulated_vendor_id vfio_pci_emulated_device_id ' +
      'vfio_pci_emulated_sub_vendor_id vfio_pci_emulated_sub_device_id ' +
      'vfio_quirk_ati_3c3_read vfio_quirk_rtl8168_fake_latch vfio_pci_emulated_class_code',
    'log',
    '{device} {value:x}',
  ),
  form('vfio_quirk_rom_blacklisted vfio_quirk_rom_in_denylist', 'log', '{device} {#:h}:{#:h}'),
  form(
    'vfio_quirk_generic_window_address_write vfio_quirk_generic_window_data_read ' +
      'vfio_quirk_generic_window_data_write',
    'log',
    '{device} {$} {value:x}',
  ),
  form(
    'vfio_quirk_generic_mirror_read vfio_quirk_generic_mirror_write',
    'log',
    '{device} {$} {offset:x}: {value:x}',
  ),
  form(
    'vfio_quirk_ati_3c3_probe vfio_quirk_ati_bar4_probe vfio_quirk_ati_bar2_probe ' +
      'vfio_quirk_nvidia_3d0_probe vfio_quirk_nvidia_bar5_probe ' +
      'vfio_quirk_nvidia_bar0_msi_ack vfio_quirk_nvidia_bar0_probe vfio_quirk_rtl8168_probe ' +
      'vfio_quirk_ati_bonaire_reset_skipped vfio_quirk_ati_bonaire_reset_no_smc ' +
      'vfio_quirk_ati_bonaire_reset_timeout vfio_pci_igd_opregion_enabled ' +
      'vfio_pci_igd_host_bridge_enabled vfio_pci_igd_lpc_bridge_enabled ' +
      'vfio_pci_igd_vbios_patched',
    'log',
    '{device}',
  ),
  form('vfio_quirk_nvidia_3d0_state vfio_quirk_nvidia_bar5_state', 'log', '{device} {$}'),
  form('vfio_quirk_rtl8168_msix_write', 'log', '{device} MSI-X table write[{offset:x}]: {value:x}'),
  form('vfio_quirk_rtl8168_msix_read', 'log', '{device} MSI-X table read[{offset:x}]: {value:x}'),
  form('vfio_quirk_ati_bonaire_reset_done vfio_quirk_ati_bonaire_reset', 'reset', '{device}'),
  form('vfio_ioeventfd_exit', 'log', '{device}+{offset:x}[{length}]:{value:x}'),
  form('vfio_ioeventfd_handler', 'log', '{device}+{offset:x}[{length}] -> {value:x}'),
  form('vfio_ioeventfd_init', 'log', '{device}+{offset:x}[{length}]:{value:x} vfio:{#}'),
  form(
    'vfio_pci_nvidia_gpu_setup_quirk vfio_pci_nvlink2_setup_quirk_ssatgt',
    'log',
    '{device} tgt={#:x} size={length:x}',
  ),
  form('vfio_pci_nvlink2_setup_quirk_lnkspd', 'log', '{device} link_speed={#:x}'),
  form('vfio_pci_igd_bar4_write', 'log', '{device} [{#:x}] {value:x} -> {#:x}'),
  form('vfio_pci_igd_bdsm_enabled', 'log', '{device} {length}MB'),
  form(
    'vfio_region_sparse_mmap_header',
    'log',
    'Device {device} region {region}: {value} sparse mmap entries',
  ),
  form('vfio_region_sparse_mmap_entry', 'log', 'sparse entry {#} [{offset:x} - {last:x}]'),
  form(
    'vfio_get_dev_region vfio_device_get_region_info_type',
    'log',
    '{device} index {region}, {#:h}/{#:h}',
  ),
  form('vfio_platform_base_device_init', 'log', '{device} belongs to group #{#}'),
  form('vfio_platform_realize', 'log', 'vfio device {device}, compat = {$}'),
  form('vfio_display_edid_update', 'log', '{#}x{#}'),
  form(
    'vfio_msix_early_setup',
    'log',
    '{device} PCI MSI-X CAP @{offset:x}, BAR {region}, offset {#:x}, entries {value}, noresize {#}',
  ),
  form('vfio_pci_synthesize_pasid_cap', 'log', '{device} offset: {offset:x}'),
  form('vfio_cpr_find_device', 'log', 'ioas_id {#}, devid {#}, hwpt_id {#}'),
];

export const DEVICES: readonly EventForm[] = [...RESETS, ...REGIONS, ...OPENING, ...OTHERS];
