/** The client of vfio-user: devices that another process serves. */
import { type EventForm, form } from './event-form.js';

export const VFIO_USER: readonly EventForm[] = [
  form('vfio_user_device_io_device_feature', 'log', 'argsz {#:x} flags {value:x}'),
  form('vfio_user_get_info', 'log', '#regions {#} #irqs {#}'),
  form('vfio_user_get_irq_info', 'log', 'index {#} flags {value:x} count {length}'),
  form('vfio_user_set_irqs', 'irq.set', 'index {#} start {offset} count {length} flags {value:x}'),
  form('vfio_user_get_region_info', 'log', 'index {region} flags {value:x} size {length:x}'),
  form('vfio_user_region_rw', 'log', 'region {region} offset {offset:x} count {length}'),
  form('vfio_user_recv_hdr', 'log', '({$}) id {value:x} cmd {#:x} size {length:x} flags {#:x}'),
  form('vfio_user_recv_read', 'log', 'id {value:x} read {#:x}'),
  form('vfio_user_recv_request', 'log', 'command {#:x}'),
  form('vfio_user_send_write', 'log', 'id {value:x} wrote {#:x}'),
  form('vfio_user_version', 'log', 'major {#} minor {#} caps: {$}'),
  form('vfio_user_wrmulti', 'log', '{$} count {#:x}'),
];
