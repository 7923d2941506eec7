/** Calls of QEMU on an iommufd, except mappings. */
import { type EventForm, form } from './event-form.js';

export const IOMMUFD: readonly EventForm[] = [
  form('iommufd_cdev_fail_attach_existing_container', 'log', '{$}'),
  form('iommufd_backend_connect', 'log', 'fd={#} owned={#} users={#}'),
  form('iommufd_backend_disconnect', 'log', 'fd={#} users={#}'),
  form('iommufd_backend_alloc_ioas', 'log', 'iommufd={#} ioas={#}'),
  form(
    'iommufd_backend_alloc_hwpt',
    'log',
    'iommufd={#} dev_id={#} pt_id={#} flags={value:x} hwpt_type={#} len={length} ' +
      'data_ptr={#:x} out_hwpt={#} ({ret})',
  ),
  form('iommufd_backend_free_id', 'log', 'iommufd={#} id={value} ({ret})'),
  form('iommufd_backend_set_dirty', 'log', 'iommufd={#} hwpt={#} enable={offset} ({ret})'),
  form(
    'iommufd_backend_get_dirty_bitmap',
    'log',
    'iommufd={#} hwpt={#} iova={offset:x} size={length:x} page_size={#:x} ({ret})',
  ),
  form('iommufd_cdev_getfd', 'log', '{device} (fd={#})'),
  form('iommufd_cdev_alloc_ioas', 'log', '[iommufd={#}] new IOMMUFD container with ioasid={#}'),
  form(
    'iommufd_cdev_device_info',
    'log',
    '{device} ({#}) num_irqs={#} num_regions={#} flags={value}',
  ),
  form('iommufd_cdev_pci_hot_reset_dep_devices', 'log', '{address} devid {#}'),
  form('iommufd_change_process', 'log', 'fd={#} ({ret})'),
  form(
    'iommufd_backend_get_dirty_bitmap',
    'log',
    'iommufd={#} hwpt={#} iova={offset:x} size={length:x} flags={value:x} page_size={#:x} ({ret})',
  ),
  form(
    'iommufd_backend_invalidate_cache',
    'log',
    'iommufd={#} id={value} data_type={#} entry_len={#} entry_num={#} done_num={#} ' +
      'data_ptr={#:x} ({ret})',
  ),
  form(
    'iommufd_backend_alloc_viommu',
    'log',
    'iommufd={#} dev_id={#} type={#} hwpt_id={#} data_ptr={#:x} data_len={#:x} ' +
      'viommu_id={#} ({ret})',
  ),
  form(
    'iommufd_backend_alloc_vdev',
    'log',
    'iommufd={#} dev_id={#} viommu_id={#} virt_id={#:x} vdev_id={#} ({ret})',
  ),
  form(
    'iommufd_viommu_alloc_eventq',
    'log',
    'iommufd={#} viommu_id={#} type={#} veventq_id={#} veventq_fd={#} ({ret})',
  ),
  form(
    'iommufd_backend_alloc_hw_queue',
    'log',
    'iommufd={#} viommu_id={#} queue_type={#} index={#} addr={offset:x} size={length:x} ' +
      'queue_id={#} ({ret})',
  ),
  form(
    'iommufd_backend_viommu_mmap',
    'log',
    'iommufd={#} viommu_id={#} size={length:x} offset={offset:x}',
  ),
  form(
    'iommufd_cdev_pasid_attach_ioas_hwpt',
    'iommu.attach',
    '[iommufd={#}] Successfully attached device {device} ({#}) pasid {#} to id={value}',
  ),
  form(
    'iommufd_cdev_pasid_detach_ioas_hwpt',
    'iommu.detach',
    '[iommufd={#}] Successfully detached {device} pasid {#}',
  ),
];
