/** vGPUs as posted: their types, their configuration space, and a type that is gone. */
import { FORM, FORMS, VGPU_PROPERTY } from '../model/drivers/index.js';
import type { FunctionDocument, OperationDocument, ScenarioDocument } from './document.js';
import { GPU, gpu, novaCore, numVfs, VF, VF1 } from './parts.js';
import { onDevice, openDeviceOf, orStop } from './vfio-parts.js';

const first = { scenario: 1, kernel: '6.17' } as const;
const DRIVER = 'nvidia-vgpu-vfio';
const [SMALL, LARGE] = [868, 869];
const VF2 = '0000:41:00.6';

const types = {
  [VGPU_PROPERTY.instances(SMALL)]: 4,
  [VGPU_PROPERTY.instances(LARGE)]: 2,
  [VGPU_PROPERTY.vdevId(LARGE)]: 0x2335_18f0,
  [VGPU_PROPERTY.bar1(LARGE)]: 4096,
};

/** Its native driver leaves VFs to others. */
const gpuWith = (more: Readonly<Record<string, number>> = {}): FunctionDocument => ({
  ...gpu,
  hardware: { properties: { [FORM]: FORMS.isVirtfn, ...types, ...more } },
});
const machineOf = (...functions: FunctionDocument[]): ScenarioDocument['machine'] => ({
  functions,
  drivers: [novaCore, { name: DRIVER }],
});

const choose = (vf: string, type: number | string): OperationDocument => ({
  write: `/sys/bus/pci/devices/${vf}/nvidia/current_vgpu_type`,
  text: `${type}\n`,
});
const { config, region } = onDevice;
const ALL = '0xffffffff';

export const VGPUS: readonly ScenarioDocument[] = [
  {
    ...first,
    name: 'vgpu-types',
    title: 'types of vGPUs: unknown, mixed, exhausted, counted twice, and given back',
    machine: machineOf(gpuWith()),
    actors: [
      {
        name: 'admin',
        does: [
          choose(GPU, LARGE),
          numVfs(3),
          choose(VF, 'large'),
          choose(VF, 1),
          choose(VF, LARGE),
          choose(VF1, SMALL),
          choose(VF1, LARGE),
          choose(VF2, LARGE),
          choose(VF1, 0),
          choose(VF, LARGE),
          choose(VF2, LARGE),
          choose(VF, 0),
          choose(VF2, LARGE),
        ],
      },
    ],
    outcomes: [
      {
        drivers: { [GPU]: 'nova_core', [VF]: DRIVER },
        errors: { admin: ['ENOENT', 'EINVAL', 'ENODEV', 'EINVAL', 'ENOSPC', 'ENOSPC'] },
      },
    ],
  },
  {
    ...first,
    name: 'vgpu-type-is-gone',
    title: 'the type of a vGPU is taken away before a machine opens it, or not any more',
    machine: machineOf(gpuWith()),
    actors: [
      { name: 'vmm', does: [numVfs(1), choose(VF, LARGE), ...openDeviceOf(VF)] },
      { name: 'admin', does: [{ ...choose(VF, 0), when: { actor: 'vmm', did: 6 } }] },
    ],
    outcomes: [
      { errors: { vmm: ['ENODEV'], admin: [] } },
      { errors: { vmm: [], admin: ['EBUSY'] } },
    ],
  },
  {
    ...first,
    name: 'vgpu-config-space',
    title: 'a machine sizes the BARs of a vGPU, which its type has, and resets it in vain',
    machine: machineOf(gpuWith({ [VGPU_PROPERTY.CHOSEN]: LARGE })),
    actors: [
      {
        name: 'vmm',
        does: [
          numVfs(1),
          ...orStop(openDeviceOf(VF)),
          config.read(0, 4),
          config.read(0x2c, 4),
          config.write(0, 4, ALL),
          config.read(0, 4),
          ...[0x10, 0x14, 0x18].flatMap((at) => [config.write(at, 4, ALL), config.read(at, 4)]),
          config.write(4, 2, 6),
          config.read(4, 2),
          config.read(0x7c, 4),
          region.read(1, 0, 4),
          region.read(0, 0, 4),
          { ioctl: 'VFIO_DEVICE_RESET', on: 'device' },
          config.read(0x14, 4),
          { mmap: 'device', region: 0, length: 4096, as: 'bar' },
          { mmap: 'device', region: 5, length: 4096, as: 'none' },
        ],
      },
    ],
    outcomes: [{ errors: { vmm: ['EINVAL', 'EINVAL'] } }],
  },
];
