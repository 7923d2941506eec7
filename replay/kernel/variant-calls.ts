/** Functions by which variants of vfio-pci serve regions themselves, as a recorder sees them. */

const READ = { kind: 'region.read', path: 'vfio' } as const;
const WRITE = { kind: 'region.write', path: 'vfio' } as const;
const MMAP = { kind: 'mmap', path: 'vfio' } as const;

export const VARIANT_CALLS = {
  nvgrace_gpu_read: READ,
  nvgrace_gpu_write: WRITE,
  nvgrace_gpu_mmap: MMAP,
  virtiovf_pci_core_read: READ,
  virtiovf_pci_core_write: WRITE,
  hisi_acc_vfio_pci_read: READ,
  hisi_acc_vfio_pci_write: WRITE,
  hisi_acc_vfio_pci_mmap: MMAP,
} as const;
