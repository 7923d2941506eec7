/**
 * nvgpu-vfio-pci, the third posting of what became nvgrace-gpu: the memory is one region of a size
 * that need not be a power of two, and no configuration space is emulated (posting of June 2023).
 */
import { ERRNO } from '../../../traces/index.js';
import { PAGE } from '../vfio-pci-core/regions.js';
import { defineVfioPci, pciIds } from './driver.js';
import { rows } from './model-row.js';
import { variant } from './variant.js';

const PROPERTY = { SIZE: 'nvidia,gpu-mem-size', BASE: 'nvidia,gpu-mem-base-pa' } as const;
const MEMORY = 2;

interface Nvgpu {
  readonly length: number;
}

export const nvgpuVfioPci = defineVfioPci({
  name: 'nvgpu-vfio-pci',
  probe: 'nvgpu_vfio_pci_probe',
  kernels: 'posted, third version',
  table: pciIds(0x10de, 0x2342, 0x2343, 0x2345),
  own: ['regions'],
  variant: variant<Nvgpu>({
    doors: {},
    probe({ properties }) {
      const isThere = properties[PROPERTY.BASE] !== undefined;
      return isThere && PROPERTY.SIZE in properties
        ? { length: properties[PROPERTY.SIZE] }
        : -ERRNO.EINVAL;
    },
    region: ({ length }, index) => (index === MEMORY ? { size: length, mmap: true } : undefined),
    ioctl(_own, name, [argsz, , index]) {
      if (name !== 'VFIO_DEVICE_GET_REGION_INFO' || index !== MEMORY) return undefined;
      return { by: 'driver', results: [argsz < 32 ? -ERRNO.EINVAL : 0] };
    },
    // What is past the memory shows its last page, so that the mapping may be larger.
    mmap({ length }, region, offset) {
      if (region !== MEMORY) return undefined;
      return offset >= Math.ceil(length / PAGE) * PAGE ? -ERRNO.EINVAL : 0;
    },
  }),
  rows: rows(
    'nvgpu-v3',
    'posting of nvgpu-vfio-pci, third version',
    ['ids', '10de:2342, 2343, 2345 match by override only'],
    ['properties', 'without the properties of firmware the probe fails'],
    ['region', 'region 2 has the size of the memory, which need not be a power of two'],
    ['no-config', 'the registers of BAR 2 read as the core has them: a VMM sees no BAR'],
    ['no-access', 'read and write of region 2 are -EINVAL: the core has no such BAR'],
    ['mmap', 'a mapping that begins past the memory is -EINVAL; one that ends there is made'],
    [
      'dummy-page',
      'a touch past the memory shows its last page',
      'the content of memory is not modelled',
    ],
  ),
});
