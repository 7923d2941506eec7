/** What the kernel does later, by itself: deferred and asynchronous probes; and several writers. */
import type { ScenarioDocument } from './document.js';
import {
  autoprobe,
  bind,
  driversProbe,
  gpu,
  ixgbe,
  NIC,
  nics,
  novaCore,
  numVfs,
  override,
  TWIN,
  unbind,
  VF,
  VF1,
  vfioPci,
} from './parts.js';

const scenario = 1;

export const WORK: readonly ScenarioDocument[] = [
  {
    scenario,
    name: 'deferred-until-supplier',
    title: 'a probe that was put off is tried again by a kworker when its supplier is bound',
    kernel: '6.12',
    machine: {
      functions: nics,
      drivers: [
        { ...ixgbe, ids: [], probe: {} },
        { name: 'consumer', ids: [{ vendor: '0x8086' }], defersUntil: TWIN },
        vfioPci,
      ],
    },
    actors: [
      { name: 'consumer-bind', does: [driversProbe(NIC)] },
      { name: 'supplier', does: [override(TWIN, 'ixgbe'), bind('ixgbe', TWIN)] },
    ],
    outcomes: [{ drivers: { [NIC]: 'consumer', [TWIN]: 'ixgbe' } }],
  },
  {
    scenario,
    name: 'deferred-needs-no-write',
    title: 'a function that was put off binds without any write, when any other function is bound',
    kernel: '6.12',
    machine: {
      functions: nics,
      drivers: [{ ...ixgbe, probe: { [NIC]: ['EPROBE_DEFER', 0] } }, vfioPci],
    },
    actors: [{ name: 'admin', does: [driversProbe(NIC), driversProbe(TWIN)] }],
    outcomes: [{ drivers: { [NIC]: 'ixgbe', [TWIN]: 'ixgbe' } }],
  },
  {
    scenario,
    name: 'bind-defers-nothing',
    title: 'a deferred bind by hand is -EAGAIN, and is not tried again',
    kernel: '6.12',
    machine: {
      functions: nics,
      drivers: [{ ...ixgbe, probe: { [NIC]: ['EPROBE_DEFER', 0] } }, vfioPci],
    },
    actors: [{ name: 'admin', does: [bind('ixgbe', NIC), driversProbe(TWIN)] }],
    outcomes: [{ drivers: { [NIC]: null, [TWIN]: 'ixgbe' } }],
  },
  {
    scenario,
    name: 'async-probe-against-bind',
    title:
      'a module that probes asynchronously loads while a user binds by hand: either may bind it',
    kernel: '7.1',
    machine: {
      functions: [{ ...nics[0], override: 'vfio-pci' }, nics[1]],
      drivers: [{ ...ixgbe, probeType: 'async', loaded: false }, vfioPci],
    },
    actors: [
      { name: 'modprobe', does: [{ load: 'ixgbe' }] },
      { name: 'tool', does: [override(TWIN, 'vfio-pci'), bind('vfio-pci', TWIN)] },
    ],
    outcomes: [{ drivers: { [TWIN]: 'vfio-pci' } }, { drivers: { [TWIN]: 'ixgbe' } }],
  },
  {
    scenario,
    name: 'autoprobe-flips',
    title: 'autoprobe is switched off while VFs are being made: the first ones are probed',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      { name: 'admin', does: [numVfs(2)] },
      { name: 'other', does: [autoprobe(0)] },
    ],
    outcomes: [
      { drivers: { [VF]: 'nova_core', [VF1]: 'nova_core' } },
      { drivers: { [VF]: 'nova_core', [VF1]: null } },
      { drivers: { [VF]: null, [VF1]: null } },
    ],
  },
  {
    scenario,
    name: 'two-binders',
    title: 'two programs bind one function, and the second gets -EBUSY',
    kernel: '6.12',
    machine: {
      functions: [nics[0]],
      drivers: [ixgbe, { ...ixgbe, name: 'other' }],
    },
    actors: [
      { name: 'one', does: [bind('ixgbe', NIC)] },
      { name: 'two', does: [bind('other', NIC)] },
    ],
    outcomes: [{ drivers: { [NIC]: 'ixgbe' } }, { drivers: { [NIC]: 'other' } }],
  },
  {
    scenario,
    name: 'two-numbers-of-vfs',
    title: 'two programs want VFs: the second number is -EBUSY',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      { name: 'one', does: [numVfs(1)] },
      { name: 'two', does: [numVfs(2)] },
    ],
    outcomes: [
      { drivers: { [VF]: 'nova_core', [VF1]: 'nova_core' } },
      { drivers: { [VF]: 'nova_core' }, gone: [VF1] },
    ],
  },
  {
    scenario,
    name: 'given-back',
    title: 'a VF goes back to its native driver: unbind, clear the override, drivers_probe',
    kernel: '6.12',
    machine: { functions: [gpu], drivers: [novaCore, vfioPci] },
    actors: [
      {
        name: 'admin',
        does: [
          autoprobe(0),
          numVfs(1),
          override(VF, 'vfio-pci'),
          driversProbe(VF),
          autoprobe(1),
          unbind('vfio-pci', VF),
          override(VF, ''),
          driversProbe(VF),
        ],
      },
    ],
    outcomes: [{ drivers: { [VF]: 'nova_core' } }],
  },
];
