/**
 * Memory of the guest in the I/O address space of devices. One mapping appears up to three times:
 * `vfio_listener_*` and `vfio_iommu_map_notify` announce it, the backend reports it, and a failure
 * is also an error message (hw/vfio/listener.c, backends/iommufd.c).
 */
import { type EventForm, form } from './event-form.js';

const announces = { role: 'announces' } as const;
const reports = { role: 'reports' } as const;
const ENOENT = 2;

export const MAPPINGS: readonly EventForm[] = [
  form(
    'vfio_listener_region_add_ram',
    'dma.map',
    'region_add [ram] {offset:x} - {last:x} [{pointer}]',
    announces,
  ),
  form('vfio_listener_region_del', 'dma.unmap', 'region_del {offset:x} - {last:x}', announces),
  form('vfio_iommu_map_notify', 'dma.map', 'iommu MAP @ {offset} - {last}', {
    ...announces,
    isTextOnly: true,
  }),
  form('vfio_iommu_map_notify', 'dma.unmap', 'iommu UNMAP @ {offset} - {last}', {
    ...announces,
    isTextOnly: true,
  }),
  form('vfio_iommu_map_notify', 'log', 'iommu {$} @ {offset:x} - {last:x}'),
  form(
    'iommufd_backend_map_dma',
    'dma.map',
    'iommufd={#} ioas={#} iova={offset:x} size={length:x} addr={pointer} readonly={#} ({ret})',
    reports,
  ),
  form(
    'iommufd_backend_map_file_dma',
    'dma.map',
    'iommufd={#} ioas={#} iova={offset:x} size={length:x} fd={#} start={#} readonly={#} ({ret})',
    reports,
  ),
  form(
    'iommufd_backend_unmap_dma',
    'dma.unmap',
    'iommufd={#} ioas={#} iova={offset:x} size={length:x} ({ret})',
    reports,
  ),
  // Traced only for this error, which QEMU then treats as success.
  form(
    'iommufd_backend_unmap_dma_non_exist',
    'dma.unmap',
    'Unmap nonexistent mapping: iommufd={#} ioas={#} iova={offset:x} size={length:x} ({#})',
    { ...reports, ret: -ENOENT },
  ),
  form(
    'vfio_user_dma_map',
    'dma.map',
    'iova {offset:x} size {length:x} off {#:x} flags {#:x} async_ops {#}',
    reports,
  ),
  form(
    'vfio_user_dma_unmap',
    'dma.unmap',
    'iova {offset:x} size {length:x} flags {#:x} async_ops {#}',
    reports,
  ),
  form('vfio_dma_unmap_overflow_workaround vfio_legacy_dma_unmap_overflow_workaround', 'log', ''),
  form('vfio_listener_region_add_skip', 'log', 'SKIPPING region_add {offset:x} - {last:x}'),
  form('vfio_spapr_group_attach', 'log', 'Attached groupfd {#} to liobn fd {#}'),
  form('vfio_listener_region_add_iommu', 'log', 'region_add [iommu] {offset:x} - {last:x}'),
  form(
    'vfio_listener_region_add_no_dma_map',
    'log',
    'Region "{$}" 0x{offset:h} size={length:x} is not aligned to {#:x} and cannot be mapped ' +
      'for DMA',
  ),
  form('vfio_listener_region_del_skip', 'log', 'SKIPPING region_del {offset:x} - {last:x}'),
  form('vfio_disconnect_container vfio_container_disconnect', 'log', 'close container->fd={#}'),
  form(
    'vfio_prereg_listener_region_add_skip vfio_prereg_listener_region_del_skip',
    'log',
    '{offset:x} - {last:x}',
  ),
  form('vfio_prereg_register vfio_prereg_unregister', 'log', 'va={#:x} size={length:x} ret={ret}'),
  form(
    'vfio_spapr_create_window',
    'log',
    'pageshift={#:x} levels={#} winsize={offset:x} offset={#:x}',
  ),
  form('vfio_spapr_remove_window', 'log', 'offset={offset:x}'),
  form(
    'vfio_get_dirty_bitmap',
    'log',
    'container fd={#}, iova={offset:x} size= {length:x} bitmap_size={#:x} start={#:x}',
  ),
  form(
    'vfio_iommu_map_dirty_notify vfio_iommu_map_dirty_notify_skip_ro',
    'log',
    'iommu dirty @ {offset:x} - {last:x}',
  ),
  form(
    'vfio_known_safe_misalignment',
    'log',
    'Region "{$}" iova={offset:x} offset_within_region={#:x} qemu_real_host_page_size={#:x}',
  ),
  form('vfio_listener_region_skip', 'log', 'SKIPPING {$} 0x{offset:h} - {last:x}'),
  form('vfio_listener_region_add_iommu', 'log', 'region_add [iommu] {$} 0x{offset:h} - {last:x}'),
  form('vfio_listener_region_del_iommu', 'log', 'region_del [iommu] {$}'),
  form(
    'vfio_device_dirty_tracking_update',
    'log',
    'section {offset:x} - {last:x} -> update [{#:x} - {#:x}]',
  ),
  form(
    'vfio_device_dirty_tracking_start',
    'log',
    'nr_ranges {#} 32:[{#:x} - {#:x}], 64:[{#:x} - {#:x}], pci64:[{#:x} - {#:x}]',
  ),
  form(
    'vfio_get_dirty_bitmap',
    'log',
    'iova={offset:x} size= {length:x} bitmap_size={#:x} start={#:x} dirty_pages={#}',
  ),
  form(
    'vfio_listener_region_skip_dma_map',
    'log',
    'Region "{$}" 0x{offset:h} size={length:x} marked to skip IOMMU mapping',
  ),
  form(
    'vfio_container_query_dirty_bitmap',
    'log',
    'iova={offset:x} size={length:x} backend_flag={#:x} bitmap_size={#:x} gpa={#:x} ' +
      'dirty_pages={#}',
  ),
];
