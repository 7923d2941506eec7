/** Variants of vfio-pci, and what is theirs: memory that no BAR has, registers of their own. */
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import {
  bind,
  GPU,
  gpu,
  NIC,
  nics,
  novaCore,
  numVfs,
  override,
  unbind,
  VF,
  vfioPci,
} from './parts.js';
import { onDevice, openDeviceOf, orStop } from './vfio-parts.js';

const first = { scenario: 1, kernel: '6.12' } as const;
const GIB = 2 ** 30;
const NIC_VF = '0000:42:00.4';

const NVGRACE = 'nvgrace_gpu_vfio_pci';
const superchipOf = (bytes: number): FunctionDocument => ({
  address: GPU,
  vendor: '0x10de',
  device: '0x2342',
  class: '0x030200',
  override: NVGRACE,
  hardware: {
    properties: { 'nvidia,gpu-mem-base-pa': '0x42000000000', 'nvidia,gpu-mem-size': bytes },
  },
});
/** 96 GiB, with the bug: 95 GiB of them are usemem, whose BAR has 128 GiB. */
const superchip: FunctionDocument = { ...superchipOf(96 * GIB), driver: NVGRACE };

const { config, region } = onDevice;
const USEMEM = 4;
const ALL = '0xffffffff';

/** A machine sizes both fake BARs, and places them. */
const size: readonly OperationDocument[] = [0x18, 0x1c, 0x20, 0x24].flatMap((at) => [
  config.write(at, 4, ALL),
  config.read(at, 4),
]);
const end = 95 * GIB;

export const VARIANTS: readonly ScenarioDocument[] = [
  {
    ...first,
    name: 'assigned-device',
    title: 'a user opens a device, asks what it has, and closes it: a base for --driver and --vmm',
    machine: {
      functions: [{ ...nics[0], driver: 'vfio-pci', override: 'vfio-pci' }],
      drivers: [vfioPci],
    },
    actors: [
      {
        name: 'user',
        does: [
          ...orStop(openDeviceOf(NIC)),
          { ioctl: 'VFIO_DEVICE_GET_INFO', on: 'device' },
          onDevice.info(0),
          { exit: true },
        ],
      },
    ],
    outcomes: [{ errors: { user: [] } }],
  },
  {
    ...first,
    name: 'vfio-pci-refuses-a-pf-with-vfs',
    title: 'vfio-pci leaves a PF that has VFs to the driver that made them',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      {
        name: 'admin',
        does: [
          numVfs(1),
          unbind('nova_core', GPU),
          override(GPU, 'vfio-pci'),
          bind('vfio-pci', GPU),
        ],
      },
    ],
    outcomes: [{ drivers: { [GPU]: null, [VF]: 'nova_core' }, errors: { admin: ['EBUSY'] } }],
  },
  {
    ...first,
    name: 'vfio-pci-makes-vfs',
    title: 'with enable_sriov vfio-pci makes VFs, and has them before any native driver is tried',
    machine: {
      functions: [{ ...gpu, driver: 'vfio-pci', override: 'vfio-pci' }],
      drivers: [novaCore, { ...vfioPci, parameters: { enable_sriov: true } }],
    },
    actors: [{ name: 'admin', does: [numVfs(2), override(VF, 'nova_core'), numVfs(0)] }],
    outcomes: [{ drivers: { [GPU]: 'vfio-pci' }, gone: [VF], errors: { admin: [] } }],
  },
  {
    ...first,
    name: 'vfio-pci-makes-no-vfs',
    title: 'without enable_sriov vfio-pci makes no VFs',
    machine: {
      functions: [{ ...gpu, driver: 'vfio-pci', override: 'vfio-pci' }],
      drivers: [vfioPci],
    },
    actors: [{ name: 'admin', does: [numVfs(2)] }],
    outcomes: [{ gone: [VF], errors: { admin: ['ENOENT'] } }],
  },
  {
    ...first,
    name: 'vfio-pci-denylist',
    title: 'vfio-pci refuses a device that an untrusted user can hang',
    machine: {
      functions: [{ address: GPU, vendor: '0x8086', device: '0x37c8', class: '0x0b4000' }],
      drivers: [vfioPci],
    },
    actors: [{ name: 'admin', does: [override(GPU, 'vfio-pci'), bind('vfio-pci', GPU)] }],
    outcomes: [{ drivers: { [GPU]: null }, errors: { admin: ['EINVAL'] } }],
  },
  {
    ...first,
    name: 'virtio-transitional',
    title: 'a modern VF of virtio looks transitional: I/O is off until COMMAND turns it on',
    machine: {
      functions: [
        {
          address: NIC,
          vendor: '0x1af4',
          device: '0x1041',
          class: '0x020000',
          driver: 'virtio-pci',
          sriov: {
            totalVfs: 2,
            offset: 4,
            stride: 1,
            vfDevice: '0x1041',
            vfs: [{ driver: 'virtio_vfio_pci', override: 'virtio_vfio_pci' }],
          },
          hardware: { properties: { 'legacy-admin-commands': 1 } },
        },
      ],
      drivers: [{ name: 'virtio-pci', sriov: 'simple' }, { name: 'virtio_vfio_pci' }],
    },
    actors: [
      {
        name: 'vmm',
        does: [
          ...orStop(openDeviceOf(NIC_VF)),
          onDevice.info(0),
          config.read(0, 4),
          config.write(0x10, 4, ALL),
          config.read(0x10, 4),
          region.read(0, 18, 1),
          config.write(4, 2, 7),
          config.read(4, 2),
          region.read(0, 18, 1),
          region.write(0, 16, 2, 0),
          region.write(0, 16, 4, 0),
          region.read(0, 30, 4),
          { ioctl: 'VFIO_DEVICE_RESET', on: 'device' },
          region.read(0, 18, 1),
        ],
      },
    ],
    outcomes: [{ errors: { vmm: ['EIO', 'EINVAL', 'EINVAL', 'EIO'] } }],
  },
  {
    ...first,
    name: 'nvgpu-without-a-bar',
    title: 'memory of a size that is no power of two: no register shows it, a mapping reaches it',
    machine: {
      functions: [
        {
          ...superchipOf(95 * GIB),
          driver: 'nvgpu-vfio-pci',
          override: 'nvgpu-vfio-pci',
        },
      ],
      drivers: [{ name: 'nvgpu-vfio-pci' }],
    },
    actors: [
      {
        name: 'vmm',
        does: [
          ...orStop(openDeviceOf(GPU)),
          onDevice.info(2),
          config.write(0x18, 4, ALL),
          config.read(0x18, 4),
          region.read(2, 0, 4),
          { mmap: 'device', region: 2, length: 0x10000, as: 'memory' },
          { touch: 'memory' },
          { mmap: 'device', region: 2, offset: end, length: 0x1000, as: 'past' },
        ],
      },
    ],
    outcomes: [{ errors: { vmm: ['EINVAL', 'EINVAL'] } }],
  },
  {
    ...first,
    name: 'nvgrace-fake-bars',
    title: 'a virtual machine sizes BARs that the GPU does not have, and reads past its memory',
    machine: { functions: [superchip], drivers: [{ name: NVGRACE }] },
    actors: [
      {
        name: 'vmm',
        does: [
          ...orStop(openDeviceOf(GPU)),
          ...[2, USEMEM].map((index): OperationDocument => onDevice.info(index)),
          ...size,
          region.read(USEMEM, end - 4, 8),
          region.read(USEMEM, end, 4),
          region.write(USEMEM, end, 4, 1),
          region.read(USEMEM, 128 * GIB, 1),
          { mmap: 'device', region: USEMEM, length: 0x10000, as: 'memory' },
          { touch: 'memory' },
          config.write(4, 2, 0),
          { touch: 'memory' },
          { mmap: 'device', region: USEMEM, offset: end - 4096, length: 0x2000, as: 'past' },
          { ioctl: 'VFIO_DEVICE_RESET', on: 'device' },
          config.read(0x20, 4),
        ],
      },
    ],
    outcomes: [{ errors: { vmm: ['EINVAL', 'EINVAL'] } }],
  },
  {
    ...first,
    name: 'nvgrace-too-little-memory',
    title: 'less memory than the reserved part needs: the probe fails, and no other driver may try',
    machine: {
      functions: [superchipOf(GIB / 2)],
      drivers: [{ name: NVGRACE }, vfioPci],
    },
    actors: [{ name: 'admin', does: [{ write: '/sys/bus/pci/drivers_probe', text: GPU }] }],
    outcomes: [{ drivers: { [GPU]: null }, errors: { admin: [] } }],
  },
];
