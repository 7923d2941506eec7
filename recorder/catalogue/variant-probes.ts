/**
 * Functions by which variants of vfio-pci serve regions themselves, or pass them on to
 * vfio-pci-core (Linux drivers/vfio/pci/nvgrace-gpu/main.c, virtio/main.c and
 * hisilicon/hisi_acc_vfio_pci.c 6.12, and the RFC posting of nvidia-vgpu-vfio). Each takes the
 * device, the user's buffer, the number of bytes, and the position.
 */
import { arg, deref, member, span, user } from './probe-builders.js';
import type { Probe } from './probe-definition.js';
import { mapColumns, mapFetch } from './vfio-probes.js';

const dev = member(1, 'string', 'vfio_device.dev.kobj.name');

const access = (module: string, symbol: string, write: boolean): Probe[] =>
  span(
    {
      symbol,
      module,
      group: 'vfio',
      kind: write ? 'region.write' : 'region.read',
      path: 'vfio',
      vfio: true,
      fetch: {
        dev,
        count: arg(3, 'u64'),
        ppos: deref(4, 'x64'),
        ...(write ? { ubuf: user(2, 0, 'x32') } : {}),
      },
      columns: {
        device: 'dev',
        position: 'ppos',
        length: 'count',
        ...(write ? { written: 'ubuf' } : {}),
      },
    },
    's64',
  );

const mapping = (module: string, symbol: string): Probe[] =>
  span({
    symbol,
    module,
    group: 'vfio',
    kind: 'mmap',
    path: 'vfio',
    fetch: mapFetch,
    columns: mapColumns,
  });

const NVGRACE = 'nvgrace_gpu_vfio_pci';
const VIRTIO = 'virtio_vfio_pci';
const HISI = 'hisi_acc_vfio_pci';
const VGPU = 'nvidia_vgpu_vfio';

export const VARIANTS: readonly Probe[] = [
  ...access(NVGRACE, 'nvgrace_gpu_read', false),
  ...access(NVGRACE, 'nvgrace_gpu_write', true),
  ...mapping(NVGRACE, 'nvgrace_gpu_mmap'),
  ...access(VIRTIO, 'virtiovf_pci_core_read', false),
  ...access(VIRTIO, 'virtiovf_pci_core_write', true),
  ...access(HISI, 'hisi_acc_vfio_pci_read', false),
  ...access(HISI, 'hisi_acc_vfio_pci_write', true),
  ...mapping(HISI, 'hisi_acc_vfio_pci_mmap'),
  ...access(VGPU, 'nvidia_vgpu_vfio_read', false),
  ...access(VGPU, 'nvidia_vgpu_vfio_write', true),
  ...mapping(VGPU, 'nvidia_vgpu_vfio_mmap'),
];
