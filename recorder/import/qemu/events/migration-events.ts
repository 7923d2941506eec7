/** Migration of devices that are passed through. */
import { type EventForm, form } from './event-form.js';

export const MIGRATION: readonly EventForm[] = [
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
  form('vfio_migration_probe', 'migration', '({device}) Region {region}'),
  form(
    'vfio_migration_set_state vfio_migration_state_notifier',
    'migration',
    '({device}) state {value}',
  ),
  form('vfio_vmstate_change', 'migration', '({device}) running {#} reason {$} device state {#}'),
  form(
    'vfio_migration_state_notifier vfio_migration_set_device_state',
    'migration',
    '({device}) state {$}',
  ),
  form(
    'vfio_save_setup vfio_save_cleanup vfio_save_device_config_state ' +
      'vfio_save_complete_precopy vfio_load_device_config_state vfio_load_cleanup ' +
      'vfio_load_bufs_thread_start vfio_load_bufs_thread_end ' +
      'vfio_load_device_config_state_start vfio_load_device_config_state_end ' +
      'vfio_load_state_device_buffer_start vfio_load_state_device_buffer_end ' +
      'vfio_migration_realize vfio_save_block_precopy_empty_hit ' +
      'vfio_save_complete_precopy_start vfio_save_iterate_start ' +
      'vfio_query_precopy_size_request_switchover_ack vfio_send_init_data_flag',
    'migration',
    '({device})',
  ),
  form(
    'vfio_save_buffer',
    'migration',
    '({device}) Offset {#:x} size {length:x} pending {value:x}',
  ),
  form('vfio_update_pending', 'migration', '({device}) pending {value:x}'),
  form(
    'vfio_save_pending',
    'migration',
    '({device}) precopy {#:x} postcopy {#:x} compatible {#:x}',
  ),
  form('vfio_save_iterate vfio_save_block', 'migration', '({device}) data_size {length}'),
  form('vfio_load_state', 'migration', '({device}) data {value:x}'),
  form('vfio_load_state_device_data', 'migration', '({device}) Offset {#:x} size {length:x}'),
  form('vfio_load_state_device_data', 'migration', '({device}) size {length} ret {ret}'),
  form(
    'vfio_load_state_device_buffer_incoming vfio_load_state_device_buffer_starved ' +
      'vfio_load_state_device_buffer_load_start vfio_load_state_device_buffer_load_end',
    'migration',
    '({device}) idx {value}',
  ),
  form('vfio_migration_set_state', 'migration', '({device}) new state {$}, recover state {$}'),
  form(
    'vfio_save_complete_precopy vfio_save_complete_precopy_thread_end',
    'migration',
    '({device}) ret {ret}',
  ),
  form('vfio_save_complete_precopy_thread_start', 'migration', '({device}) idstr {$} instance {#}'),
  form(
    'vfio_save_iterate',
    'migration',
    '({device}) precopy initial size {#} precopy dirty size {#}',
  ),
  form('vfio_save_setup', 'migration', '({device}) data buffer size {#}'),
  form(
    'vfio_state_pending_estimate',
    'migration',
    '({device}) precopy {#} postcopy {#} precopy initial size {#} precopy dirty size {#}',
  ),
  form(
    'vfio_state_pending_exact',
    'migration',
    '({device}) precopy {#} postcopy {#} stopcopy size {#} precopy initial size {#} precopy ' +
      'dirty size {#}',
  ),
  form(
    'vfio_vmstate_change vfio_vmstate_change_prepare',
    'migration',
    '({device}) running {#} reason {$} device state {$}',
  ),
  form(
    'vfio_migration_init',
    'migration',
    '({device}) mig_flags {value:x}, precopy_info_v2_used {#}, dirty_pages_supported {#}',
  ),
  form(
    'vfio_query_precopy_size',
    'migration',
    '({device}) init {#}, dirty {#}, reinit {#}, ret {ret}',
  ),
  form('vfio_query_stop_copy_size', 'migration', '({device}) stopcopy size {length} ret {ret}'),
  form(
    'vfio_state_pending',
    'migration',
    '({device}) stopcopy size {#}, precopy initial size {#}, precopy dirty size {#}, ' +
      'request switchover ack {#}, exact {#}, final {#}',
  ),
];
