/** Tracepoints that the kernel itself defines, and the fault handler of VT-d, which has none. */
import { arg, point, tracepoint } from './probe-builders.js';
import type { Columns, Probe } from './probe-definition.js';

const iommu = (event: string, probe: Parameters<typeof tracepoint>[2]) =>
  tracepoint('iommu', event, probe);

const process = (event: string, name: string) =>
  tracepoint('sched', `sched_process_${event}`, {
    group: 'process',
    role: 'point',
    kind: 'process',
    name,
    raw: true,
  });

/**
 * What drivers do by the DMA API (include/trace/events/dma.h, since Linux 6.12). Each names its
 * device. These are mappings of a driver and not of a VFIO user, so they stay log events.
 */
export const DMA: readonly string[] = [
  ...['map_page', 'map_phys', 'map_resource', 'unmap_page', 'unmap_phys', 'unmap_resource'],
  ...['alloc', 'alloc_pages', 'alloc_sgt', 'alloc_sgt_err'],
  ...['free', 'free_pages', 'free_sgt'],
  ...['map_sg', 'map_sg_err', 'unmap_sg'],
  ...['sync_single_for_cpu', 'sync_single_for_device', 'sync_sg_for_cpu', 'sync_sg_for_device'],
].map((name) => `dma_${name}`);

/** rpm:rpm_suspend and the others (include/trace/events/rpm.h). */
const rpm = (event: string, columns: Columns = {}) =>
  tracepoint('rpm', event, {
    group: 'power',
    role: 'point',
    kind: 'power.runtime',
    raw: true,
    columns: { device: 'name', ...columns },
  });

/** module:module_load and the others (include/trace/events/module.h). */
const module = (event: string) =>
  tracepoint('module', event, {
    group: 'hotplug',
    role: 'point',
    kind: 'module',
    columns: { text: 'name' },
  });

/** Hot plug and PCIe links, since Linux 7.0 (include/trace/events/pci.h). */
const hotplug = (event: string, columns: Columns) =>
  tracepoint('pci', event, {
    group: 'hotplug',
    role: 'point',
    kind: 'hotplug',
    raw: true,
    columns: { device: 'port_name', ...columns },
  });

export const TRACEPOINTS: readonly Probe[] = [
  ...hotplug('pci_hp_event', { value: 'event' }),
  ...hotplug('pcie_link_event', { value: 'link_status' }),
  ...['rpm_suspend', 'rpm_resume', 'rpm_idle', 'rpm_usage'].flatMap((event) =>
    rpm(event, { value: 'usage_count' }),
  ),
  ...rpm('rpm_return_int', { value: 'ret' }),
  ...rpm('rpm_status', { value: 'status' }),
  ...['module_load', 'module_free', 'module_request'].flatMap(module),
  ...iommu('map', {
    group: 'iommu',
    role: 'point',
    kind: 'dma.map',
    columns: { offset: 'iova', length: 'size', value: 'paddr' },
  }),
  ...iommu('unmap', {
    group: 'iommu',
    role: 'point',
    kind: 'dma.unmap',
    columns: { offset: 'iova', length: 'size', value: 'unmapped_size' },
  }),
  ...iommu('attach_device_to_domain', {
    group: 'iommu',
    role: 'point',
    kind: 'iommu.attach',
    columns: { device: 'device' },
  }),
  ...iommu('detach_device_from_domain', {
    group: 'iommu',
    role: 'point',
    kind: 'iommu.detach',
    columns: { device: 'device' },
  }),
  ...iommu('add_device_to_group', {
    group: 'iommu',
    role: 'point',
    kind: 'iommu.attach',
    columns: { device: 'device', value: 'gid' },
  }),
  ...iommu('remove_device_from_group', {
    group: 'iommu',
    role: 'point',
    kind: 'iommu.detach',
    columns: { device: 'device', value: 'gid' },
  }),
  // Intel VT-d never fires it (report_iommu_fault has other callers); see dmar_fault.
  ...iommu('io_page_fault', {
    group: 'fault',
    role: 'point',
    kind: 'fault.dma',
    columns: { device: 'device', driver: 'driver', offset: 'iova', value: 'flags' },
  }),
  ...point({
    symbol: 'dmar_fault',
    group: 'fault',
    kind: 'fault.dma',
    fetch: { irq: arg(1, 's32') },
    columns: { value: 'irq' },
  }),
  // rasdaemon asks for it; the text has the device without a name (include/ras/ras_event.h).
  ...tracepoint('ras', 'aer_event', {
    group: 'fault',
    role: 'point',
    kind: 'fault.aer',
    raw: true,
    columns: { device: 'dev_name', value: 'status' },
  }),
  ...DMA.flatMap((event) =>
    tracepoint('dma', event, {
      group: 'iommu',
      role: 'point',
      kind: 'log',
      raw: true,
      columns: { device: 'device' },
    }),
  ),
  ...tracepoint('exceptions', 'page_fault_user', {
    group: 'fault',
    role: 'point',
    kind: 'fault.page',
    path: 'kernel',
    columns: { offset: 'address', value: 'error_code' },
  }),
  ...tracepoint('signal', 'signal_generate', {
    group: 'fault',
    role: 'point',
    kind: 'signal',
    columns: { value: 'sig', text: 'comm', offset: 'code' },
  }),
  ...tracepoint('signal', 'signal_deliver', {
    group: 'fault',
    role: 'point',
    kind: 'signal',
    columns: { value: 'sig', offset: 'code' },
  }),
  ...tracepoint('irq', 'irq_handler_entry', {
    group: 'irq',
    role: 'entry',
    kind: 'irq.fire',
    name: 'irq_handler',
    call: 'irq_handler',
    columns: { value: 'irq', text: 'name' },
  }),
  ...tracepoint('irq', 'irq_handler_exit', {
    group: 'irq',
    role: 'return',
    kind: 'irq.fire',
    name: 'irq_handler',
    call: 'irq_handler',
  }),
  ...process('fork', 'fork'),
  ...process('exec', 'exec'),
  ...process('exit', 'exit'),
  ...tracepoint('printk', 'console', {
    group: 'log',
    role: 'point',
    kind: 'log',
    columns: { text: 'msg', isKernelText: true },
  }),
  // Writes to trace_marker; ftrace's text shows them as `tracing_mark_write`.
  ...tracepoint('ftrace', 'print', {
    group: 'log',
    role: 'point',
    kind: 'mark',
    columns: { text: 'buf' },
  }),
];
