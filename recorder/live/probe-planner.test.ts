/**
 * Goal: on two kernels that lay out their structures differently, the planned probes are the ones
 * that are right there, and what cannot be had is said with its reason. Method: symbols and BTF of
 * the real kernels; the golden definitions were written by hand with offsets from pahole and
 * accepted by these kernels.
 */
import { describe, expect, test } from 'vitest';
import { testData } from '../../tests/test-data.js';
import { CATALOGUE, findProbe } from '../catalogue/index.js';
import { Btf } from './btf/index.js';
import { Symbols } from './function-symbols.js';
import { type KernelFacts, planProbes } from './probe-planner.js';

/** The types of 7.3 are in one file, reduced to those that the catalogue names. */
const image = (kernel: string) => (kernel === '7.3' ? '7.3-catalogue' : `${kernel}-vmlinux`);

function factsOf(kernel: string, entryArgumentsAtReturn: boolean): KernelFacts {
  const vmlinux = new Btf(testData(`btf/${image(kernel)}.zst`), 'vmlinux');
  const modules = new Map<string, Btf>();
  return {
    symbols: new Symbols(testData(`probes/kallsyms-${kernel}.txt`).toString()),
    entryArgumentsAtReturn,
    hasKprobes: true,
    machineCode: () => undefined,
    hasTracepoint: () => true,
    types(module) {
      if (module === undefined || kernel === '7.3') return vmlinux;
      const known = modules.get(module);
      if (known) return known;
      const btf = new Btf(testData(`btf/${kernel}-${module}.zst`), module, vmlinux);
      modules.set(module, btf);
      return btf;
    },
  };
}

/** Hand-written definitions by event, without their place when that was an address. */
function handWritten(kernel: string): Map<string, string> {
  const lines = testData(`probes/definitions-${kernel}.txt`).toString().trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [head, place, ...rest] = line.split(' ');
      const fixed = place!.startsWith('_text') ? '_text' : place!.replace('%return', '');
      return [head!.split('/')[1]!, [fixed, ...rest].join(' ')];
    }),
  );
}

const FACTS = {
  '6.1': factsOf('6.1', false),
  '6.12': factsOf('6.12', true),
  '7.3': factsOf('7.3', true),
};

/** Plans the functions whose events have these names. */
function plan(facts: KernelFacts, ...events: string[]) {
  const probes = CATALOGUE.filter(({ event }) =>
    events.some((name) => event === name || event.startsWith(`${name}_`)),
  );
  return planProbes(probes, facts);
}

/** Fields that the hand-written definitions fetch and the catalogue does not, or the reverse. */
const OTHER_FIELDS: Readonly<Record<string, RegExp>> = {
  pci_device_add: / (devfn|bus)=\S+/g,
  vfio_group_fops_unl_ioctl: / (group|fd)=\S+/g,
  vfio_device_fops_unl_ioctl_ret: / (argsz|u\d+)=\S+/g,
  vfio_iommu_type1_ioctl: / iommu=\S+/g,
  vfio_pci_rw_ret: / given=\S+/g,
  vfio_pci_config_rw_ret: / given=\S+/g,
  vfio_pci_bar_rw_ret: / given=\S+/g,
  vfio_device_fops_cdev_open: / inode=\S+/g,
  vfio_group_fops_open: / (inode|group)=\S+/g,
  iommu_group_claim_dma_owner: / (owner|group)=\S+/g,
  iommu_group_release_dma_owner: / group=\S+/g,
  iommu_device_claim_dma_owner: / owner=\S+/g,
  mdev_create_store: / (dev|type)=\S+/g,
  mdev_device_create: / type=\S+/g,
  mdev_unregister_parent: / dev=\S+/g,
  driver_attach: / bus=\S+/g,
  driver_register: / bus=\S+/g,
  driver_unregister: / bus=\S+/g,
};

describe.each(['6.1', '6.12', '7.3'] as const)('kernel %s', (kernel) => {
  const plans = planProbes(CATALOGUE, FACTS[kernel]);
  const fields = (event: string, definition: string) =>
    definition.replace(OTHER_FIELDS[event] ?? /$^/, '');
  const planned = new Map(
    plans
      .flatMap((probe) => probe.events)
      .filter((event) => event.type !== 'tracepoint')
      .map(({ event, definition }) => [
        event,
        fields(event, definition.replace(/^_text\+0x[0-9a-f]+/, '_text')),
      ]),
  );

  test('every definition equals the one written by hand', () => {
    const golden = handWritten(kernel);
    golden.delete(kernel === '6.12' ? 'nvme_remove_dead_ctrl_work' : '');
    const expected = [...golden].map(([event, text]) => [event, fields(event, text)]);
    const ours = expected.map(([event]) => [event, planned.get(event!)]);
    expect(ours.length).toBeGreaterThan(90);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(expected));
  });

  test('static functions that exist several times are told apart by address', () => {
    const { symbols } = FACTS[kernel];
    for (const name of ['driver_override_store', 'new_id_store', 'remove_id_store']) {
      expect(symbols.named(name, undefined).length).toBeGreaterThan(1);
      const [probe] = plan(FACTS[kernel], name);
      expect(probe?.events[0]).toMatchObject({
        definition: expect.stringMatching(/^_text\+0x[0-9a-f]+ /),
      });
    }
  });
});

test('what a kernel does not have is left out with the reason', () => {
  const reasons = (kernel: '6.1' | '6.12', event: string) =>
    plan(FACTS[kernel], event)[0]?.reasons ?? [];
  expect(reasons('6.1', 'vfio_pci_mmap_huge_fault')[0]).toMatch(/no function/);
  expect(reasons('6.12', 'vfio_pci_mmap_fault')[0]).toMatch(/no function/);
  expect(reasons('6.1', 'pci_bus_read_config_dword')[0]).toMatch(
    /no field val.*6\.9.*cannot be read/,
  );
  expect(reasons('6.12', 'pci_bus_read_config_dword')).toEqual([]);
  const none = { ...FACTS['6.1'], hasTracepoint: () => false };
  expect(plan(none, 'map')[0]).toMatchObject({ events: [] });
  const noKprobes = { ...FACTS['6.1'], hasKprobes: false };
  expect(plan(noKprobes, 'really_probe')[0]?.reasons[0]).toMatch(/CONFIG_KPROBE_EVENTS/);
  expect(plan(none, 'map')[0]?.reasons[0]).toMatch(/tracepoint iommu:map/);
});

test.each(['6.1', '6.12', '7.3'] as const)('what says who acts and came is had on %s', (kernel) => {
  const whole = (event: string) => {
    const [planned] = planProbes([findProbe(event)!], FACTS[kernel]);
    return planned?.events.length === 1 && planned.reasons.length === 0;
  };
  const events = [
    ...['finalize_exec', 'dev_uevent', 'driver_register', 'bus_remove_driver'],
    ...['vfio_group_fops_open', 'vfio_fops_open', 'vfio_device_fops_release'],
    ...['vfio_register_group_dev', 'vfio_iommu_type1_attach_group', 'iommu_group_claim_dma_owner'],
    ...['pci_reset_store', 'pci_remove_store', 'pci_rescan_store', 'power_control_store'],
    ...['reset_method_store', 'd3cold_allowed_store', 'sriov_numvfs_show', 'dev_rescan_store'],
    ...['pcie_flr', 'pci_reset_bus', 'pci_reset_function', 'pcie_do_recovery', 'report_resume'],
    ...['mdev_create_store', 'mdev_remove_store', 'mdev_device_create', 'mdev_register_parent'],
    ...['pci_lock_rescan_remove', 'pciehp_configure_device', 'deferred_probe_work_func'],
    ...['eventfd_signal_mask', 'vfio_msihandler', 'vfio_pci_core_match'],
  ];
  expect(events.filter((event) => !whole(event))).toEqual([]);
});

test('what a program was started with is read from its own memory', () => {
  const [event] = planProbes([findProbe('finalize_exec')!], FACTS['6.1'])[0]!.events;
  // linux_binprm.p is at 24 ; it points to argc, and behind it to the arguments.
  expect(event).toMatchObject({
    definition: expect.stringMatching(
      /^finalize_exec argc=\+u0\(\+24\(\$arg1\)\):u32 a0=\+u0\(\+u8\(\+24\(\$arg1\)\)\):string a1=/,
    ),
  });
});

test('the attributes of PCI functions are told apart from those of others', () => {
  const symbols = FACTS['7.3'].symbols;
  const near = (event: string) => {
    const definition = planProbes([findProbe(event)!], FACTS['7.3'])[0]?.events[0];
    return definition?.type === 'tracepoint' ? '' : definition?.definition.split(' ')[0];
  };
  const [function_, subsystem] = symbols.named('reset_store', undefined);
  expect([function_, subsystem].map((at) => `_text+0x${at?.fromText?.toString(16)}`)).toContain(
    near('pci_reset_store'),
  );
  // The only store of this name in the kernel image: a module has one, too.
  const [remove] = symbols.named('remove_store', undefined);
  expect(near('pci_remove_store')).toBe(`_text+0x${remove?.fromText?.toString(16)}`);
  expect(near('mdev_remove_store')).toBe('mdev:remove_store');
});

describe('symbols', () => {
  const planWith = (lines: string) => {
    const symbols = new Symbols(`ffffffff81000000 T _text\n${lines}`);
    return plan({ ...FACTS['6.1'], symbols }, 'driver_override_store')[0]!;
  };
  const definition = (probe: ReturnType<typeof planWith>) => {
    const [event] = probe.events;
    return event?.type === 'tracepoint' ? '' : event?.definition;
  };

  test('two functions of a name and no neighbour: left out', () => {
    const lines =
      'ffffffff81000100 t driver_override_store\nffffffff81900000 t driver_override_store\n';
    expect(planWith(lines).reasons[0]).toMatch(/nothing distinguishes them/);
    const near = planWith(`${lines}ffffffff81900400 t pci_device_probe\n`);
    expect(definition(near)).toMatch(/^_text\+0x900000 /);
  });

  test('a function that the compiler cloned, and hidden addresses', () => {
    const cloned = planWith('ffffffff81000100 t driver_override_store.isra.0\n');
    expect(cloned.reasons[0]).toMatch(/isra/);
    const hidden = new Symbols(
      '0000000000000000 T _text\n0000000000000000 t driver_override_store\n',
    );
    const [probe] = plan({ ...FACTS['6.1'], symbols: hidden }, 'driver_override_store');
    expect(definition(probe!)).toMatch(/^driver_override_store /);
  });

  test('a module that is not loaded', () => {
    const symbols = new Symbols('ffffffff81000000 T _text\n');
    const [probe] = plan({ ...FACTS['6.1'], symbols }, 'vfio_pci_rw');
    expect(probe?.reasons[0]).toMatch(/modprobe vfio_pci_core/);
  });
});

test('before 6.9 the value read is taken where the machine code stores it', () => {
  const hex = testData('code/pci_bus_read_config_dword.hex').toString().replaceAll('\n', '');
  const facts = { ...FACTS['6.1'], machineCode: () => Buffer.from(hex, 'hex') };
  const [probe] = plan(facts, 'pci_bus_read_config_dword');
  expect(probe?.reasons).toEqual([]);
  // The same place as in a hand-written definition that was checked against configuration space.
  expect(probe?.events.map(({ event }) => event)).toEqual([
    'pci_bus_read_config_dword',
    'pci_bus_read_config_dword_val',
    'pci_bus_read_config_dword_ret',
  ]);
  expect(probe?.events[1]).toMatchObject({
    definition: 'pci_bus_read_config_dword+0x71 val=%dx:x32',
  });
});

test('a function whose signature changed is noticed instead of misread', () => {
  const override = findProbe('driver_override_store')!;
  const changed = (arg: number, path?: readonly string[]) => {
    const fetch = { dev: { arg, type: 'string' as const, ...(path ? { path } : {}) } };
    const site = { ...override.site, type: 'function' as const, symbol: 'really_probe', fetch };
    return planProbes([{ ...override, site }], FACTS['6.1'])[0]!.reasons[0];
  };
  expect(changed(2, ['device.kobj.name'])).toMatch(/points to a device_driver now/);
  expect(changed(3, ['device.kobj.name'])).toMatch(/parameter 3 does not exist/);
  expect(changed(1, ['device.kobj.name'])).toBeUndefined();
});
