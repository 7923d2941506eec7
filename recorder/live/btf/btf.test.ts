/**
 * Goal: offsets and prototypes are those of the kernel.
 * Method: the BTF of two real kernels (whole image and split BTF of modules); every named member of
 * a set of structures is compared with what pahole printed for the same files, and the offsets that
 * probes use with the known ones of these kernels. Damaged input ends in a VfrError.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchFolder } from '../../../tests/scratch.js';
import { testData } from '../../../tests/test-data.js';
import { VfrError } from '../../../traces/index.js';
import { Btf, prototypesOf, resolvePath } from './index.js';

const KERNELS = ['6.1', '6.12'] as const;
const MODULES = ['vfio', 'vfio_pci_core'] as const;

function load(kernel: string) {
  const vmlinux = new Btf(testData(`btf/${kernel}-vmlinux.zst`), 'vmlinux');
  const [vfio, core] = MODULES.map(
    (name) => new Btf(testData(`btf/${kernel}-${name}.zst`), name, vmlinux),
  );
  return { vmlinux, vfio: vfio!, core: core! };
}

const LOADED = { '6.1': load('6.1'), '6.12': load('6.12') };

interface Printed {
  readonly path: string;
  readonly offset: number;
}

/** The top-level members of the structs in pahole's output that have a byte offset. */
function printedByPahole(text: string): Printed[] {
  const printed: Printed[] = [];
  let struct = '';
  for (const line of text.split('\n')) {
    struct = /^struct (\w+) \{/.exec(line)?.[1] ?? struct;
    const member = /^\t[^\t}].*?(\w+)(?:\[\d+\])*(?:\)\([^;]*\))?; +\/\* +(\d+) +\d+ \*\//.exec(
      line,
    );
    if (member) printed.push({ path: `${struct}.${member[1]}`, offset: Number(member[2]) });
  }
  return printed;
}

describe.each(KERNELS)('kernel %s', (kernel) => {
  const { vmlinux, vfio, core } = LOADED[kernel];

  test('every member pahole prints has the offset we compute', () => {
    const printed = printedByPahole(testData(`btf/pahole-${kernel}.txt`).toString());
    expect(printed.length).toBeGreaterThan(190);
    const ours = printed.map(({ path }) => ({
      path,
      offset: resolvePath(vmlinux, path).offsets[0],
    }));
    expect(ours).toEqual(printed);
  });

  test.each(MODULES)("every member in the module %s, whose types continue the image's", (name) => {
    const btf = name === 'vfio' ? vfio : core;
    const printed = printedByPahole(testData(`btf/pahole-${kernel}-${name}.txt`).toString());
    expect(printed.length).toBeGreaterThan(15);
    const ours = printed.map(({ path }) => ({ path, offset: resolvePath(btf, path).offsets[0] }));
    expect(ours).toEqual(printed);
  });

  test('prototypes give the position of a parameter by name', () => {
    const [read] = prototypesOf(vmlinux, 'pci_bus_read_config_dword');
    expect(read?.parameters.map(({ name }) => name)).toEqual(['bus', 'devfn', 'pos', 'value']);
    const [rw] = prototypesOf(core, 'vfio_pci_rw');
    expect(rw?.parameters.map(({ name, position }) => `${position} ${name}`)).toEqual([
      '1 vdev',
      '2 buf',
      '3 count',
      '4 ppos',
      '5 iswrite',
    ]);
    expect(rw?.parameters[2]?.shape).toEqual({ is: 'integer', size: 8, signed: false });
    expect(prototypesOf(vmlinux, 'no_such_function')).toEqual([]);
  });

  test('bit fields, unknown members and unknown structs are refused', () => {
    for (const path of ['pci_dev.is_virtfn', 'pci_dev.nothing', 'nothing.at_all', 'pci_dev']) {
      expect(() => resolvePath(vmlinux, path), path).toThrow(VfrError);
    }
    expect(() => resolvePath(vmlinux, 'pci_dev.is_virtfn')).toThrow(/bit field/);
    expect(() => resolvePath(vmlinux, 'pci_dev.vendor.x')).toThrow(/not a struct/);
  });

  test.skipIf(spawnSync('pahole', ['--version']).status !== 0)(
    'the installed pahole agrees',
    () => {
      const folder = scratchFolder();
      try {
        const file = join(folder, 'vmlinux');
        writeFileSync(file, testData(`btf/${kernel}-vmlinux.zst`));
        const names = 'task_struct,inode,dentry,iommu_domain,resource,msi_desc';
        const done = spawnSync('pahole', ['-F', 'btf', '-C', names, file], { encoding: 'utf8' });
        const printed = printedByPahole(done.stdout);
        expect(printed.length).toBeGreaterThan(200);
        for (const { path, offset } of printed) {
          expect(resolvePath(vmlinux, path).offsets[0], path).toBe(offset);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

test('paths that lead through pointers, casts and anonymous members', () => {
  const [old, recent] = [LOADED['6.1'], LOADED['6.12']];
  expect(resolvePath(old.vmlinux, 'pci_dev.dev.kobj.name')).toEqual({
    offsets: [208],
    shape: { is: 'pointer', toChar: true },
  });
  expect(resolvePath(recent.vmlinux, 'pci_dev.dev.kobj.name').offsets).toEqual([200]);
  expect(resolvePath(old.vmlinux, 'device.driver.name').offsets).toEqual([104, 0]);
  // vma and pgoff are in an anonymous struct of vm_fault.
  expect(resolvePath(old.vmlinux, 'vm_fault.vma.vm_pgoff').offsets).toEqual([0, 104]);
  expect(resolvePath(recent.vmlinux, 'vm_fault.vma.vm_pgoff').offsets).toEqual([0, 120]);
  const opened = 'file.private_data(vfio_device).dev.kobj.name';
  expect(resolvePath(old.vfio, opened).offsets).toEqual([200, 0, 0]);
  const openedRecent = 'file.private_data(vfio_device_file).device.dev.kobj.name';
  expect(resolvePath(recent.vfio, openedRecent).offsets).toEqual([32, 0, 0, 0]);
  expect(() => resolvePath(old.vfio, openedRecent)).toThrow(/no struct vfio_device_file/);
});

test('a pointer to a member leads to the struct around it', () => {
  const [old, recent] = [LOADED['6.1'], LOADED['6.12']];
  const group = 'inode.i_cdev(vfio_group@cdev).iommu_group.id';
  // In the lab, groups were opened by the numbers that sysfs has, with these offsets on 6.1.
  expect(resolvePath(old.vfio, group).offsets).toEqual([584, 864 - 752, 144]);
  expect(resolvePath(recent.vfio, group).offsets).toEqual([576, 880 - 768, 160]);
  expect(resolvePath(old.vfio, 'inode.i_cdev(vfio_group@cdev).dev.kobj.name').offsets).toEqual([
    584, -752,
  ]);
  expect(() => resolvePath(old.vfio, 'inode.i_cdev(vfio_group@none).dev.kobj.name')).toThrow(
    /no member "none"/,
  );
});

test('a path through structs of one name follows those with the members', () => {
  const { vmlinux } = LOADED['6.12'];
  expect(resolvePath(vmlinux, 'controller.pcie.port.dev.kobj.name').offsets).toHaveLength(3);
});

test('shapes say how a value is to be fetched', () => {
  const { vmlinux } = LOADED['6.12'];
  const shape = (path: string) => resolvePath(vmlinux, path).shape;
  expect(shape('pci_dev.vendor')).toEqual({ is: 'integer', size: 2, signed: false });
  expect(shape('iommu_group.id')).toEqual({ is: 'integer', size: 4, signed: true });
  expect(shape('task_struct.comm')).toEqual({ is: 'array', ofChar: true, length: 16 });
  expect(shape('pci_dev.dev')).toMatchObject({ is: 'object' });
});

describe('damaged data', () => {
  const whole = testData('btf/6.1-vmlinux.zst');

  test.each([
    0,
    1,
    23,
    24,
    100,
    1 << 20,
    whole.length - 1,
  ])('BTF that is cut after %i bytes is refused', (length) => {
    expect(() => new Btf(whole.subarray(0, length), 'cut')).toThrow(VfrError);
  });

  test('no magic, unknown version, unknown kind', () => {
    const bytes = Buffer.from(testData('btf/6.1-vfio.zst'));
    expect(() => new Btf(Buffer.alloc(100), 'zeros')).toThrow(/magic/);
    const version = Buffer.from(bytes);
    version[2] = 9;
    expect(() => new Btf(version, 'version')).toThrow(/version/);
    const kind = Buffer.from(bytes);
    kind[24 + 7] = 0x1f;
    expect(() => new Btf(kind, 'kind')).toThrow(/unknown kind/);
  });
});
