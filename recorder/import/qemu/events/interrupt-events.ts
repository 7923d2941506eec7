/** Interrupts of devices that are passed through: `region` is the index of VFIO. */
import { type EventForm, form } from './event-form.js';

const INTX = 0;
const MSI = 1;
const MSIX = 2;

const intx = { region: INTX } as const;
const msi = { region: MSI } as const;
const msix = { region: MSIX } as const;

export const INTERRUPTS: readonly EventForm[] = [
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
  form('vfio_platform_eoi', 'irq.set', 'EOI IRQ pin {#} (fd={#})'),
  form('vfio_platform_intp_mmap_enable', 'irq.set', 'IRQ #{#} still active, stay in slow path'),
  form('vfio_platform_intp_interrupt', 'irq.fire', 'Inject IRQ #{#} (fd = {#})'),
  form(
    'vfio_platform_intp_inject_pending_lockheld',
    'irq.fire',
    'Inject pending IRQ #{#} (fd = {#})',
  ),
  form(
    'vfio_platform_populate_interrupts',
    'irq.set',
    '- IRQ index {#}: count {length}, flags={value:x}',
  ),
  form('vfio_intp_interrupt_set_pending', 'irq.fire', 'irq {#} is set PENDING'),
  form(
    'vfio_platform_start_level_irqfd_injection',
    'irq.set',
    'IRQ index={#}, fd = {#}, resamplefd = {#}',
  ),
  form('vfio_platform_start_edge_irqfd_injection', 'irq.set', 'IRQ index={#}, fd = {#}'),
];
