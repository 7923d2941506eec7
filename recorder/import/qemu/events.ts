/**
 * The trace events of QEMU that have a form of their own here: their kind and where their arguments
 * go. Names and forms changed over time, so a name may have several forms and an event several
 * names (QEMU `hw/vfio/trace-events`, `hw/pci/trace-events`, `backends/trace-events` and
 * `hw/i386/trace-events`, 7.2 to 10.2). Every other event becomes a `log` event under its name.
 */
import { type Kind, type Path, REGION_CONFIG } from '../../../traces/index.js';

export interface EventForm {
  readonly names: readonly string[];
  readonly kind: Kind;
  /**
   * The arguments; see template.ts. Blanks between the name and the arguments are not part of it.
   */
  readonly template: string;
  readonly path?: Path;
  /** VFIO region index, when the form tells it without saying it. */
  readonly region?: number;
  /** Whether QEMU has fewer arguments than slots, so that the form is for text only. */
  readonly isTextOnly?: boolean;
}

const ROM = 6;
const VGA = 8;
const INTX = 0;
const MSI = 1;
const MSIX = 2;

const form = (
  names: string,
  kind: Kind,
  template: string,
  more: Omit<EventForm, 'names' | 'kind' | 'template'> = {},
): EventForm => ({ names: names.split(' '), kind, template, ...more });

const config = { path: 'guest', region: REGION_CONFIG } as const;
const guest = { path: 'guest' } as const;
const rom = { path: 'guest', region: ROM } as const;
const vga = { path: 'guest', region: VGA } as const;
const intx = { region: INTX } as const;
const msi = { region: MSI } as const;
const msix = { region: MSIX } as const;
/** QEMU has the device and the BAR as one string. */
const oneString = { isTextOnly: true } as const;

const ACCESSES: readonly EventForm[] = [
  form(
    'vfio_pci_read_config',
    'config.read',
    '({device}, @{offset}, len={length}) {value}',
    config,
  ),
  form(
    'vfio_pci_write_config',
    'config.write',
    '({device}, @{offset}, {value}, len={length})',
    config,
  ),
  form('pci_cfg_read', 'config.read', '{text} {bdf} @{offset} -> {value}', config),
  form('pci_cfg_write', 'config.write', '{text} {bdf} @{offset} <- {value}', config),
  form(
    'vfio_region_read',
    'region.read',
    '({device}:region{region}+{offset}, {length}) = {value}',
    guest,
  ),
  form(
    'vfio_region_write',
    'region.write',
    '({device}:region{region}+{offset}, {value}, {length})',
    guest,
  ),
  form('vfio_rom_read', 'region.read', '({device}, {offset}, {length}) = {value}', rom),
  form('vfio_vga_read', 'region.read', '({offset}, {length}) = {value}', vga),
  form('vfio_vga_write', 'region.write', '({offset}, {value}, {length})', vga),
];

const INTERRUPTS: readonly EventForm[] = [
  form('vfio_intx_interrupt', 'irq.fire', '({device}) Pin {char}', intx),
  form('vfio_msi_interrupt', 'irq.fire', '({device}) vector {value} {#:x}/{#:x}'),
  form('vfio_intx_eoi vfio_pci_intx_eoi', 'irq.set', '({device}) EOI', intx),
  form('vfio_intx_enable_kvm', 'irq.set', '({device}) KVM INTx accel enabled', intx),
  form('vfio_intx_disable_kvm', 'irq.set', '({device}) KVM INTx accel disabled', intx),
  form('vfio_intx_update', 'irq.set', '({device}) IRQ moved {#} -> {value}', intx),
  form('vfio_intx_enable vfio_intx_disable', 'irq.set', '({device})', intx),
  form('vfio_msi_enable', 'irq.set', '({device}) Enabled {length} MSI vectors', msi),
  form('vfio_msi_disable', 'irq.set', '({device})', msi),
  form('vfio_msix_enable vfio_msix_disable', 'irq.set', '({device})', msix),
  form('vfio_msix_pba_enable vfio_msix_pba_disable', 'irq.set', '({device})', msix),
  form('vfio_msix_vector_do_use', 'irq.set', '({device}) vector {offset} used', msix),
  form('vfio_msix_vector_release', 'irq.set', '({device}) vector {offset} released', msix),
];

const RESETS: readonly EventForm[] = [
  form('vfio_pci_reset', 'reset', '({device})'),
  form('vfio_pci_reset_flr', 'reset', '{device} FLR/VFIO_DEVICE_RESET'),
  form('vfio_pci_reset_pm', 'reset', '{device} PCI PM Reset'),
  form('vfio_pci_hot_reset', 'reset', '({device}) {$}'),
  form('vfio_pci_hot_reset_result', 'reset', '{device} hot reset: {$}'),
];

const MAPPINGS: readonly EventForm[] = [
  form(
    'vfio_listener_region_add_ram',
    'dma.map',
    'region_add [ram] {offset:x} - {last:x} [{pointer}]',
  ),
  form('vfio_listener_region_del', 'dma.unmap', 'region_del {offset} - {last}'),
  form('vfio_iommu_map_notify', 'dma.map', 'iommu MAP @ {offset} - {last}'),
  form('vfio_iommu_map_notify', 'dma.unmap', 'iommu UNMAP @ {offset} - {last}'),
  form(
    'iommufd_backend_map_dma',
    'dma.map',
    'iommufd={#} ioas={#} iova={offset:x} size={length:x} addr={pointer} readonly={#} ({ret})',
  ),
  form(
    'iommufd_backend_map_file_dma',
    'dma.map',
    'iommufd={#} ioas={#} iova={offset:x} size={length:x} fd={#} start={#} readonly={#} ({ret})',
  ),
  form(
    'iommufd_backend_unmap_dma',
    'dma.unmap',
    'iommufd={#} ioas={#} iova={offset:x} size={length:x} ({ret})',
  ),
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
  form('vfio_iommu_map_notify', 'log', 'iommu {$} @ {offset:x} - {last:x}'),
  form('vfio_region_mmaps_set_enabled', 'log', 'Region {$} mmaps enabled: {value}'),
];

const DEVICES: readonly EventForm[] = [
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

const MIGRATION: readonly EventForm[] = [
  form('vfio_migration_set_device_state', 'migration', '({device}) state {$}'),
  form('vfio_migration_set_state', 'migration', '({device}) new state {$}, recover state {$}'),
  form('vfio_migration_state_notifier', 'migration', '({device}) state {value}'),
  form('vfio_migration_realize', 'migration', '({device})'),
  form(
    'vfio_vmstate_change vfio_vmstate_change_prepare',
    'migration',
    '({device}) running {#} reason {$} device state {$}',
  ),
  form('vfio_save_setup', 'migration', '({device}) data buffer size {length}'),
  form('vfio_save_block', 'migration', '({device}) data_size {length}'),
  form('vfio_save_complete_precopy', 'migration', '({device}) ret {ret}'),
  form('vfio_load_state_device_data', 'migration', '({device}) size {length} ret {ret}'),
];

const FAULTS: readonly EventForm[] = [
  form('vtd_dmar_fault', 'fault.dma', 'sid {#:x} fault {#} addr {offset:x} write {#}'),
];

/** Forms in the order in which they are tried for a name. */
export const EVENT_FORMS: readonly EventForm[] = [
  ...ACCESSES,
  ...INTERRUPTS,
  ...RESETS,
  ...MAPPINGS,
  ...DEVICES,
  ...MIGRATION,
  ...FAULTS,
];
