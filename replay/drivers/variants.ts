/** The vfio-pci variants, by their id tables (kernel drivers/vfio/pci 6.12). */
import { hisi, mlx5, pds } from './migrating.js';
import { id, variant } from './model.js';

const NVIDIA = 0x10de;
const VIRTIO = 0x1af4;
const HISILICON = 0x19e5;

export const VARIANTS = [
  variant(
    'nvgrace-gpu-vfio-pci',
    [0x2342, 0x2345, 0x2348, 0x2941, 0x31c2].map((device) => id(NVIDIA, device)),
  ),
  variant(
    'virtio-vfio-pci',
    [0x1041, 0x1042].map((device) => id(VIRTIO, device)),
  ),
  { ...variant('mlx5_vfio_pci', [id(0x15b3, 0x101e)]), migration: mlx5(true) },
  {
    ...variant(
      'hisi-acc-vfio-pci',
      [0xa251, 0xa256, 0xa259].map((device) => id(HISILICON, device)),
    ),
    migration: hisi(true),
  },
  { ...variant('pds-vfio-pci', [id(0x1dd8, 0x1003)]), migration: pds },
];
