/**
 * Goal: no input, however damaged, makes the BTF reader crash, hang or answer with anything but a
 * value or a VfrError.
 * Method: bytes of a real module's BTF are changed at random, then types, paths and prototypes are
 * asked for.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testData } from '../../../tests/test-data.js';
import { VfrError } from '../../../traces/index.js';
import { Btf, prototypesOf, resolvePath } from './index.js';

const base = new Btf(testData('btf/6.1-vmlinux.zst'), 'vmlinux');
const original = testData('btf/6.1-vfio_pci_core.zst');

const PATHS = [
  'vfio_pci_core_device.vdev.dev.kobj.name',
  'vfio_pci_core_device.pdev.bus.number',
  'vfio_device.ops.name',
];

test('mutated BTF gives a value or a VfrError', () => {
  const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255));
  const property = fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (changes) => {
    const bytes = Buffer.from(original);
    for (const [at, value] of changes) bytes[at] = value;
    const ask = (question: (btf: Btf) => unknown) => {
      try {
        question(new Btf(bytes, 'mutated', base));
      } catch (error) {
        expect(error).toBeInstanceOf(VfrError);
      }
    };
    for (const path of PATHS) ask((btf) => resolvePath(btf, path));
    ask((btf) => prototypesOf(btf, 'vfio_pci_rw'));
  });
  fc.assert(property, { numRuns: 150 });
});
