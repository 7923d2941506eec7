/**
 * Goal: facts about drivers that only show when something runs are as their sources say.
 * Method: the scenario of each, with schedules enough to reach every outcome.
 */
import { expect, test } from 'vitest';
import { boot, randomly, run, World } from '../kernel/index.js';
import { kindOf, SCENARIOS, specOf } from './index.js';

test.each([
  ['mlx5/deferred-reset', 'migration-deferred-reset'],
  ['nova-core/takes-vf', 'native-driver-first'],
  ['vfio-pci/pf-with-vfs', 'vfio-pci-refuses-a-pf-with-vfs'],
  ['vfio-pci/enable-sriov', 'vfio-pci-makes-vfs'],
  ['vfio-pci/ids-parameter', 'ids-parameter-or-native-driver'],
  ['vfio-pci/ids-parameter', 'ids-parameter-lasts'],
  ['vfio-pci/disable-denylist', 'vfio-pci-without-denylist'],
  ['vfio-pci/vf-token, vfio-pci/vf-token-of-pf', 'vf-token-by-group'],
  ['vfio-pci/vf-token-feature', 'vf-token-by-group'],
  ['vfio-pci/vf-token', 'vf-token-by-cdev'],
  ['vfio-pci/vf-token-bind', 'vf-token-not-by-cdev'],
  ['vfio-pci/no-sriov', 'vfio-pci-makes-no-vfs'],
  ['vfio-pci/igd', 'igd-regions'],
  ['igd/signature', 'igd-wrong-signature'],
  ['igd/no-bridge', 'igd-foreign-bridge'],
  ['zdev/no-hook', 'zdev-without-kvm-module'],
  ['nova-core/rejects-vf, nouveau/next-in-line', 'rejected-then-nouveau'],
  ['mdev/life, mtty/in-kernel', 'mdev-by-group'],
  ['mdev/removed-open', 'mdev-removed-while-open'],
  ['mdev/parent-gone', 'mdev-parent-unloads'],
  ['mdev/count', 'mdev-parent-is-full'],
  ['mdpy/in-kernel, mbochs/in-kernel', 'mdev-displays'],
  ['nova-core/pmc-boot-1: the host', 'nova-pmc-boot1-on-host'],
  ['nova-core/pmc-boot-1: the guest', 'nova-pmc-boot1-in-guest'],
  ['nova-core/host-only: the host', 'nova-host-only-on-host'],
  ['nova-core/host-only: the guest', 'nova-host-only-in-guest'],
])('%s: the scenario %s ends as it says', (_, name) => {
  const document = SCENARIOS.find((one) => one.name === name);
  expect(document).toBeDefined();
  const world = new World(specOf(document!));
  const kinds = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    kinds.add(kindOf(run(boot(world), randomly(seed)), document!.outcomes));
  }
  expect([...kinds].sort()).toEqual(document!.outcomes.map((_, i) => i));
});
