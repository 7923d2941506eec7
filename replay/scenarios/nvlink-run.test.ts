/**
 * Goal: the kernel that runs has the regions of NVLink, which kernels had that scenarios cannot
 * name any more.
 * Method: a user maps and reads them on Linux 5.12.
 */
import { expect, test } from 'vitest';
import { boot, randomly, run, World } from '../kernel/index.js';
import type { OperationDocument, ScenarioDocument } from './document.js';
import { specOf } from './spec.js';
import { onDevice, openDeviceOf } from './vfio-parts.js';

const GPU = '0000:41:00.0';
const BYTES = 0x1000_0000;

function errorsOf(properties: Readonly<Record<string, number>>, does: OperationDocument[]) {
  const document: ScenarioDocument = {
    scenario: 1,
    name: 'nvlink',
    title: 'memory of a V100',
    kernel: '5.12',
    machine: {
      functions: [
        {
          address: GPU,
          vendor: '0x10de',
          device: '0x1db1',
          class: '0x030200',
          driver: 'vfio-pci',
          override: 'vfio-pci',
          hardware: { properties: { nvlink: 1, 'ibm,device-tgt-addr': 1, ...properties } },
        },
      ],
      drivers: [{ name: 'vfio-pci' }],
    },
    actors: [{ name: 'vmm', does: [...openDeviceOf(GPU), ...does] }],
    outcomes: [{}],
  };
  return run(boot(new World(specOf(document))), randomly(1)).errors.vmm;
}

const map = (length: number, as: string): OperationDocument => ({
  mmap: 'device',
  region: 9,
  length,
  as,
});

test('nvlink2/once: memory of a V100 is mapped once in a run', () => {
  const errors = errorsOf({ 'memory-region-size': BYTES }, [
    onDevice.info(9),
    onDevice.region.read(9, BYTES - 2, 4),
    onDevice.region.read(9, BYTES, 1),
    map(0x1_0000, 'memory'),
    { touch: 'memory' },
    map(0x1_0000, 'again'),
  ]);
  expect(errors).toEqual(['EINVAL', 'EPERM']);
});

test('nvlink2/open: a V100 without a memory node cannot be opened', () => {
  expect(errorsOf({}, [])).toEqual(['EINVAL']);
});
