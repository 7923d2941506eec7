/** Variants of vfio-pci, and what is theirs: memory that no BAR has, registers of their own. */
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { GPU, vfioPci } from './parts.js';
import { onDevice, openDeviceOf, orStop } from './vfio-parts.js';

const first = { scenario: 1, kernel: '6.12' } as const;
const GIB = 2 ** 30;

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
