/**
 * Which driver binds a function: by an override, an id, or the order in which modules are loaded.
 */
import type { ScenarioDocument } from './document.js';
import {
  autoprobe,
  bind,
  driversProbe,
  GPU,
  gpu,
  ixgbe,
  NIC,
  newId,
  nics,
  nouveau,
  novaCore,
  novaCoreWithoutVfs,
  numVfs,
  override,
  TWIN,
  unbind,
  VF,
  VF1,
  vfioPci,
  whenThere,
} from './parts.js';

const scenario = 1;

export const BINDING: readonly ScenarioDocument[] = [
  {
    scenario,
    name: 'native-driver-first',
    title: 'nova-core takes the VF within the write that makes it, unless udev is very fast',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      { name: 'admin', does: [numVfs(1)] },
      { name: 'udev', does: [whenThere(VF, override(VF, 'vfio-pci')), driversProbe(VF)] },
    ],
    outcomes: [{ drivers: { [VF]: 'nova_core' } }, { drivers: { [VF]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'autoprobe-off-first',
    title: 'with sriov_drivers_autoprobe off before the VFs come, the override decides',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      { name: 'admin', does: [autoprobe(0), numVfs(1)] },
      { name: 'udev', does: [whenThere(VF, override(VF, 'vfio-pci')), driversProbe(VF)] },
    ],
    // Whether drivers_probe comes before or after the first pass: an override opens the gate.
    outcomes: [{ drivers: { [VF]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'autoprobe-off-in-order',
    title: 'autoprobe off, VFs, override, drivers_probe: one after the other, vfio-pci has it',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      {
        name: 'admin',
        does: [autoprobe(0), numVfs(1), override(VF, 'vfio-pci'), driversProbe(VF), autoprobe(1)],
      },
    ],
    outcomes: [{ drivers: { [VF]: 'vfio-pci', [GPU]: 'nova_core' } }],
  },
  {
    scenario,
    name: 'bind-refused-by-autoprobe',
    title: 'with autoprobe off, a bind by hand of a VF without an override is refused',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [{ name: 'admin', does: [autoprobe(0), numVfs(1), bind('nova_core', VF)] }],
    outcomes: [{ drivers: { [VF]: null } }],
  },
  {
    scenario,
    name: 'rejected-then-vfio',
    title: 'nova-core refuses the VF, and vfio-pci has it after override and drivers_probe',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCoreWithoutVfs, vfioPci] },
    actors: [{ name: 'admin', does: [numVfs(1), override(VF, 'vfio-pci'), driversProbe(VF)] }],
    outcomes: [{ drivers: { [VF]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'rejected-then-nouveau',
    title: 'nouveau takes the VF that nova-core refused, within the same write',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCoreWithoutVfs, nouveau, vfioPci] },
    actors: [{ name: 'admin', does: [numVfs(1), override(VF, 'vfio-pci'), driversProbe(VF)] }],
    outcomes: [{ drivers: { [VF]: 'nouveau', [GPU]: 'nova_core' } }],
  },
  {
    scenario,
    name: 'module-order',
    title: 'two modules load at once, and the first on the list has the GPU',
    kernel: '6.12',
    machine: {
      functions: [{ ...withoutDriver(gpu) }],
      drivers: [
        { ...novaCore, loaded: false },
        { ...nouveau, loaded: false },
      ],
    },
    actors: [
      { name: 'modprobe-nova', does: [{ load: 'nova_core' }] },
      { name: 'modprobe-nouv', does: [{ load: 'nouveau' }] },
    ],
    outcomes: [{ drivers: { [GPU]: 'nova_core' } }, { drivers: { [GPU]: 'nouveau' } }],
  },
  {
    scenario,
    name: 'module-order-swapped',
    title: 'nouveau registered first: it has the GPU, and nova-core is never asked for a VF',
    kernel: '6.12',
    machine: {
      functions: [withoutDriver(gpu)],
      drivers: [
        { ...nouveau, sriov: 'simple', loaded: false },
        { ...novaCoreWithoutVfs, loaded: false },
      ],
    },
    actors: [{ name: 'admin', does: [{ load: 'nouveau' }, { load: 'nova_core' }, numVfs(1)] }],
    outcomes: [{ drivers: { [GPU]: 'nouveau', [VF]: 'nouveau' } }],
  },
  {
    scenario,
    name: 'override-too-late',
    title: 'an override of a bound function does nothing until it is unbound and probed again',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      { name: 'admin', does: [numVfs(2), override(VF, 'vfio-pci'), driversProbe(VF)] },
      {
        name: 'tool',
        does: [
          { ...override(VF1, 'vfio-pci'), when: { actor: 'admin', did: 3 } },
          unbind('nova_core', VF1),
          driversProbe(VF1),
        ],
      },
    ],
    outcomes: [{ drivers: { [VF]: 'nova_core', [VF1]: 'vfio-pci' } }],
  },
  {
    scenario,
    name: 'new-id-takes-twin',
    title: 'new_id for one NIC takes the other of its id, which its own tool has just unbound',
    kernel: '6.12',
    machine: {
      functions: nics.map((nic) => ({ ...nic, driver: 'ixgbe' })),
      drivers: [ixgbe, vfioPci],
    },
    actors: [
      { name: 'assign', does: [unbind('ixgbe', NIC), newId('vfio-pci', '8086 10fb')] },
      { name: 'restart', does: [unbind('ixgbe', TWIN), bind('ixgbe', TWIN)] },
    ],
    outcomes: [
      { drivers: { [NIC]: 'vfio-pci', [TWIN]: 'ixgbe' } },
      { drivers: { [NIC]: 'vfio-pci', [TWIN]: 'vfio-pci' } },
    ],
  },
  {
    scenario,
    name: 'new-id-left-over',
    title: 'the second start finds the id of the first: -EEXIST, and the function has no driver',
    kernel: '6.12',
    machine: { functions: [{ ...nics[0], driver: 'ixgbe' }], drivers: [ixgbe, vfioPci] },
    actors: [
      {
        name: 'vm-start',
        does: [
          unbind('ixgbe', NIC),
          newId('vfio-pci', '8086 10fb'),
          unbind('vfio-pci', NIC),
          { ...newId('vfio-pci', '8086 10fb'), onError: 'stop' },
          bind('vfio-pci', NIC),
        ],
      },
    ],
    outcomes: [{ drivers: { [NIC]: null } }],
  },
  {
    scenario,
    name: 'unbind-before-override',
    title: 'between unbind and override another actor probes, and the native driver is bound again',
    kernel: '6.12',
    machine: { functions: [{ ...nics[0], driver: 'ixgbe' }], drivers: [ixgbe, vfioPci] },
    actors: [
      {
        name: 'setup.sh',
        does: [unbind('ixgbe', NIC), override(NIC, 'vfio-pci'), bind('vfio-pci', NIC)],
      },
      { name: 'other', does: [driversProbe(NIC)] },
    ],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' } }, { drivers: { [NIC]: 'ixgbe' } }],
  },
  {
    scenario,
    name: 'override-before-unbind',
    title: 'with the override first, only vfio-pci can bind it in between',
    kernel: '6.12',
    machine: { functions: [{ ...nics[0], driver: 'ixgbe' }], drivers: [ixgbe, vfioPci] },
    actors: [
      {
        name: 'setup.sh',
        does: [override(NIC, 'vfio-pci'), unbind('ixgbe', NIC), bind('vfio-pci', NIC)],
      },
      { name: 'other', does: [driversProbe(NIC)] },
    ],
    outcomes: [{ drivers: { [NIC]: 'vfio-pci' } }],
  },
];

function withoutDriver({ driver: _, ...rest }: typeof gpu): typeof gpu {
  return rest;
}
