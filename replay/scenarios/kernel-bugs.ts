/** What only some kernels do: each scenario names the kernel that it comes out so on. */
import type { ScenarioDocument } from './document.js';
import {
  bind,
  driversProbe,
  GPU,
  gpu,
  ixgbe,
  NIC,
  newId,
  nics,
  novaCore,
  numVfs,
  override,
  remove,
  unbind,
  VF,
  vfioPci,
} from './parts.js';

const scenario = 1;

const overrideReaders: Pick<ScenarioDocument, 'machine' | 'actors'> = {
  machine: { functions: [nics[0]], drivers: [ixgbe, vfioPci] },
  actors: [
    { name: 'writer', does: [override(NIC, 'vfio-pci'), override(NIC, 'pci-stub')] },
    { name: 'id-writer', does: [newId('vfio-pci', '8086 10fb')] },
  ],
};

const pfGoesWithVfs: Pick<ScenarioDocument, 'machine' | 'actors'> = {
  machine: { functions: [gpu], drivers: [{ ...novaCore, sriov: 'own' }, vfioPci] },
  actors: [
    { name: 'admin', does: [numVfs(1), { ...remove(GPU), when: { actor: 'admin', did: 1 } }] },
  ],
};

export const KERNEL_BUGS: readonly ScenarioDocument[] = [
  {
    scenario,
    name: 'override-use-after-free',
    title: 'up to 7.0 new_id compares an override that its writer may have freed',
    kernel: '6.12',
    ...overrideReaders,
    outcomes: [{}, { faults: ['overrideUseAfterFree'] }],
  },
  {
    scenario,
    name: 'override-set-first',
    title: 'the first override of a function replaces no text: a reader of it has what is there',
    kernel: '6.12',
    machine: overrideReaders.machine,
    actors: [
      { name: 'writer', does: [override(NIC, 'vfio-pci')] },
      { name: 'id-writer', does: [newId('vfio-pci', '8086 10fb')] },
    ],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'override-under-spinlock',
    title: 'from 7.1 on the override is read and written under a lock of its own',
    kernel: '7.1',
    ...overrideReaders,
    outcomes: [{}],
  },
  {
    scenario,
    name: 'pf-removed-with-vfs',
    title: 'a PF is removed while it has VFs, which its driver takes away',
    kernel: '6.12',
    ...pfGoesWithVfs,
    outcomes: [{ gone: [GPU, VF] }],
  },
  {
    scenario,
    name: 'pf-removed-with-vfs-6-18',
    title: 'in 6.18 the same takes pci_rescan_remove_lock twice, and waits for itself',
    kernel: '6.18',
    ...pfGoesWithVfs,
    outcomes: [{ deadlock: true }],
  },
  {
    scenario,
    name: 'vf-removed-twice',
    title: 'up to 6.17 a VF that is removed while sriov_numvfs=0 removes it is removed twice',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      { name: 'admin', does: [numVfs(1), numVfs(0)] },
      { name: 'hotplug', does: [{ ...remove(VF), when: { actor: 'admin', did: 1 } }] },
    ],
    outcomes: [{ gone: [VF] }, { gone: [VF], faults: ['removedTwice'] }],
  },
  {
    scenario,
    name: 'vf-removed-once',
    title: 'from 6.19 on the write of sriov_numvfs has the lock of hot-plugging',
    kernel: '6.19',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      { name: 'admin', does: [numVfs(1), numVfs(0)] },
      { name: 'hotplug', does: [{ ...remove(VF), when: { actor: 'admin', did: 1 } }] },
    ],
    outcomes: [{ gone: [VF] }],
  },
  {
    scenario,
    name: 'unbind-hits-the-next',
    title:
      'unbind looks at the driver before it has the lock, and releases the one that came since',
    kernel: '6.12',
    machine: { functions: [{ ...nics[0], driver: 'ixgbe' }], drivers: [ixgbe, vfioPci] },
    actors: [
      {
        name: 'assign',
        does: [override(NIC, 'vfio-pci'), unbind('ixgbe', NIC), bind('vfio-pci', NIC)],
      },
      { name: 'late', does: [unbind('ixgbe', NIC)] },
    ],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' } }, { drivers: { [NIC]: null } }],
  },
  {
    scenario,
    name: 'drivers-probe-sees-a-try',
    title: 'drivers_probe reports success for a function that is just being tried in vain',
    kernel: '6.12',
    machine: {
      functions: [nics[0]],
      drivers: [{ ...ixgbe, probe: { pf: ['EIO', 0] } }, vfioPci],
    },
    actors: [
      { name: 'first', does: [bind('ixgbe', NIC)] },
      { name: 'second', does: [driversProbe(NIC)] },
    ],
    outcomes: [{ drivers: { [NIC]: null } }, { drivers: { [NIC]: 'ixgbe' } }],
  },
];
