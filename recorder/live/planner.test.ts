/**
 * Goal: on two kernels that lay out their structures differently, the planned probes are the ones that
 * are right there, and what cannot be had is said with its reason.
 * Method: symbols and BTF of the real kernels; the golden definitions were written by hand with offsets
 * from pahole and accepted by these kernels.
 */
import { describe, expect, test } from 'vitest';
import { testData } from '../../tests/test-data.js';
import { Btf } from './btf/index.js';
import { type KernelFacts, planProbe } from './planner.js';
import { PROBES } from './probe-table.js';
import { Symbols } from './symbols.js';

function factsOf(kernel: string, entryArgumentsAtReturn: boolean): KernelFacts {
  const vmlinux = new Btf(testData(`btf/${kernel}-vmlinux.zst`), 'vmlinux');
  const modules = new Map<string, Btf>();
  return {
    symbols: new Symbols(testData(`probes/kallsyms-${kernel}.txt`).toString()),
    entryArgumentsAtReturn,
    types(module) {
      if (module === undefined) return vmlinux;
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

const FACTS = { '6.1': factsOf('6.1', false), '6.12': factsOf('6.12', true) };

describe.each(['6.1', '6.12'] as const)('kernel %s', (kernel) => {
  const plans = PROBES.map((spec) => planProbe(spec, FACTS[kernel]));
  const planned = new Map(
    plans.flatMap((plan) =>
      plan.events.map(({ event, definition }) => [
        event,
        definition.replace(/^_text\+0x[0-9a-f]+/, '_text'),
      ]),
    ),
  );

  test('every definition equals the one written by hand', () => {
    const golden = handWritten(kernel);
    expect(golden.size).toBeGreaterThan(90);
    // The lines by hand did not ask for the group's number on 6.12, and there is no such function.
    const group = 'vfio_group_fops_unl_ioctl';
    if (kernel === '6.12') golden.set(group, planned.get(group)!);
    if (kernel === '6.12') golden.delete('nvme_remove_dead_ctrl_work');
    expect(Object.fromEntries(planned)).toEqual(Object.fromEntries(golden));
  });

  test('static functions that exist several times are told apart by address', () => {
    const { symbols } = FACTS[kernel];
    for (const name of ['driver_override_store', 'new_id_store', 'remove_id_store']) {
      expect(symbols.named(name, undefined).length).toBeGreaterThan(1);
      const plan = plans.find(({ spec }) => spec.event === name)!;
      expect(plan.events[0]?.definition).toMatch(/^_text\+0x[0-9a-f]+ /);
    }
  });
});

test('what a kernel does not have is left out with the reason', () => {
  const reasons = (kernel: '6.1' | '6.12', event: string) =>
    planProbe(PROBES.find((spec) => spec.event === event)!, FACTS[kernel]).reasons;
  expect(reasons('6.1', 'vfio_pci_mmap_huge_fault')[0]).toMatch(/no function/);
  expect(reasons('6.12', 'vfio_pci_mmap_fault')[0]).toMatch(/no function/);
  expect(reasons('6.1', 'pci_bus_read_config_dword')[0]).toMatch(/no field val.*6\.9/);
  expect(reasons('6.12', 'pci_bus_read_config_dword')).toEqual([]);
});

describe('symbols', () => {
  const text = (lines: string) => `ffffffff81000000 T _text\n${lines}`;
  const spec = PROBES.find(({ event }) => event === 'driver_override_store')!;
  const plan = (lines: string) =>
    planProbe(spec, { ...FACTS['6.1'], symbols: new Symbols(text(lines)) });

  test('two functions of a name and no neighbour: left out', () => {
    const lines =
      'ffffffff81000100 t driver_override_store\nffffffff81900000 t driver_override_store\n';
    expect(plan(lines).reasons[0]).toMatch(/none can be told apart/);
    const near = plan(`${lines}ffffffff81900400 t pci_read_config\n`);
    expect(near.events[0]?.definition).toMatch(/^_text\+0x900000 /);
  });

  test('a function that the compiler cloned, and hidden addresses', () => {
    expect(plan('ffffffff81000100 t driver_override_store.isra.0\n').reasons[0]).toMatch(/isra/);
    const hidden = new Symbols(
      '0000000000000000 T _text\n0000000000000000 t driver_override_store\n',
    );
    const planned = planProbe(spec, { ...FACTS['6.1'], symbols: hidden });
    expect(planned.events[0]?.definition).toMatch(/^driver_override_store /);
  });

  test('a module that is not loaded', () => {
    const module = PROBES.find(({ event }) => event === 'vfio_pci_rw')!;
    const facts = { ...FACTS['6.1'], symbols: new Symbols(text('')) };
    expect(planProbe(module, facts).reasons[0]).toMatch(/modprobe vfio_pci_core/);
  });
});
